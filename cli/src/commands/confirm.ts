/** `regomesh confirm`: an operator's word, once, for what a commit takes away. */
import { parseArgs } from "node:util";
import { clientFlags, clientHelp, openClient } from "../client.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";

const help = `
Usage: regomesh confirm HASH [flags]

A commit that takes away the mesh's settings, the directory that --path of the controller
names, its last workload, or more than half of its bindings or workloads at once waits until
an operator says that this is meant: by the hash of what would go, which status shows. The
word counts once. A commit whose message holds the hash needs none.

${clientHelp(16)}

Example: regomesh confirm 1f3c9a2b7d40
`;

const flags = clientFlags;

export const confirm: Command = {
  name: "confirm",
  summary: "say that what a commit takes away is meant",
  help,
  flags,
  exits: { 0: "confirmed", 1: "no commit waits for that word, or no controller answers" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  const [hash] = positionals;
  if (hash === undefined || positionals.length > 1 || !/^[0-9a-f]{12,64}$/.test(hash))
    throw new UsageError("takes the hash that status shows: 12 digits or more");
  const client = await openClient(values, io);
  if ("fault" in client) return refuse(io, client.fault);
  const answer = await client.post(`/api/confirm/${hash}`);
  if ("fault" in answer) return refuse(io, answer.status === 409 ? `${answer.fault}: ${hash}` : answer.fault);
  io.out("confirmed: the commit is taken\n");
  return EXIT.yes;
}

function refuse(io: Io, sentence: string): number {
  io.err(`regomesh confirm: ${sentence}\n`);
  return EXIT.no;
}
