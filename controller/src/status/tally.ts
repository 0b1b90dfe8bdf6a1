/** Counts of requests by outcome, with a latency histogram; added up, and taken apart into changes. */
import type { EdgeReport } from "@regomesh/protocol";

export type Tally = {
  readonly requests: number;
  /** 5xx of the application or the mesh. */
  readonly failures: number;
  readonly success: number;
  /** Verdicts of a policy. */
  readonly denied: number;
  readonly limited: number;
  /** Upper bounds in milliseconds, and how many came within each; one more count is past the last. */
  readonly boundsMs: readonly number[];
  readonly counts: readonly number[];
};

export const EMPTY: Tally = { requests: 0, failures: 0, success: 0, denied: 0, limited: 0, boundsMs: [], counts: [] };

/** A histogram finer than this tells nothing more. */
const BOUNDS_MAX = 64;

/** What a report says, with nothing negative and nothing endless; tallies of the `known` bounds share them. */
export function toTally(edge: EdgeReport, known: Tally["boundsMs"] = []): Tally {
  const isKnown = edge.boundsMs.length === known.length && edge.boundsMs.every((bound, at) => bound === known[at]);
  const ownMs = edge.boundsMs.length > BOUNDS_MAX ? [] : edge.boundsMs;
  const boundsMs = isKnown ? known : ownMs;
  return {
    requests: count(edge.requests),
    failures: count(edge.failures),
    success: count(edge.success),
    denied: count(edge.denied),
    limited: count(edge.limited),
    boundsMs,
    counts: boundsMs.length === 0 ? [] : edge.counts.slice(0, boundsMs.length + 1).map(count),
  };
}

export function add(a: Tally, b: Tally): Tally {
  return combine(a, b, (x, y) => x + y);
}

/** All of them: as `add` of one after the other, without the tallies between. */
export function sumOf(tallies: readonly Tally[]): Tally {
  const counted = tallies.filter(({ counts }) => counts.length > 0);
  const { boundsMs, counts: first } = counted[0] ?? EMPTY;
  // Of other bounds: `add` says which stay.
  if (!counted.every((each) => each.boundsMs === boundsMs)) return tallies.reduce(add, EMPTY);
  const sum = { requests: 0, failures: 0, success: 0, denied: 0, limited: 0 };
  const counts = first.map(() => 0);
  for (const each of tallies) {
    sum.requests += each.requests;
    sum.failures += each.failures;
    sum.success += each.success;
    sum.denied += each.denied;
    sum.limited += each.limited;
    for (const [at, count] of each.counts.entries()) counts[at] = (counts[at] ?? 0) + count;
  }
  return { ...sum, boundsMs, counts };
}

/** What came since; a counter that went back counts from zero. */
export function since(now: Tally, before: Tally): Tally {
  if (now.requests < before.requests) return now;
  return combine(now, before, (x, y) => Math.max(0, x - y));
}

/** The latency below which a share of the requests stayed; undefined where there were none. */
export function quantile({ boundsMs, counts }: Tally, share: number): number | undefined {
  const total = counts.reduce((sum, each) => sum + each, 0);
  if (total === 0) return undefined;
  const wanted = share * total;
  let passed = 0;
  for (const [at, each] of counts.entries()) {
    if (each > 0 && passed + each >= wanted) {
      const low = at === 0 ? 0 : (boundsMs[at - 1] ?? 0);
      const high = boundsMs[at] ?? low; // past the last bound nothing finer is known
      return low + ((high - low) * (wanted - passed)) / each;
    }
    passed += each;
  }
  return boundsMs.at(-1);
}

function combine(a: Tally, b: Tally, by: (x: number, y: number) => number): Tally {
  const [longer, bounds] = a.boundsMs.length >= b.boundsMs.length ? [a, a.boundsMs] : [b, b.boundsMs];
  // Histograms of other bounds cannot be added: the finer one stays.
  const isAlike = a.counts.length === 0 || b.counts.length === 0 || a.boundsMs.length === b.boundsMs.length;
  const length = Math.max(a.counts.length, b.counts.length);
  return {
    requests: by(a.requests, b.requests),
    failures: by(a.failures, b.failures),
    success: by(a.success, b.success),
    denied: by(a.denied, b.denied),
    limited: by(a.limited, b.limited),
    boundsMs: bounds,
    counts: isAlike ? Array.from({ length }, (_, at) => by(a.counts[at] ?? 0, b.counts[at] ?? 0)) : longer.counts,
  };
}

function count(value: number): number {
  return Number.isFinite(value) && value > 0 ? value : 0;
}
