/** `regomesh token`: what a proxy proves with, the first time, which workload it is. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { SECRET, writeWhole } from "@regomesh/base/node";
import type { TokenBody } from "@regomesh/controller";
import type { JoinTokenFile } from "@regomesh/protocol";
import { noAction } from "../actions.ts";
import { type Client, clientFlags, clientHelp, openClient } from "../client.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { parseDurationFlag, parseNumber } from "../flags.ts";
import { printTable } from "../table.ts";
import { printTime, workloadKey } from "../units.ts";

const TTL_MAX_MS = 30 * 24 * 3_600_000;
const USES_MAX = 64;

const help = `
Usage: regomesh token create WORKLOAD [flags]
       regomesh token list [flags]
       regomesh token revoke ID [flags]

A join token is what a proxy shows once to be given the identity of its workload; from then on
it renews that identity itself. One token is for one workload and one key; with --uses for so
many, one for each replica. It goes to whoever starts the proxy: --join-token-file of regomesh
proxy. A proxy whose identity has ended, or was taken back, joins again by another token in the
same file. Taking a token back leaves those that have joined by it as they are:
regomesh identity revoke takes identities back.

  -n, --namespace N  of the workload (default default)
  --ttl DURATION     how long the token may be used (default 1h, 720h at most)
  --uses N           how many keys may use it (default 1, ${USES_MAX} at most)
  --out FILE         write it there, readable for its owner alone (default: standard output)
${clientHelp(17)}

Example: regomesh token create orders-v3 --out orders-v3.token
`;

const flags = {
  namespace: { type: "string", short: "n" },
  ttl: { type: "string" },
  uses: { type: "string" },
  out: { type: "string" },
  ...clientFlags,
} as const;

export const token: Command = {
  name: "token",
  summary: "make, list and take back what proxies join the mesh with",
  help,
  flags,
  exits: { 0: "done", 1: "no such workload or token, or no controller answers" },
  run,
};

type Values = Readonly<Partial<Record<keyof typeof flags, string>>>;
type Action = (client: Client, word: string | undefined, values: Values, io: Io) => Promise<number>;
type Row = {
  readonly takes: string | undefined;
  readonly flags: readonly (keyof typeof flags)[];
  readonly act: Action;
};

const ACTIONS: Readonly<Record<string, Row>> = {
  create: { takes: "a workload's name", flags: ["namespace", "ttl", "uses", "out"], act: create },
  list: { takes: undefined, flags: [], act: list },
  revoke: { takes: "the id of a token, as token list shows it", flags: [], act: revoke },
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  const [action = "", word, ...more] = positionals;
  const row = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (row === undefined) throw new UsageError(await noAction(action, Object.keys(ACTIONS)));
  if ((row.takes === undefined) !== (word === undefined) || more.length > 0)
    throw new UsageError(`${action} takes ${row.takes ?? "no name"}`);
  const odd = (["namespace", "ttl", "uses", "out"] as const).find(
    (name) => values[name] !== undefined && !row.flags.includes(name),
  );
  if (odd !== undefined) throw new UsageError(`${action} has no --${odd}`);
  // Before anybody is asked: a wrong flag costs no token.
  wishOf(values);
  const client = await openClient(values, io);
  if ("fault" in client) return refuse(io, client.fault);
  return await row.act(client, word, values, io);
}

function wishOf({ ttl, uses }: Values): { readonly ttlMs?: number; readonly uses?: number } {
  const [ttlMs, count] = [parseDurationFlag(ttl, "--ttl", TTL_MAX_MS), parseNumber(uses, "--uses", 1, USES_MAX)];
  if (ttlMs !== undefined && ttlMs < 1000) throw new UsageError(`--ttl takes a second at least, not ${ttl}`);
  return { ...(ttlMs === undefined ? {} : { ttlMs }), ...(count === undefined ? {} : { uses: count }) };
}

async function create(client: Client, word: string | undefined, values: Values, io: Io): Promise<number> {
  const workload = workloadKey(word ?? "", values.namespace);
  const answer = await client.post<TokenBody & { readonly file: JoinTokenFile }>("/api/tokens", {
    workload,
    ...wishOf(values),
  });
  if ("fault" in answer) return refuse(io, answer.fault);
  const { file, id, uses, expiresAtMs } = answer.body;
  const text = `${JSON.stringify(file)}\n`;
  if (values.out === undefined) {
    io.out(text);
    return EXIT.yes;
  }
  const path = resolve(io.cwd, values.out);
  try {
    await writeWhole(path, text, SECRET);
  } catch (error) {
    // Nobody has it: it must not lie about.
    await client.post("/api/tokens/revoke", { id });
    return refuse(io, `${values.out} cannot be written: ${(error as Error).message}`);
  }
  const times = uses === 1 ? "one proxy" : `${uses} proxies`;
  io.out(`${values.out}: ${times} may join as ${workload} with it, until ${printTime(expiresAtMs)} (token ${id})\n`);
  return EXIT.yes;
}

async function list(client: Client, _: string | undefined, __: Values, io: Io): Promise<number> {
  const answer = await client.get<{ readonly tokens: readonly TokenBody[] }>("/api/tokens");
  if ("fault" in answer) return refuse(io, answer.fault);
  const { tokens } = answer.body;
  if (tokens.length === 0) io.out("no join token is good for anything: regomesh token create makes one\n");
  else {
    const columns = [{ name: "ID" }, { name: "WORKLOAD" }, { name: "USED" }, { name: "UNTIL" }];
    const rows = tokens.map(({ id, workload, spiffeId, used, uses, expiresAtMs }) => {
      return [id, workload === "" ? spiffeId : workload, `${used} of ${uses}`, printTime(expiresAtMs)];
    });
    const lines = printTable(columns, rows);
    io.out(`${lines.join("\n")}\n`);
  }
  return EXIT.yes;
}

async function revoke(client: Client, word: string | undefined, _: Values, io: Io): Promise<number> {
  if (!/^[0-9a-f]{4,64}$/.test(word ?? "")) throw new UsageError(`revoke takes ${ACTIONS["revoke"]?.takes}`);
  const answer = await client.post<TokenBody>("/api/tokens/revoke", { id: word });
  if ("fault" in answer) return refuse(io, answer.fault);
  const { id, workload, used } = answer.body;
  const joined = used === 0 ? "" : `; the ${used === 1 ? "proxy" : `${used} proxies`} that joined by it stay`;
  io.out(`token ${id} of ${workload} lets nobody in any more${joined}\n`);
  return EXIT.yes;
}

function refuse(io: Io, sentence: string): number {
  io.err(`regomesh token: ${sentence}\n`);
  return EXIT.no;
}
