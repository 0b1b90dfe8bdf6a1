/** `regomesh promote` and `regomesh abort`: an operator's word on the release under way. */
import { parseArgs } from "node:util";
import { clientFlags, clientHelp, openClient } from "../client.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";

const promoteHelp = `
Usage: regomesh promote [REVISION] [flags]

Has the release under way go on without waiting: canaries that have it are watched no longer, and
everybody gets it, receivers before senders; where everybody has it, it counts as proven. Proxies
that refuse it have it taken back all the same. With a revision, only where that is the one under
way: another may have come since you looked.

  --full            all that is still to come is skipped: everybody gets it, and it is not watched
${clientHelp(16)}

Example: regomesh promote 1f3c9a2
`;

const abortHelp = `
Usage: regomesh abort [REVISION] [flags]

Takes the release under way back from all who have it: what was proven is in force again, and the
commit counts as refused, also after a restart, until another one comes. What is proven already is
gone back from by regomesh rollback. With a revision, only where that is the one under way.

${clientHelp(16)}

Example: regomesh abort 1f3c9a2
`;

const promoteFlags = { full: { type: "boolean" }, ...clientFlags } as const;

export const promote: Command = {
  name: "promote",
  summary: "have the release under way go on without waiting",
  help: promoteHelp,
  flags: promoteFlags,
  exits: { 0: "done", 1: "nothing is waited for, or no controller answers" },
  run: async (args, io) => {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: promoteFlags });
    const word = values.full === true ? "promote-fully" : "promote";
    return await say(
      { word, done: "the release goes on: regomesh wait says when it is in force" },
      positionals,
      values,
      io,
    );
  },
};

export const abort: Command = {
  name: "abort",
  summary: "take the release under way back",
  help: abortHelp,
  flags: clientFlags,
  exits: { 0: "done", 1: "no release is under way, or no controller answers" },
  run: async (args, io) => {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: clientFlags });
    return await say({ word: "abort", done: "the release is taken back" }, positionals, values, io);
  },
};

async function say(
  { word, done }: { readonly word: string; readonly done: string },
  [revision, ...more]: readonly string[],
  values: Parameters<typeof openClient>[0],
  io: Io,
): Promise<number> {
  if (more.length > 0) throw new UsageError("takes one revision at most");
  if (revision !== undefined && !/^[0-9a-f]{7,64}$/.test(revision))
    throw new UsageError(`takes a commit's hash, or 7 of its digits or more, not ${revision}`);
  const client = await openClient(values, io);
  const query = revision === undefined ? "" : `?revision=${revision}`;
  const answer = "fault" in client ? client : await client.post(`/api/release/${word}${query}`);
  if ("fault" in answer) {
    io.err(`regomesh ${word.split("-")[0]}: ${answer.fault}\n`);
    return EXIT.no;
  }
  io.out(`${done}\n`);
  return EXIT.yes;
}
