/** `regomesh rollback`: a revision above git, until it is lifted. */
import { parseArgs } from "node:util";
import { clientFlags, clientHelp, openClient } from "../client.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";

const help = `
Usage: regomesh rollback REVISION [flags]
       regomesh rollback --lift [flags]

Puts an earlier revision in force, and pins it above git: whatever is committed meanwhile waits,
also over a restart of the controller, until the pin is lifted. A revision that was in force since
the controller's start is meant by its name, whatever it was made of; any other is a commit of the
mesh's own source, beside what is in force of the others. status, source list and the page show
the pin. It is tested and built as any commit; where it does not build, all stays as it is.

  --lift            lift the pin: what is newest comes in force
${clientHelp(16)}

Example: regomesh rollback 1f3c9a2
`;

const flags = { lift: { type: "boolean" }, ...clientFlags } as const;

export const rollback: Command = {
  name: "rollback",
  summary: "put an earlier revision in force, above git",
  help,
  flags,
  exits: { 0: "done", 1: "no such revision, it does not build, or no controller answers" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  const [revision, ...more] = positionals;
  const isLifted = values.lift === true;
  if (isLifted === (revision !== undefined) || more.length > 0) throw new UsageError("takes a revision, or --lift");
  if (revision !== undefined && !/^[0-9a-f]{7,64}$/.test(revision))
    throw new UsageError(`takes a commit's hash, or 7 of its digits or more, not ${revision}`);
  const client = await openClient(values, io);
  if ("fault" in client) return refuse(io, client.fault);
  const answer = await client.post<{ readonly revision?: string }>(`/api/rollback/${isLifted ? "lift" : revision}`);
  if ("fault" in answer) return refuse(io, answer.fault);
  // As status shows it: with several sources its name is no commit's.
  const { revision: name = revision ?? "" } = answer.body;
  io.out(
    isLifted
      ? "the pin is lifted: what is newest comes in force\n"
      : `revision ${name.slice(0, 7)} is pinned above git: regomesh rollback --lift lifts it\n`,
  );
  return EXIT.yes;
}

function refuse(io: Io, sentence: string): number {
  io.err(`regomesh rollback: ${sentence}\n`);
  return EXIT.no;
}
