/** `regomesh drain`: a sidecar finishes what is under way and ends. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { reasonOf } from "../client.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";

const TIMEOUT_MS = 5000;
const STATE_OF_PROXIES = ".regomesh/proxy";
/** Where `regomesh up` keeps its own. */
const STATE_OF_UP = ".regomesh/proxies";

const help = `
Usage: regomesh drain WORKLOAD --admin HOST:PORT [flags]

Tells a sidecar of this machine to drain, as SIGTERM does: the mesh sends it nothing new,
what is under way is finished within its --drain-time, then it ends. status -o wide shows
admin addresses.

  --admin HOST:PORT  the proxy's admin address
  --state DIR        the proxy's state folder, which holds its admin token (default
                     ${STATE_OF_PROXIES}/WORKLOAD, or ${STATE_OF_UP}/WORKLOAD of regomesh up)

Example: regomesh drain orders-v1 --admin 127.0.0.1:9901
`;

const flags = { admin: { type: "string" }, state: { type: "string" } } as const;

export const drain: Command = {
  name: "drain",
  summary: "have a sidecar finish what is under way, and end",
  help,
  flags,
  exits: { 0: "it drains", 1: "no proxy answers, or it does not take the token" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  const [workload, ...more] = positionals;
  if (workload === undefined || more.length > 0) throw new UsageError("takes one workload, such as orders-v1");
  const { admin } = values;
  if (admin === undefined || !/^(\[[0-9a-fA-F:]+\]|[0-9.]+|localhost):\d{1,5}$/.test(admin))
    throw new UsageError(`--admin takes the proxy's HOST:PORT, such as 127.0.0.1:9901, not ${admin ?? "nothing"}`);
  const folders =
    values.state === undefined ? [STATE_OF_PROXIES, STATE_OF_UP].map((each) => join(each, workload)) : [values.state];
  const found = await readToken(folders.map((folder) => join(resolve(io.cwd, folder), "admin.token")));
  if (found === undefined)
    return refuse(io, `there is no admin.token in ${folders.join(" or ")}; name the proxy's state folder with --state`);
  const { file, token } = found;
  try {
    const { status } = await fetch(`http://${admin}/drain`, {
      method: "POST",
      headers: { authorization: `Bearer ${token.trim()}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (status === 401) return refuse(io, `the proxy at ${admin} does not take the token of ${file}: is it another's?`);
    if (status !== 202) return refuse(io, `what listens at ${admin} is no proxy: it answers ${status}`);
  } catch (error) {
    return refuse(io, `the proxy at ${admin} does not answer: ${reasonOf(error)}`);
  }
  io.out(`${workload} drains\n`);
  return EXIT.yes;
}

/** The first that there is. */
async function readToken(
  files: readonly string[],
): Promise<{ readonly file: string; readonly token: string } | undefined> {
  for (const file of files) {
    const token = await readFile(file, "utf8").catch(() => undefined);
    if (token !== undefined) return { file, token };
  }
  return undefined;
}

function refuse(io: Io, sentence: string): number {
  io.err(`regomesh drain: ${sentence}\n`);
  return EXIT.no;
}
