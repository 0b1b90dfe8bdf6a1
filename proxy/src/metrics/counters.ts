/** What a thread counts beside the edges; one Float64Array, a named column each. */
import { BUCKETS, bucketOf } from "./histogram.ts";

export const Counter = {
  requests: 0,
  refused: 1,
  invalid: 2,
  retries: 3,
  connectionsOpened: 4,
  connectionsOpen: 5,
  upstreamOpened: 6,
  upstreamOpen: 7,
  handshakeFailures: 8,
  builtinErrors: 9,
  decisionsDropped: 10,
  logLinesDropped: 11,
  policyFaults: 12,
  clientsGone: 13,
  internalFaults: 14,
  mirrors: 15,
  mirrorsDropped: 16,
  overBudget: 17,
} as const;
export type Counter = (typeof Counter)[keyof typeof Counter];
const COLUMNS = Object.keys(Counter).length;

export class Counters {
  readonly #values = new Float64Array(COLUMNS + BUCKETS);

  add(counter: Counter, by = 1): void {
    this.#values[counter] = (this.#values[counter] as number) + by;
  }

  get(counter: Counter): number {
    return this.#values[counter] as number;
  }

  /** Time of one decision, counted in microseconds where the histogram says milliseconds. */
  decided(ms: number): void {
    const at = COLUMNS + bucketOf(ms * 1000);
    this.#values[at] = (this.#values[at] as number) + 1;
  }

  read(): Float64Array {
    return this.#values.slice();
  }
}

/** The decisions' histogram (in microseconds) of counters that were read. */
export function decisionCounts(values: Float64Array): Float64Array {
  return values.subarray(COLUMNS);
}

export function sumCounters(all: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(COLUMNS + BUCKETS);
  for (const values of all) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (values[i] ?? 0);
  return sum;
}
