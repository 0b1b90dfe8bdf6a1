/** `regomesh confirm`: an operator's word, once, for what a commit takes away. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { findController, STATE_DEFAULT } from "../find-controller.ts";

const TIMEOUT_MS = 5000;

const help = `
Usage: regomesh confirm HASH [flags]

A commit that takes away the mesh's settings, its last workload, or more than half of its
bindings or workloads at once waits until an operator says that this is meant: by the hash
of what would go, which status shows. The word counts once. A commit whose message holds
the hash needs none.

  --controller URL  the controller's HTTP address (default: the one that runs with --state)
  --state DIR       the controller's state folder, which holds the token (default ${STATE_DEFAULT})

Example: regomesh confirm 1f3c9a2b7d40
`;

const flags = { controller: { type: "string" }, state: { type: "string" } } as const;

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
  const found = await findController(values, io.cwd);
  if ("fault" in found) return refuse(io, found.fault);
  const tokenFile = join(resolve(io.cwd, values.state ?? STATE_DEFAULT), "api-token");
  const token = await readFile(tokenFile, "utf8").catch(() => undefined);
  if (token === undefined) return refuse(io, `there is no token in ${tokenFile}; name the state folder with --state`);
  let response: Response;
  try {
    response = await fetch(new URL(`/api/confirm/${hash}`, found.url), {
      method: "POST",
      headers: { authorization: `Bearer ${token.trim()}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    return refuse(io, `the controller at ${found.url} does not answer`);
  }
  if (!response.ok) return refuse(io, `${((await response.json()) as { readonly error: string }).error}: ${hash}`);
  io.out("confirmed: the commit is taken\n");
  return EXIT.yes;
}

function refuse(io: Io, sentence: string): number {
  io.err(`regomesh confirm: ${sentence}\n`);
  return EXIT.no;
}
