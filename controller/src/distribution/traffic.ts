/**
 * What requests met under the revision before, and what they meet under the one that is watched, by
 * the workload whose proxy tells it. The new one's share of refusals or failures is held against
 * what the same workloads had before, each weighed by its requests now: a canary that gets other
 * traffic than the rest of the mesh is compared with itself.
 */
import type { ReleaseRules } from "../snapshot/release-rules.ts";

export type Counts = {
  readonly requests: number;
  /** Verdicts of a policy: 403 and 429. */
  readonly refusals: number;
  /** 5xx of the application or the mesh. */
  readonly failures: number;
};

/** What one workload's proxies counted under one revision since the last time. */
export type Counted = Counts & {
  /** `namespace/name` */
  readonly workload: string;
  readonly epoch: string;
  readonly sequence: number;
};

/** By workload. */
export type Traffic = {
  readonly before: ReadonlyMap<string, Counts>;
  readonly now: ReadonlyMap<string, Counts>;
};

export const NO_TRAFFIC: Traffic = { before: new Map(), now: new Map() };

/** A share that rose by more than it may. */
export type Rise = {
  readonly what: "refusals" | "failures";
  /** Undefined: over all of them. */
  readonly workload: string | undefined;
  readonly requests: number;
  /** Shares, 0 to 1. */
  readonly before: number;
  readonly now: number;
};

const NOTHING: Counts = { requests: 0, refusals: 0, failures: 0 };
/** Requests that a workload's past is known by: of more, old ones count less and less. */
const BEFORE_MAX = 100_000;
/** Standard errors: of a thousand releases that change nothing, one or two are above by chance. */
const CHANCE = 3;

/**
 * Takes in what was counted. `from`: the first number of the release that is watched, undefined
 * while none is; `proven`: that of the one before it; `held`: that of one that was taken back. Requests
 * under that, or under one in between that was never proven, say nothing of any other.
 */
export function addTraffic(
  traffic: Traffic,
  counted: readonly Counted[],
  {
    epoch,
    from,
    proven = 0,
    held,
  }: {
    readonly epoch: string;
    readonly from: number | undefined;
    readonly proven: number | undefined;
    readonly held: number | undefined;
  },
): Traffic {
  const [before, now] = [new Map(traffic.before), new Map(traffic.now)];
  for (const { workload, ...each } of counted) {
    if (each.epoch !== epoch || each.sequence === held) continue;
    if (from !== undefined && each.sequence >= from) now.set(workload, sum(now.get(workload), each));
    else if (each.sequence <= proven) before.set(workload, faded(sum(before.get(workload), each)));
  }
  return { before, now };
}

/** Counts of one workload and revision as one. */
export function sumUp(known: ReadonlyMap<string, Counted>, counted: readonly Counted[]): ReadonlyMap<string, Counted> {
  const all = new Map(known);
  for (const each of counted) {
    const key = `${each.workload} ${each.epoch} ${each.sequence}`;
    const before = all.get(key);
    all.set(key, before === undefined ? each : { ...each, ...sum(before, each) });
  }
  return all;
}

/** The release is proven: what it met is the past of the next one. */
export function settleTraffic({ before, now }: Traffic): Traffic {
  const all = new Map(before);
  for (const [workload, counts] of now) all.set(workload, faded(sum(all.get(workload), counts)));
  return { before: all, now: new Map() };
}

/** The release is not what came after it is held against. */
export function dropWatched({ before }: Traffic): Traffic {
  return { before, now: new Map() };
}

/** The worst rise, of a workload or over all; undefined where nothing rose by more than it may. */
export function riseOf({ before, now }: Traffic, rules: ReleaseRules): Rise | undefined {
  const pairs = [...now].flatMap(([workload, counts]): readonly Pair[] => {
    const past = before.get(workload);
    return past === undefined || past.requests === 0 ? [] : [{ workload, past, counts }];
  });
  const groups = [...pairs.map((pair) => [pair]), ...(pairs.length > 1 ? [pairs] : [])];
  const rises = groups.flatMap((group) => [
    ...judge(group, "refusals", rules.refusalsRiseMax, rules.requestsMin),
    ...judge(group, "failures", rules.failuresRiseMax, rules.requestsMin),
  ]);
  return rises.toSorted((a, b) => b.now - b.before - (a.now - a.before))[0];
}

type Pair = { readonly workload: string; readonly past: Counts; readonly counts: Counts };

function judge(pairs: readonly Pair[], what: Rise["what"], riseMax: number, requestsMin: number): readonly Rise[] {
  let [requests, met, expected, variance] = [0, 0, 0, 0];
  for (const { past, counts } of pairs) {
    const share = past[what] / past.requests;
    // Of few requests a share of none says little: as if one more of two had met it.
    const likely = (past[what] + 1) / (past.requests + 2);
    requests += counts.requests;
    met += counts[what];
    expected += counts.requests * share;
    variance += likely * (1 - likely) * (counts.requests + counts.requests ** 2 / past.requests);
  }
  if (requests < requestsMin) return [];
  const isAbove = (met - expected) / requests > riseMax / 100 && met - expected > CHANCE * Math.sqrt(variance);
  if (!isAbove) return [];
  const [only, ...others] = pairs;
  const workload = others.length === 0 ? only?.workload : undefined;
  return [{ what, workload, requests, before: expected / requests, now: met / requests }];
}

function sum(a: Counts = NOTHING, b: Counts): Counts {
  return {
    requests: a.requests + b.requests,
    refusals: a.refusals + b.refusals,
    failures: a.failures + b.failures,
  };
}

function faded(counts: Counts): Counts {
  if (counts.requests <= BEFORE_MAX) return counts;
  const { requests, refusals, failures } = counts;
  return { requests: requests / 2, refusals: refusals / 2, failures: failures / 2 };
}
