/**
 * How a release comes in force, as a value.
 *
 * canary --every canary has answered, and it was watched--> everyone --the same--> proven
 *
 * The canaries are those that the mesh's rules name, and whoever can have nothing else: a workload
 * that is new, a proxy that has a later revision than the proven one already. A proxy that is
 * a canary stays one. While there are canaries, everybody else shall have what is proven.
 */
import { snapshotHash } from "@regomesh/protocol";
import { AT_ONCE, type ReleaseRules } from "../snapshot/release-rules.ts";
import type { StageFault } from "./hold.ts";
import type { ReleaseOrder } from "./order.ts";
import type { ProxyStream } from "./proxy.ts";
import type { Publication } from "./release.ts";
import { type GoneProxy, RESTART_LEASE_MS } from "./roster.ts";
import { type Distribution, hasAnswered, isHeld, isInForce, proxyName, type Step, still } from "./state.ts";
import { type Counted, type Rise, riseOf } from "./traffic.ts";

export type Stage = {
  readonly kind: "canary" | "everyone";
  readonly rules: ReleaseRules;
  /** The number that the release had first. */
  readonly fromSequence: number;
  /** When it began; while nobody at all is connected, now. */
  readonly sinceMs: number;
  /** When all that shall have it had answered. */
  readonly takenAtMs: number | undefined;
  /** Since when none of its canaries that are connected has it, though it was taken. */
  readonly lostAtMs: number | undefined;
  /** It was watched for as long as it shall be. */
  readonly isBaked: boolean;
  readonly order: ReleaseOrder;
  /** Until when those who send wait for those who receive; undefined once that does not matter. */
  readonly orderedUntilMs: number | undefined;
  /** By `workload instance`. */
  readonly canaries: ReadonlySet<string>;
  /** An operator has said that it shall not go on. */
  readonly isAborted?: true;
};

/** A connection that broke, or a controller that starts anew, has its proxies back by then. */
const BACK_WAIT_MS = RESTART_LEASE_MS;

/** So long, from a stage's beginning on, those who send wait for those who receive: nobody holds it up for longer. */
export const RECEIVERS_WAIT_MS = 2000;

/** What a release begins with; `proven`: what stays in force elsewhere meanwhile. */
export function openStage(publication: Publication, proven: Publication | undefined, nowMs: number): Stage {
  const { plan, revision, isPinned = false } = publication.release;
  // With nothing to compare with there is nothing to protect, and an operator's word is meant.
  const rules = proven === undefined || isPinned ? AT_ONCE : (plan.rules ?? AT_ONCE);
  return {
    kind: rules.canary === undefined ? "everyone" : "canary",
    rules,
    fromSequence: revision.sequence,
    sinceMs: nowMs,
    takenAtMs: undefined,
    lostAtMs: undefined,
    isBaked: false,
    order: publication.order,
    orderedUntilMs: proven === undefined ? undefined : nowMs + RECEIVERS_WAIT_MS,
    canaries: new Set(),
  };
}

/** Until when proxies that went are waited for: the one that broke off may be the one that refuses. */
export function awaitedUntilMs(state: Distribution): readonly number[] {
  const { stage, roster } = state;
  if (stage === undefined) return [];
  const gone = stage.kind === "canary" ? roster.gone.filter((each) => isGoneCanary(state, stage, each)) : roster.gone;
  return gone.map(({ heardMs }) => heardMs + BACK_WAIT_MS);
}

/** Whom the release takes out of the mesh comes back to it no more, however often it asks. */
function isGoneCanary(state: Distribution, { canaries }: Stage, proxy: GoneProxy): boolean {
  return canaries.has(proxyName(proxy)) && isOfRelease(state, proxy);
}

function isOfRelease(
  { publication }: Distribution,
  { workload, principal }: Pick<ProxyStream, "workload" | "principal">,
) {
  return publication?.snapshots.get(workload)?.principal === principal;
}

/** When the stage changes by time alone. */
export function stageDueMs(state: Distribution): readonly number[] {
  const { stage } = state;
  if (stage === undefined) return [];
  const { kind, rules, sinceMs, takenAtMs, lostAtMs, isBaked, orderedUntilMs } = stage;
  const isAwaited = kind === "canary" && takenAtMs === undefined && state.roster.proxies.size > 0;
  return [
    ...(orderedUntilMs === undefined ? [] : [orderedUntilMs]),
    ...(lostAtMs === undefined ? [] : [lostAtMs + BACK_WAIT_MS]),
    ...(takenAtMs === undefined || isBaked ? [] : [takenAtMs + rules.bakeMs]),
    ...(isAwaited ? [sinceMs + rules.deadlineMs] : []),
  ];
}

/** The canaries that are connected. */
export function canariesOf({ stage, roster }: Distribution): readonly ProxyStream[] {
  return stage === undefined
    ? []
    : [...roster.proxies.values()].filter((proxy) => stage.canaries.has(proxyName(proxy)));
}

/** Takes those in that are canaries by now. */
export function chooseCanaries(state: Distribution): Step {
  const { stage, roster } = state;
  if (stage?.kind !== "canary") return still(state);
  const proxies = [...roster.proxies.values()];
  const canaries = new Set(stage.canaries);
  for (const proxy of proxies) if (mustBeCanary(state, stage.rules, proxy)) canaries.add(proxyName(proxy));
  if (stage.rules.canary?.kind === "percent") {
    const others = proxies.filter((proxy) => !canaries.has(proxyName(proxy)));
    const there = proxies.length - others.length + roster.gone.filter((each) => isLost(state, stage, each)).length;
    const lacking = Math.ceil((proxies.length * stage.rules.canary.percent) / 100) - there;
    const free = others.filter((proxy) => isOfRelease(state, proxy));
    for (const name of lacking <= 0 ? [] : inNoOrder(free).slice(0, lacking)) canaries.add(name);
  }
  if (canaries.size === stage.canaries.size) return still(state);
  if (canaries.size > CANARIES_MAX) keepKnown(canaries, [...proxies, ...roster.gone]);
  return still({ ...state, stage: { ...stage, canaries } });
}

/** Names of canaries that are kept though nobody knows them any more: each start of a proxy has another. */
const CANARIES_MAX = 2000;

function keepKnown(canaries: Set<string>, proxies: readonly Pick<ProxyStream, "workload" | "instance">[]): void {
  const known = new Set(proxies.map(proxyName));
  for (const name of canaries) if (!known.has(name)) canaries.delete(name);
}

/** A canary that broke off with the release in force keeps its place: what ends its proxies would take one after the other. */
function isLost(state: Distribution, stage: Stage, gone: GoneProxy): boolean {
  return (
    !gone.isOrderly && isGoneCanary(state, stage, gone) && (gone.holding.revision?.sequence ?? 0) >= stage.fromSequence
  );
}

function mustBeCanary(state: Distribution, rules: ReleaseRules, proxy: ProxyStream): boolean {
  if (isOfRelease(state, proxy) && isNamed(state, rules, proxy)) return true;
  const { revision } = proxy.holding;
  const { epoch, sequence } = state.proven?.release.revision ?? {};
  return sequence !== undefined && revision !== undefined && revision.epoch === epoch && revision.sequence > sequence;
}

/** Whoever the rules name, or can have nothing else: not whoever says that it has a later revision than the proven one. */
function isNamed({ proven }: Distribution, { canary }: ReleaseRules, { workload, principal }: ProxyStream): boolean {
  if (canary?.kind === "workloads" && canary.workloads.includes(workload)) return true;
  return proven?.snapshots.get(workload)?.principal !== principal;
}

/** Whether a proxy's word on the release counts: while canaries try it theirs alone, and of those that the rules name. */
export function isWitness(state: Distribution, proxy: ProxyStream): boolean {
  const { stage } = state;
  if (stage?.kind !== "canary") return true;
  if (!stage.canaries.has(proxyName(proxy))) return false;
  return stage.rules.canary?.kind === "percent" || isNamed(state, stage.rules, proxy);
}

/** Of what a proxy has counted, what it can know: while canaries try a release, nobody else has met anything by it. */
export function believed(
  state: Distribution,
  { workload, instance }: Pick<ProxyStream, "workload" | "instance">,
  counted: readonly Counted[],
): readonly Counted[] {
  const { stage } = state;
  if (stage?.kind !== "canary" || !counted.some(({ sequence }) => sequence >= stage.fromSequence)) return counted;
  const canary = canariesOf(state).find((each) => each.workload === workload && each.instance === instance);
  if (canary !== undefined && isWitness(state, canary)) return counted;
  return counted.filter(({ sequence }) => sequence < stage.fromSequence);
}

/** By a digest of their names: the same proxies whenever it is asked, of whatever workloads. */
function inNoOrder(proxies: readonly ProxyStream[]): readonly string[] {
  const digests = proxies.map((proxy) => [snapshotHash(proxyName(proxy)), proxyName(proxy)] as const);
  return digests.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, name]) => name);
}

/** What is over by its time, or because everybody has answered. */
export function advanceStage(state: Distribution, nowMs: number): Step {
  const { stage, roster } = state;
  if (stage === undefined || isHeld(state)) return still(state);
  const isAlone = stage.kind === "canary" && stage.takenAtMs === undefined && roster.proxies.size === 0;
  const now: Stage = isAlone ? { ...stage, sinceMs: nowMs } : noteLoss(state, stage, nowMs);
  const takenAtMs = now.takenAtMs ?? (isTaken(state, nowMs) ? nowMs : undefined);
  if (takenAtMs === undefined) return still(now === stage ? state : { ...state, stage: now });
  const isBaked = now.lostAtMs === undefined && takenAtMs + now.rules.bakeMs <= nowMs;
  if (isBaked && now.kind === "canary") {
    const orderedUntilMs = nowMs + RECEIVERS_WAIT_MS;
    const everyone: Stage = { ...now, kind: "everyone", sinceMs: nowMs, takenAtMs: undefined, orderedUntilMs };
    return advanceStage({ ...state, stage: everyone }, nowMs);
  }
  const isSame = now === stage && takenAtMs === now.takenAtMs && isBaked === now.isBaked;
  return still(isSame ? state : { ...state, stage: { ...now, takenAtMs, isBaked } });
}

/**
 * It is watched for as long as one of its canaries has it: when all are gone, that time does not count, and where none
 * is back soon, all begins anew. Where nobody at all is connected, as right after a start, they are still to come back.
 */
function noteLoss(state: Distribution, stage: Stage, nowMs: number): Stage {
  const { kind, takenAtMs, lostAtMs } = stage;
  if (kind !== "canary" || takenAtMs === undefined) return stage;
  const isThere = canariesOf(state).some((proxy) => isInForce(state, proxy));
  if (lostAtMs === undefined) return isThere ? stage : { ...stage, lostAtMs: nowMs };
  const since = takenAtMs + nowMs - lostAtMs;
  if (isThere) return { ...stage, takenAtMs: since, lostAtMs: undefined };
  if (state.roster.proxies.size === 0) return { ...stage, takenAtMs: since, lostAtMs: nowMs };
  if (nowMs < lostAtMs + BACK_WAIT_MS) return stage;
  return { ...stage, lostAtMs: undefined, takenAtMs: undefined, sinceMs: nowMs };
}

/** Whether all that shall have it have answered, at least one of them by taking it, and nobody is waited for. */
function isTaken(state: Distribution, nowMs: number): boolean {
  if (awaitedUntilMs(state).some((untilMs) => untilMs > nowMs)) return false;
  const proxies = state.stage?.kind === "canary" ? canariesOf(state) : [...state.roster.proxies.values()];
  return proxies.some((proxy) => isInForce(state, proxy)) && proxies.every((proxy) => hasAnswered(state, proxy));
}

/** What the stage has shown against the release: harm in its traffic, or canaries that do not get it. */
export function faultOf(state: Distribution, nowMs: number): StageFault | undefined {
  const { stage, traffic, proven } = state;
  if (stage === undefined || proven === undefined) return undefined;
  if (stage.isAborted === true) return { code: "release_aborted", message: "an operator has aborted it" };
  // What is not watched is judged by nobody: requests fail for many reasons that are no revision's.
  const rise = stage.rules.bakeMs === 0 ? undefined : riseOf(traffic, stage.rules);
  if (rise !== undefined) return toFault(rise);
  const isLate = stage.kind === "canary" && stage.takenAtMs === undefined && state.roster.proxies.size > 0;
  if (!isLate || stage.sinceMs + stage.rules.deadlineMs > nowMs) return undefined;
  const canaries = canariesOf(state);
  const missing = canaries.find((proxy) => !isInForce(state, proxy));
  const why =
    missing === undefined
      ? "no canary was connected"
      : `canary ${missing.workload} has not got it${missing.refusal === undefined ? "" : ` (${missing.refusal.reason})`}`;
  return { code: "release_deadline", message: `${why} within ${stage.rules.deadlineMs / 1000} s` };
}

function toFault({ what, workload, requests, before, now }: Rise): StageFault {
  const whose = workload === undefined ? "all that has it" : `workload ${workload}`;
  const [are, code] =
    what === "refusals" ? (["refused", "release_refusals"] as const) : (["failing", "release_failures"] as const);
  const shares = `${printShare(now)} of ${Math.round(requests)} requests are ${are}, ${printShare(before)} were before`;
  return { code, message: `${whose}: ${shares}` };
}

function printShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
