/**
 * What this thread counted of the requests between two services: a row of numbers for
 * each edge, found once for a connection or a subset, so that counting is a few adds.
 */
import { BUCKETS, bucketOf } from "./histogram.ts";

export type EdgeKey = {
  readonly direction: "inbound" | "outbound";
  /** Service at the other end; "" where only the principal is known. */
  readonly peerService: string;
  readonly peerPrincipal: string;
  readonly service: string;
  readonly subset: string;
  readonly mtls: boolean;
};

export const EdgeColumn = { requests: 0, success: 1, failures: 2, denied: 3, limited: 4 } as const;
export const EDGE_COUNTERS = 5;
const WIDTH = EDGE_COUNTERS + BUCKETS;
/** A peer makes rows by showing principals that our own CA signed; beyond this they share the last row. */
const ROWS_MAX = 4096;

export type EdgeCounts = EdgeKey & { readonly counts: Float64Array };
export type Outcome = "allowed" | "denied" | "limited" | "broken" | "invalid";

export class EdgeTable {
  readonly #keys: EdgeKey[] = [];
  readonly #rows = new Map<string, number>();
  #counts = new Float64Array(16 * WIDTH);

  row(key: EdgeKey): number {
    const text = [key.direction, key.peerService, key.peerPrincipal, key.service, key.subset, key.mtls].join("\n");
    const known = this.#rows.get(text);
    if (known !== undefined) return known;
    const row = this.#keys.length;
    if (row === ROWS_MAX) return ROWS_MAX - 1;
    this.#keys.push(key);
    this.#rows.set(text, row);
    if ((row + 1) * WIDTH > this.#counts.length) {
      const counts = new Float64Array(this.#counts.length * 2);
      counts.set(this.#counts);
      this.#counts = counts;
    }
    return row;
  }

  /** Counts one request that ended. */
  count(row: number, outcome: Outcome, status: number, durationMs: number): void {
    const counts = this.#counts;
    const at = row * WIDTH;
    counts[at] = (counts[at] as number) + 1;
    let column: number = EdgeColumn.success;
    if (outcome === "denied") column = EdgeColumn.denied;
    else if (outcome === "limited") column = EdgeColumn.limited;
    else if (outcome === "broken" || status >= 500) column = EdgeColumn.failures;
    counts[at + column] = (counts[at + column] as number) + 1;
    const bucket = at + EDGE_COUNTERS + bucketOf(durationMs);
    counts[bucket] = (counts[bucket] as number) + 1;
  }

  /** A copy of every row. */
  read(): readonly EdgeCounts[] {
    return this.#keys.map((key, row) => ({ ...key, counts: this.#counts.slice(row * WIDTH, (row + 1) * WIDTH) }));
  }
}

/** The sum over threads, row by row. */
export function sumEdges(tables: readonly (readonly EdgeCounts[])[]): readonly EdgeCounts[] {
  const sums = new Map<string, EdgeCounts>();
  for (const edge of tables.flat()) {
    const key = [edge.direction, edge.peerService, edge.peerPrincipal, edge.service, edge.subset, edge.mtls].join("\n");
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { ...edge, counts: edge.counts.slice() });
    else for (let i = 0; i < edge.counts.length; i++) sum.counts[i] = (sum.counts[i] ?? 0) + (edge.counts[i] ?? 0);
  }
  return [...sums.values()];
}
