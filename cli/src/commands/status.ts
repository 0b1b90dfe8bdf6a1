/** `regomesh status`: which revision is in force where, and what was refused. */
import { parseArgs } from "node:util";
import type { StatusBody } from "@regomesh/controller";
import { stringify } from "yaml";
import { reasonOf } from "../client.ts";
import { asksCluster, CLUSTER_HELP, type ClusterFlags, clusterFlags, isShown, openCluster } from "../cluster-flags.ts";
import { printClusterStatus, toClusterStatus } from "../cluster-status-text.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { findController, STATE_DEFAULT } from "../find-controller.ts";
import { parseColor, parseNumber, parseView, type View } from "../flags.ts";
import { makePaint, type Paint } from "../paint.ts";
import { pickProxies } from "../pick-proxies.ts";
import { printStatus } from "../status-text.ts";

const TIMEOUT_MS = 5000;
/** A screen or two. */
const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000_000;

const help = `
Usage: regomesh status [flags] [WORD…]

Shows the revision in force, each workload's proxy, and the last commit that was refused,
with the place of its fault. Of a cluster: every object of the mesh, and what it is told.
Words must all be somewhere in a proxy's name, service, state, revision or principal.

  --controller URL  the controller's HTTP address (default: the one that runs with --state)
  --state DIR       the controller's state folder (default ${STATE_DEFAULT})
  -n, --namespace N proxies, or objects, of this namespace alone
  --behind          only proxies that do not enforce the newest revision, or have trouble
  --limit N         how many proxies the table shows (default ${LIMIT_DEFAULT}), those that need somebody first
${CLUSTER_HELP}
  -o VIEW           wide (namespaces, instances, admin addresses and principals, too, and what
                    both ends of each edge have agreed on by mutual TLS), yaml or json (the
                    body of GET /api/status)
  --format json     the same as -o json
  --color WHEN      auto, always or never

Example: regomesh status -o json | jq .revision.enforced
`;

const flags = {
  controller: { type: "string" },
  state: { type: "string" },
  namespace: { type: "string", short: "n" },
  behind: { type: "boolean" },
  limit: { type: "string" },
  ...clusterFlags,
  view: { type: "string", short: "o" },
  format: { type: "string" },
  color: { type: "string" },
} as const;

export const status: Command = {
  name: "status",
  summary: "show which revision is in force where",
  help,
  flags,
  exits: { 0: "shown", 1: "no controller, or cluster, answers" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals: words } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  if (values.format !== undefined && values.format !== "text" && values.format !== "json")
    throw new UsageError(`--format takes text or json, not ${values.format}`);
  const view = parseView(values.view ?? (values.format === "json" ? "json" : undefined));
  const color = parseColor(values.color);
  const rowsMax = parseNumber(values.limit, "--limit", 1, LIMIT_MAX) ?? LIMIT_DEFAULT;
  const isPicked = words.length > 0 || values.behind === true || values.limit !== undefined;
  if (asksCluster(values, io, values.controller !== undefined || values.state !== undefined)) {
    if (isPicked)
      throw new UsageError("words, --behind and --limit pick proxies of a controller; of a cluster take -n");
    return await showCluster(values, view, makePaint(io, color), io);
  }
  const found = await findController(values, io);
  if ("fault" in found) {
    io.err(`regomesh status: ${found.fault}\n`);
    return EXIT.no;
  }
  let body: StatusBody;
  try {
    const response = await fetch(new URL("/api/status", found.url), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    body = (await response.json()) as StatusBody;
  } catch (error) {
    io.err(`regomesh status: the controller at ${found.url} does not answer: ${reasonOf(error)}\n`);
    return EXIT.no;
  }
  const { namespace, behind: isBehind = false } = values;
  const shown = pickProxies(body, { namespace, words, isBehind });
  if (shown.proxies.length === 0 && body.proxies.length > 0)
    io.err(isBehind ? "no such proxy is behind, or has trouble\n" : "no proxy is of that kind\n");
  const columns = io.isTerminal ? io.columns : Number.POSITIVE_INFINITY;
  io.out(printView(shown, view, makePaint(io, color), { columns, rowsMax }));
  return EXIT.yes;
}

async function showCluster(values: ClusterFlags, view: View, paint: Paint, io: Io): Promise<number> {
  try {
    await using cluster = await openCluster(values);
    const { objects } = await cluster.listWatched();
    const state = toClusterStatus(objects.filter(({ metadata }) => isShown(metadata.namespace, values)));
    if (view === "json") io.out(`${JSON.stringify(state, undefined, 2)}\n`);
    else if (view === "yaml") io.out(stringify(state));
    else io.out(printClusterStatus(state, paint, view === "wide"));
    return EXIT.yes;
  } catch (error) {
    io.err(`regomesh status: ${(error as Error).message}\n`);
    return EXIT.no;
  }
}

type Room = { readonly columns: number; readonly rowsMax: number };

function printView(body: StatusBody, view: View, paint: Paint, room: Room): string {
  switch (view) {
    case "json":
      return `${JSON.stringify(body, undefined, 2)}\n`;
    case "yaml":
      return stringify(body);
    case "table":
    case "wide":
      return printStatus(body, paint, { isWide: view === "wide", ...room });
  }
}
