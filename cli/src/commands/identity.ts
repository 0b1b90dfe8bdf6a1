/** `regomesh identity`: who has which certificate, another one now, and none any more. */
import { parseArgs } from "node:util";
import type { IdentitiesBody } from "@regomesh/controller";
import { stringify } from "yaml";
import { noAction } from "../actions.ts";
import { type Client, clientFlags, clientHelp, openClient } from "../client.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { parseDurationFlag, parseView } from "../flags.ts";
import { printTable } from "../table.ts";
import { plain, printTime, workloadKey } from "../units.ts";

const TIMEOUT_DEFAULT_MS = 30_000;
const TIMEOUT_MAX_MS = 3_600_000;
const POLL_MS = 100;

const help = `
Usage: regomesh identity show [WORKLOAD] [flags]
       regomesh identity rotate [WORKLOAD] [flags]
       regomesh identity revoke WORKLOAD [flags]
       regomesh identity revoke --serial SERIAL [flags]

show lists the certificates of the proxies that are connected, the mesh's root, and what was
taken back. rotate has the proxies of a workload, or all, take another key and certificate now,
and waits until they have; the one before is good until its end. revoke takes back what a
workload has been issued so far, or one certificate: every proxy refuses it within seconds, and
its connections end. Who was taken back joins again by another token (regomesh token create).

  -n, --namespace N  of the workload (default default)
  --serial SERIAL    of the certificate to take back, as show lists it
  --timeout DURATION how long rotate waits (default 30s)
${clientHelp(18)}
  -o VIEW            of show: wide (instances, too), yaml or json

Example: regomesh identity rotate payments
`;

const flags = {
  namespace: { type: "string", short: "n" },
  serial: { type: "string" },
  timeout: { type: "string" },
  ...clientFlags,
  view: { type: "string", short: "o" },
} as const;

export const identity: Command = {
  name: "identity",
  summary: "show, renew and take back the certificates of proxies",
  help,
  flags,
  exits: { 0: "done", 1: "no such workload, not all in time, or no controller answers" },
  run,
};

type Values = Readonly<Partial<Record<keyof typeof flags, string>>>;
type Proxies = IdentitiesBody["proxies"];
type Action = (client: Client, word: string | undefined, values: Values, io: Io) => Promise<number>;

const ACTIONS: Readonly<Record<string, Action>> = { show, rotate, revoke };
/** Flags that are one action's alone. */
const OWN = { serial: "revoke", timeout: "rotate", view: "show" } as const;

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  const [name = "", word, ...more] = positionals;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) throw new UsageError(await noAction(name, Object.keys(ACTIONS)));
  if (more.length > 0) throw new UsageError(`${name} takes one workload, and ${more[0]} is one more`);
  for (const [flag, owner] of Object.entries(OWN)) {
    if (values[flag as keyof typeof OWN] !== undefined && owner !== name)
      throw new UsageError(`${name} has no ${flag === "view" ? "-o" : `--${flag}`}`);
  }
  if (name === "revoke" && (word === undefined) === (values.serial === undefined))
    throw new UsageError("revoke takes either a workload or --serial");
  parseView(values.view);
  parseDurationFlag(values.timeout, "--timeout", TIMEOUT_MAX_MS);
  const client = await openClient(values, io);
  if ("fault" in client) return refuse(io, client.fault);
  return await action(client, word, values, io);
}

async function show(client: Client, word: string | undefined, values: Values, io: Io): Promise<number> {
  const [found, taken] = await Promise.all([
    client.get<IdentitiesBody>("/api/identity"),
    client.get<readonly Readonly<Record<string, unknown>>[]>("/api/identity/revoked"),
  ]);
  if ("fault" in found) return refuse(io, found.fault);
  if ("fault" in taken) return refuse(io, taken.fault);
  const wanted = word === undefined ? undefined : workloadKey(word, values.namespace);
  const isShown = ({ namespace, workload }: Proxies[number]) =>
    wanted === undefined
      ? values.namespace === undefined || namespace === values.namespace
      : `${namespace}/${workload}` === wanted;
  const proxies = found.body.proxies.filter(isShown).toSorted(byName);
  if (wanted !== undefined && proxies.length === 0) return refuse(io, `no proxy of ${wanted} is connected`);
  const body = { ...found.body, proxies, revoked: taken.body };
  const view = parseView(values.view);
  if (view === "json") io.out(`${JSON.stringify(body, undefined, 2)}\n`);
  else if (view === "yaml") io.out(stringify(body));
  else {
    const columns = io.isTerminal && view !== "wide" ? io.columns : Number.POSITIVE_INFINITY;
    io.out(`${printIdentities(body, view === "wide", columns).join("\n")}\n`);
  }
  return EXIT.yes;
}

/** As status has them, whoever renewed last. */
function byName(a: Proxies[number], b: Proxies[number]): number {
  const key = ({ namespace, workload, instance }: Proxies[number]) => `${namespace}/${workload}/${instance}`;
  return key(a) < key(b) ? -1 : 1;
}

export function printIdentities(
  body: IdentitiesBody & { readonly revoked: readonly Readonly<Record<string, unknown>>[] },
  isWide: boolean,
  columns: number,
): readonly string[] {
  const { trustDomain, rootFingerprint, rootNotAfterMs, proxies, revoked } = body;
  const taken = revoked.map(({ serial, workload, untilMs }) => {
    const what =
      workload === undefined ? `certificate ${String(serial)}` : `what ${plain(String(workload))} had until then`;
    return `taken back: ${what} (kept until ${printTime(Number(untilMs))})`;
  });
  return [
    `trust domain ${trustDomain}, root good until ${printTime(rootNotAfterMs)}`,
    `root sha256 ${rootFingerprint}`,
    ...(proxies.length === 0 ? ["no proxy is connected"] : printProxies(proxies, isWide, columns)),
    ...taken,
  ];
}

type Cell = readonly [name: string, of: (proxy: Proxies[number]) => string];

const CELLS: readonly Cell[] = [
  ["WORKLOAD", ({ namespace, workload }) => `${namespace}/${workload}`],
  ["SPIFFE-ID", ({ spiffeId }) => spiffeId],
  ["SERIAL", ({ serial }) => serial],
  ["UNTIL", ({ notAfterMs }) => printTime(notAfterMs)],
];
const WIDE_CELLS: readonly Cell[] = [...CELLS, ["INSTANCE", ({ instance }) => instance]];

/** Where a terminal is too narrow, without the longest column, which -o wide has. */
function printProxies(proxies: Proxies, isWide: boolean, columns: number): readonly string[] {
  const print = (cells: readonly Cell[]) =>
    printTable(
      cells.map(([name]) => ({ name })),
      proxies.map((proxy) => cells.map(([, of]) => plain(of(proxy)))),
    );
  const lines = print(isWide ? WIDE_CELLS : CELLS);
  const fits = isWide || lines.every((line) => line.length <= columns);
  return fits ? lines : print(CELLS.filter(([name]) => name !== "SPIFFE-ID"));
}

async function rotate(client: Client, word: string | undefined, values: Values, io: Io): Promise<number> {
  const workload = word === undefined ? undefined : workloadKey(word, values.namespace);
  const told = await client.post<{ readonly proxies: Proxies }>("/api/identity/rotate", { workload });
  if ("fault" in told) return refuse(io, told.fault);
  const { proxies } = told.body;
  if (proxies.length === 0)
    return refuse(io, `no proxy${workload === undefined ? "" : ` of ${workload}`} is connected`);
  const timeoutMs = parseDurationFlag(values.timeout, "--timeout", TIMEOUT_MAX_MS) ?? TIMEOUT_DEFAULT_MS;
  const missing = await untilRotated(client, proxies, timeoutMs, io);
  for (const { namespace, workload: name, instance, serial } of proxies.filter((each) => !missing.includes(each)))
    io.out(
      `${plain(`${namespace}/${name} (${instance.slice(0, 8)})`)} has another certificate than ${plain(serial)}\n`,
    );
  if (missing.length === 0) return EXIT.yes;
  const names = missing.map(({ namespace, workload: name }) => plain(`${namespace}/${name}`)).join(", ");
  return refuse(io, `not within ${timeoutMs / 1000} s: ${names}`);
}

/** Those that show the certificate which they had, after that time. */
async function untilRotated(client: Client, told: Proxies, timeoutMs: number, io: Io): Promise<Proxies> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const now = await client.get<IdentitiesBody>("/api/identity");
    const shown = "fault" in now ? [] : now.body.proxies;
    const missing = told.filter(({ instance, serial }) => {
      const found = shown.find((each) => each.instance === instance);
      return found === undefined || found.serial === serial;
    });
    if (missing.length === 0 || performance.now() > endMs || io.signal.aborted) return missing;
    await new Promise((next) => setTimeout(next, POLL_MS));
  }
}

async function revoke(client: Client, word: string | undefined, values: Values, io: Io): Promise<number> {
  const what = word === undefined ? { serial: values.serial } : { workload: workloadKey(word, values.namespace) };
  const answer = await client.post<{ readonly untilMs: number }>("/api/identity/revoked", what);
  if ("fault" in answer) return refuse(io, answer.fault);
  const taken = word === undefined ? `certificate ${values.serial}` : `what ${what.workload} has been issued so far`;
  io.out(`${taken} is taken back: every proxy that is connected refuses it\n`);
  return EXIT.yes;
}

function refuse(io: Io, sentence: string): number {
  io.err(`regomesh identity: ${sentence}\n`);
  return EXIT.no;
}
