/** The mesh's state in one value: revision, what was refused, every proxy. */
import type { ProxyBody, RefusalBody } from "../api/proxies.ts";
import type { PinBody, RevisionBody } from "../api/releases.ts";
import type { SourceBody, SourceStateBody } from "../api/sources.ts";
import type { ShadowBody, StatusBody, TroubleBody } from "../api/status.ts";
import type { MeshPlan } from "../build/build.ts";
import type { ProxyStream, Refusal, RefusalProblem } from "../distribution/proxy.ts";
import type { Release } from "../distribution/release.ts";
import type { GoneProxy, Known } from "../distribution/roster.ts";
import { canariesOf } from "../distribution/stages.ts";
import { type Distribution, hasContentOf, isInForce, proxyName, withheldFrom } from "../distribution/state.ts";
import { inputsOf, nameInputs, newestOf } from "../sources/inputs.ts";
import { timesToEffect } from "./effect.ts";
import type { ProxyStates } from "./graph.ts";
import { type Ledger, NO_SHADOW } from "./ledger.ts";
import { type Places, shadowKey } from "./places.ts";

/** A proxy reports at least twice a second; after three missed reports it is stale. */
const SILENCE_MAX_MS = 1500;

export type StatusFacts = {
  readonly release: Release;
  /** What is in force somewhere: its, and the proven one's while only canaries have it. */
  readonly plan: MeshPlan;
  readonly distribution: Distribution;
  readonly source: SourceBody;
  readonly sources: readonly SourceStateBody[];
  readonly pin: PinBody | undefined;
  readonly troubles: readonly TroubleBody[];
  readonly ledger: Ledger;
  readonly places: Places;
  readonly nowMs: number;
};

/** One proxy as it is told: connected, or gone. */
type Seen =
  | { readonly isConnected: true; readonly proxy: ProxyStream; readonly lastWordMs: number }
  | { readonly isConnected: false; readonly proxy: GoneProxy; readonly lastWordMs: number };

/** By workload, `namespace/name`: ready where all of its proxies are, gone where none is left. */
export function toStates({
  plan,
  distribution,
  ledger,
  nowMs,
}: Omit<StatusFacts, "source" | "sources" | "pin" | "troubles">): ProxyStates {
  const byWorkload = seenByWorkload(distribution, ledger);
  return new Map(
    plan.workloads.map(({ namespace, name }) => {
      const key = `${namespace}/${name}`;
      const seen = byWorkload.get(key) ?? [];
      const states = seen.map((each) => stateOf(each, nowMs));
      const lastWordMs = seen.length === 0 ? undefined : Math.max(...seen.map((each) => each.lastWordMs));
      return [key, { state: sumOfStates(states), lastWordMs }] as const;
    }),
  );
}

function sumOfStates(states: readonly ("ready" | "stale" | "gone")[]): "ready" | "stale" | "gone" | "never" {
  if (states.length === 0) return "never";
  if (states.every((state) => state === "gone")) return "gone";
  return states.every((state) => state === "ready") ? "ready" : "stale";
}

export function toStatus(facts: StatusFacts): StatusBody {
  const { release, nowMs } = facts;
  const byWorkload = seenByWorkload(facts.distribution, facts.ledger);
  return {
    mesh: release.plan.mesh.name,
    trustDomain: release.plan.mesh.trustDomain,
    nowMs,
    revision: toRevision(facts, byWorkload),
    source: facts.source,
    sources: facts.sources,
    ...(facts.pin === undefined ? {} : { pin: facts.pin }),
    ...(release.plan.staleness === undefined ? {} : { staleness: release.plan.staleness }),
    ...toStageBody(facts),
    warnings: release.warnings ?? [],
    proxies: [
      ...facts.plan.workloads.flatMap((workload) => toProxies(workload, byWorkload, facts)),
      ...facts.distribution.roster.orphans.map(toOrphan),
    ],
    shadows: toShadows(facts),
    links: facts.ledger.links(),
    ...(facts.troubles.length === 0 ? {} : { troubles: facts.troubles }),
  };
}

type SeenByWorkload = ReturnType<typeof seenByWorkload>;

/** Nothing where there is nothing to wait for: neither canaries nor a time in which it is watched. */
function toStageBody({ distribution }: StatusFacts): Pick<StatusBody, "release"> {
  const { stage } = distribution;
  if (stage === undefined || (stage.rules.canary === undefined && stage.rules.bakeMs === 0)) return {};
  const { kind, rules, sinceMs, takenAtMs } = stage;
  const canaries = kind === "canary" ? canariesOf(distribution) : [...distribution.roster.proxies.values()];
  const taken = canaries.filter((proxy) => isInForce(distribution, proxy)).length;
  const ends =
    takenAtMs !== undefined
      ? { bakedAtMs: takenAtMs + rules.bakeMs }
      : kind === "canary"
        ? { deadlineMs: sinceMs + rules.deadlineMs }
        : {};
  return { release: { stage: kind, sinceMs, proxies: canaries.length, taken, ...ends } };
}

function toRevision({ release, plan, distribution }: StatusFacts, byWorkload: SeenByWorkload): RevisionBody {
  const { revision, source, builtAtMs } = release;
  const inputs = inputsOf(release);
  const newest = newestOf(inputs);
  const seen = plan.workloads.flatMap(({ namespace, name }) => byWorkload.get(`${namespace}/${name}`) ?? []);
  const enforcing = seen.flatMap(({ isConnected, proxy }) => {
    return isConnected && isInForce(distribution, proxy) ? [proxy] : [];
  });
  const ackP99Ms = quantile(
    enforcing.flatMap(({ ackTookMs }) => ackTookMs ?? []),
    0.99,
  );
  const effects = timesToEffect(release, distribution, enforcing);
  const [effectP50Ms, effectP99Ms] = [quantile(effects, 0.5), quantile(effects, 0.99)];
  return {
    name: nameInputs(inputs),
    sent: revision.name,
    sequence: revision.sequence,
    source: newest?.label ?? source,
    subject: newest?.subject ?? "",
    author: newest?.author ?? "",
    committedAtMs: newest?.committedAtMs ?? 0,
    inputs,
    builtAtMs,
    enforced: enforcing.length,
    proxies: seen.length,
    ...(ackP99Ms === undefined ? {} : { ackP99Ms }),
    ...(effectP50Ms === undefined || effectP99Ms === undefined ? {} : { effectP50Ms, effectP99Ms }),
  };
}

/** By nearest rank; undefined of nothing. */
function quantile(values: readonly number[], share: number): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1];
}

function toShadows({ places, ledger }: StatusFacts): readonly ShadowBody[] {
  return [...places.shadows.values()].map((shadow) => {
    const { decisions, ...would } = ledger.shadow(shadowKey(shadow)) ?? NO_SHADOW;
    const differences = Object.values(would).reduce((sum, count) => sum + count, 0);
    return { ...shadow, decisions, differences, would };
  });
}

/** A row for each proxy of a workload, and one where there never was any. */
function toProxies(
  workload: Release["plan"]["workloads"][number],
  byWorkload: SeenByWorkload,
  facts: StatusFacts,
): readonly ProxyBody[] {
  const { name, namespace, service, principal } = workload;
  const seen = byWorkload.get(`${namespace}/${name}`) ?? [];
  const base = { workload: name, namespace, service, principal };
  if (seen.length === 0) return [{ ...base, state: "never", refusedPerSecond: 0, isBypassable: true }];
  return seen.map((each) => ({ ...base, ...toProxy(each, facts) }));
}

function toProxy(
  seen: Seen,
  { release, distribution, ledger, nowMs }: StatusFacts,
): Omit<ProxyBody, "workload" | "namespace" | "service" | "principal"> {
  const { proxy, isConnected, lastWordMs } = seen;
  const report = ledger.lastReport(proxy.workload, proxy.instance);
  const refused = report?.refused.recent(nowMs);
  const { revision } = proxy.holding;
  // What it has was sent under an earlier name, where what came since changed nothing of it.
  const named = isConnected ? releaseInForce(distribution, proxy, release) : undefined;
  const nameFor = (name: string) => (named === undefined ? name : nameInputs(inputsOf(named)));
  const admin = isConnected ? seen.proxy.admin.slice(0, ADMIN_LENGTH_MAX) : "";
  return {
    instance: proxy.instance,
    state: stateOf(seen, nowMs),
    lastWordMs,
    ...(distribution.stage?.kind === "canary" && distribution.stage.canaries.has(proxyName(proxy))
      ? { isCanary: true }
      : {}),
    ...toWithheld(seen, distribution),
    ...(isConnected && revision !== undefined ? { revision: nameFor(revision.name), sequence: revision.sequence } : {}),
    ...(isConnected && seen.proxy.refusal !== undefined ? { refusal: toRefusal(seen.proxy.refusal) } : {}),
    ...(report !== undefined && report.svidNotAfterMs > 0 ? { svidNotAfterMs: report.svidNotAfterMs } : {}),
    ...(report !== undefined && report.policyP99Ns > 0
      ? { policyP50Ns: report.policyP50Ns, policyP99Ns: report.policyP99Ns }
      : {}),
    ...(report !== undefined && report.overBudgetTotal > 0 ? { overBudget: report.overBudgetTotal } : {}),
    ...(report !== undefined && isConnected && report.troubles.length > 0 ? { troubles: report.troubles } : {}),
    refusedPerSecond: refused === undefined || !isConnected ? 0 : refused.tally.denied / refused.seconds,
    ...(admin === "" ? {} : { admin }),
    // Explicit capture: HTTP_PROXY is the application's own choice, and loopback is open to its neighbours.
    isBypassable: !(isConnected && report?.isCaptured === true),
  };
}

/** The release whose content a proxy has: the newest, or while that is tried the one that the others stay at. */
function releaseInForce(distribution: Distribution, proxy: ProxyStream, newest: Release): Release | undefined {
  if (isInForce(distribution, proxy)) return newest;
  const { proven } = distribution;
  return proven !== undefined && hasContentOf(proven, proxy) ? proven.release : undefined;
}

function toWithheld(seen: Seen, distribution: Distribution): Pick<ProxyBody, "withheld"> {
  const withheld = seen.isConnected ? withheldFrom(distribution, seen.proxy) : [];
  return withheld.length === 0 ? {} : { withheld };
}

/** What enforces a revision that nobody can change any more, until it is ended where it runs. */
function toOrphan({ workload, instance, principal, heardMs }: Known): ProxyBody {
  const [namespace = "", ...name] = workload.split("/");
  const base = { workload: name.join("/"), namespace, service: "", principal, instance };
  return { ...base, state: "gone", lastWordMs: heardMs, isOrphan: true, refusedPerSecond: 0, isBypassable: true };
}

const ADMIN_LENGTH_MAX = 100;

function toRefusal({ class: kind, reason, problems, revision, atMs, attempts }: Refusal): RefusalBody {
  return {
    class: kind,
    reason,
    problems: problems.map(printProblem),
    revision: revision.name,
    sequence: revision.sequence,
    atMs,
    attempts,
  };
}

export function printProblem({ code, message }: RefusalProblem): string {
  return `${code}: ${message}`;
}

function stateOf({ isConnected, lastWordMs }: Seen, nowMs: number): "ready" | "stale" | "gone" {
  if (!isConnected) return "gone";
  return nowMs - lastWordMs > SILENCE_MAX_MS ? "stale" : "ready";
}

/** Every proxy of each workload, by `namespace/name`; made once for a whole status. */
function seenByWorkload({ roster }: Distribution, ledger: Ledger): ReadonlyMap<string, readonly Seen[]> {
  const lastWordMs = ({ workload, instance, heardMs }: Pick<ProxyStream, "workload" | "instance" | "heardMs">) =>
    Math.max(heardMs, ledger.lastReport(workload, instance)?.atMs ?? 0);
  const seen: readonly Seen[] = [
    ...[...roster.proxies.values()].map((proxy): Seen => ({ isConnected: true, proxy, lastWordMs: lastWordMs(proxy) })),
    ...roster.gone.map((proxy): Seen => ({ isConnected: false, proxy, lastWordMs: lastWordMs(proxy) })),
  ];
  return Map.groupBy(seen, ({ proxy }) => proxy.workload);
}
