/** `regomesh wait`: until a commit is in force on every proxy that is there, or will not be. */
import { parseArgs } from "node:util";
import { parseDuration, printRecord } from "@regomesh/base";
import type { StatusBody } from "@regomesh/controller";
import { clientFlags, clientHelp, openClient } from "../client.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { parseNumber } from "../flags.ts";
import { printEffect, stragglersOf } from "../stragglers.ts";
import { plain, printTook, shortHash } from "../units.ts";

const POLL_MS = 100;
const TIMEOUT_MS = 30_000;
const TIMEOUT_MAX_MS = 86_400_000;
const PROXIES_MAX = 1_000_000;
const STRAGGLERS_SHOWN = 5;

const help = `
Usage: regomesh wait [--revision R] [flags]

Waits until the revision is in force on every proxy that is connected. Ends at once where the
controller has refused or taken back that commit, with the reason. Proxies that are gone
are not waited for.

  --revision R      a commit's hash, or its first 7 digits or more (default: what is newest now)
  --proxies N       until so many proxies are connected, too
  --timeout D       how long (default ${TIMEOUT_MS / 1000}s); a controller that is still starting is waited for
${clientHelp(16)}

Example: regomesh wait --revision $(git rev-parse HEAD) --timeout 30s
`;

const flags = {
  revision: { type: "string" },
  proxies: { type: "string" },
  timeout: { type: "string" },
  ...clientFlags,
} as const;

export const wait: Command = {
  name: "wait",
  summary: "wait until a commit is in force everywhere",
  help,
  flags,
  exits: { 0: "in force", 1: "refused, not in time, or no controller answers" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: flags });
  const revision = values.revision;
  if (revision !== undefined && !/^[0-9a-f]{7,64}$/.test(revision))
    throw new UsageError(`--revision takes a commit's hash, or 7 of its digits or more, not ${revision}`);
  const timeoutMs = values.timeout === undefined ? TIMEOUT_MS : parseDuration(values.timeout);
  if (timeoutMs === undefined || timeoutMs > TIMEOUT_MAX_MS)
    throw new UsageError(`--timeout takes a duration to 24h, such as 30s, not ${values.timeout}`);
  const proxies = parseNumber(values.proxies, "--proxies", 0, PROXIES_MAX) ?? 0;
  const startMs = performance.now();
  let wanted = revision;
  let last = "the controller has not answered";
  for (;;) {
    const client = await openClient(values, io);
    const answer = "fault" in client ? client : await client.get<StatusBody>("/api/status");
    if ("body" in answer) {
      wanted ??= answer.body.revision?.name;
      const found = judge(answer.body, wanted, proxies);
      if (found.kind === "refused") return refuse(io, found.reason);
      if (found.kind === "in-force") {
        io.out(
          `${shortHash(found.name)} is in force on ${found.on} (${printTook(performance.now() - startMs)}${found.effect})\n`,
        );
        return EXIT.yes;
      }
      last = found.reason;
    } else if ("status" in answer && answer.status !== undefined) return refuse(io, answer.fault);
    else last = answer.fault;
    const leftMs = timeoutMs - (performance.now() - startMs);
    if (leftMs <= 0) return refuse(io, `not within ${printTook(timeoutMs)}: ${last}`);
    if (io.signal.aborted) return EXIT.no;
    await new Promise((next) => setTimeout(next, Math.min(POLL_MS, leftMs)));
  }
}

type Judged =
  | { readonly kind: "in-force"; readonly name: string; readonly on: string; readonly effect: string }
  | { readonly kind: "refused" | "not-yet"; readonly reason: string };

/** What a status says of a revision, which is to be in force on at least so many proxies. */
export function judge(status: StatusBody, wanted: string | undefined, proxies = 0): Judged {
  const { revision } = status;
  // Of whichever source.
  const refused =
    wanted === undefined
      ? undefined
      : status.sources.map((each) => each.refused).find((each) => each?.commit.startsWith(wanted));
  if (refused !== undefined) {
    const [first] = refused.diagnostics.filter(({ severity }) => severity === "error");
    const [failed] = refused.failedTests;
    const test =
      failed === undefined
        ? "no reason is given"
        : `${failed.file}:${failed.row}: ${failed.name} fails: ${failed.message}`;
    return {
      kind: "refused",
      reason: `commit ${shortHash(refused.commit)} is refused: ${plain(first === undefined ? test : printRecord(first))}`,
    };
  }
  const isWanted = (name: string) => wanted === undefined || name.startsWith(wanted);
  if (revision === undefined || ![revision.name, ...revision.inputs.map(({ id }) => id)].some(isWanted)) {
    const seen = wanted === undefined ? "" : `${shortHash(wanted)} is not in force: `;
    const has =
      revision === undefined ? "there is no revision yet" : `${seen}the newest revision is ${shortHash(revision.name)}`;
    const trouble = status.source.trouble === undefined ? "" : `; source: ${plain(status.source.trouble)}`;
    return { kind: "not-yet", reason: `${has}${trouble}` };
  }
  const connected = status.proxies.filter(({ state }) => state === "ready" || state === "stale");
  const late = connected.filter((proxy) => proxy.revision !== revision.name);
  if (late.length === 0) {
    if (connected.length < proxies)
      return { kind: "not-yet", reason: `${connected.length} of ${proxies} proxies are connected` };
    const on = connected.length === 0 ? "no proxy: none is connected" : `${connected.length} of ${connected.length}`;
    return { kind: "in-force", name: revision.name, on, effect: printEffect(revision) };
  }
  const reasons = stragglersOf({ ...status, proxies: late }).map(({ name, reason }) => `${name} ${reason}`);
  const on = `in force on ${connected.length - late.length} of ${connected.length}`;
  const more = reasons.length > STRAGGLERS_SHOWN ? `; and ${reasons.length - STRAGGLERS_SHOWN} more` : "";
  return { kind: "not-yet", reason: `${on}; not on ${reasons.slice(0, STRAGGLERS_SHOWN).join("; ")}${more}` };
}

function refuse(io: Io, sentence: string): number {
  io.err(`regomesh wait: ${sentence}\n`);
  return EXIT.no;
}
