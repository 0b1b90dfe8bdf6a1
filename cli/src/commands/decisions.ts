/** `regomesh decisions`: what the proxies have decided last, and as it comes. */
import { parseArgs } from "node:util";
import type { DecisionBody, DecisionsBody } from "@regomesh/controller";
import { stringify } from "yaml";
import { type Answer, type Client, clientFlags, clientHelp, openClient } from "../client.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { printDecision } from "../decision-text.ts";
import { parseColor, parseNumber, parseView, type View } from "../flags.ts";
import { makePaint } from "../paint.ts";

const POLL_MS = 500;
const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 500;

const help = `
Usage: regomesh decisions [flags] [WORD…]

Shows the last decisions, the oldest first: of what was refused the rule or the reason below it.
⇥ is the receiver's decision, → the sender's. Every refusal is kept, of what passed some;
tokens in targets are masked by the proxies that report them. Words must all be
somewhere in a decision. regomesh explain ID says more of one.

  -f, --follow          go on with what comes, until Ctrl-C
  --refused             only what a policy denied or limited
  --verdict V           allowed, denied, limited, broken, refused, or differs (by a shadow)
  --workload NAME       only what this workload's proxies decided ([NAMESPACE/]NAME)
  -n, --namespace N     only what the proxies of this namespace decided
  --limit N             how many at first (default ${LIMIT_DEFAULT}, at most ${LIMIT_MAX})
  --before ID           only what was reported before this decision: the next page
${clientHelp(20)}
  -o VIEW               wide (the way in full), yaml or json (the body of GET /api/decisions; with
                        --follow one JSON object a line, or one YAML document each)
  --color WHEN          auto, always or never

Example: regomesh decisions -f --refused
`;

const flags = {
  follow: { type: "boolean", short: "f" },
  refused: { type: "boolean" },
  verdict: { type: "string" },
  workload: { type: "string" },
  namespace: { type: "string", short: "n" },
  limit: { type: "string" },
  before: { type: "string" },
  ...clientFlags,
  view: { type: "string", short: "o" },
  color: { type: "string" },
} as const;

export const decisions: Command = {
  name: "decisions",
  summary: "show what was decided, and why it was refused",
  help,
  flags,
  exits: { 0: "shown", 1: "no controller answers" },
  run,
};

const VERDICTS = ["allowed", "denied", "limited", "broken", "refused", "differs"];

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  const view = parseView(values.view);
  const paint = makePaint(io, parseColor(values.color));
  const limit = parseNumber(values.limit, "--limit", 1, LIMIT_MAX) ?? LIMIT_DEFAULT;
  const verdict = verdictOf(values);
  if (values.before !== undefined && values.follow === true)
    throw new UsageError("--before and --follow exclude each other");
  const client = await openClient(values, io);
  if ("fault" in client) return refuse(io, client.fault);
  const { workload = "", namespace = "", before = "" } = values;
  const query = new URLSearchParams({ q: positionals.join(" "), verdict, workload, namespace });
  const print = ({ decisions: found }: DecisionsBody) => {
    for (const each of [...found].sort((a, b) => a.timeMs - b.timeMs)) {
      const lines =
        view === "json"
          ? [JSON.stringify(each)]
          : view === "yaml"
            ? ["---", stringify(each).trimEnd()]
            : printDecision(view === "wide" ? whole(each) : each, paint, roomOf(io, view));
      io.out(`${lines.join("\n")}\n`);
    }
  };
  const page = new URLSearchParams({ limit: String(limit), before });
  const first = await client.get<DecisionsBody>(`/api/decisions?${query}&${page}`);
  if ("fault" in first) return refuse(io, first.fault);
  if (values.follow !== true && (view === "json" || view === "yaml")) {
    io.out(view === "json" ? `${JSON.stringify(first.body, undefined, 2)}\n` : stringify(first.body));
    return EXIT.yes;
  }
  print(first.body);
  if (values.follow === true) return await follow(client, query, first.body.version, print, io);
  const { decisions: shown } = first.body;
  if (shown.length === 0) io.err("no decision of that kind is kept\n");
  const oldest = shown.at(-1);
  if (io.isTerminal && oldest !== undefined && shown.length === limit) io.err(`older ones: --before ${oldest.id}\n`);
  return EXIT.yes;
}

function verdictOf({ verdict, refused }: { readonly verdict?: string; readonly refused?: boolean }): string {
  if (verdict === undefined) return refused === true ? "refused" : "";
  if (refused === true) throw new UsageError("--refused and --verdict exclude each other");
  if (!VERDICTS.includes(verdict))
    throw new UsageError(`--verdict takes one of ${VERDICTS.join(", ")}, not ${verdict}`);
  return verdict;
}

/** Lines are cut for a terminal alone: whoever reads from a pipe gets them whole. */
function roomOf(io: Io, view: View): number {
  return io.isTerminal && view !== "wide" ? io.columns : Number.POSITIVE_INFINITY;
}

/** With workloads in place of services where they are known. */
function whole(decision: DecisionBody): DecisionBody {
  const { reporter, direction, source, service, workload } = decision;
  if (direction === "outbound") return { ...decision, source: reporter, service: `${service}/${workload}` };
  return { ...decision, source, service: reporter };
}

/** What came since, twice a second; a controller that is away for a while is waited for. */
async function follow(
  client: Client,
  query: URLSearchParams,
  seen: number,
  print: (body: DecisionsBody) => void,
  io: Io,
): Promise<number> {
  let after = seen;
  let isAway = false;
  while (!io.signal.aborted) {
    await pause(POLL_MS, io.signal);
    const next: Answer<DecisionsBody> = await client.get(`/api/decisions?${query}&limit=${LIMIT_MAX}&after=${after}`);
    if ("fault" in next) {
      if (next.status !== undefined) return refuse(io, next.fault);
      if (!isAway && !io.signal.aborted) io.err(`regomesh decisions: ${next.fault}; waiting for it\n`);
      isAway = true;
      continue;
    }
    // A controller that was started anew counts from the beginning.
    const isNew = next.body.version < after;
    if (!isNew) print(next.body);
    after = isNew ? 0 : next.body.version;
    isAway = false;
  }
  return EXIT.yes;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        done();
      },
      { once: true },
    );
  });
}

function refuse(io: Io, sentence: string): number {
  io.err(`regomesh decisions: ${sentence}\n`);
  return EXIT.no;
}
