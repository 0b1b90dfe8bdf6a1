/**
 * What this thread counted of the requests between two services: a row of numbers for
 * each edge, found once for a connection or a subset, so that counting is a few adds.
 * Each revision that decided has numbers of its own, for the newest few; a request counts
 * for the one that it began with.
 */
import type { RevisionId } from "@regomesh/protocol";
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
/** Behind them the final responses by the class of their status, 1xx to 5xx. */
export const CODE_CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;
export const CODE_CLASS_COLUMN = 5;
export const EDGE_COUNTERS = CODE_CLASS_COLUMN + CODE_CLASSES.length;
const WIDTH = EDGE_COUNTERS + BUCKETS;
/** A peer makes rows by showing principals that our own CA signed; beyond this they share the last row. */
const ROWS_MAX = 4096;
/** Revisions that are told apart: more than commits come between two reports. */
export const REVISIONS_MAX = 8;

/** `revision` is undefined for requests that ended after their revision was no longer told apart. */
export type EdgeCounts = EdgeKey & { readonly revision: RevisionId | undefined; readonly counts: Float64Array };
export type Outcome = "allowed" | "denied" | "limited" | "broken" | "abandoned";

/** The numbers of one revision. */
export class RevisionCounts {
  readonly revision: RevisionId | undefined;
  #counts = new Float64Array(16 * WIDTH);
  /** Where counts go once this revision is no longer told apart. */
  #successor: RevisionCounts | undefined = undefined;

  constructor(revision: RevisionId | undefined) {
    this.revision = revision;
  }

  /** Counts one request that ended; one whose client left is a request and a duration, but no result. */
  count(row: number, outcome: Outcome, status: number, durationMs: number): void {
    if (this.#successor === undefined) this.#add(row, outcome, status, durationMs);
    else this.#successor.count(row, outcome, status, durationMs);
  }

  /** Adds what it counted to `past`, and counts for `successor` from now on. */
  retire(past: RevisionCounts, successor: RevisionCounts): void {
    const sums = past.#room(this.#counts.length);
    for (let i = 0; i < this.#counts.length; i++) sums[i] = (sums[i] as number) + (this.#counts[i] as number);
    this.#counts = new Float64Array(0);
    this.#successor = successor;
  }

  /** A copy of every row that has counted anything. */
  read(keys: readonly EdgeKey[]): readonly EdgeCounts[] {
    const found: EdgeCounts[] = [];
    for (const [row, key] of keys.entries()) {
      const counts = this.#counts.slice(row * WIDTH, (row + 1) * WIDTH);
      if ((counts[EdgeColumn.requests] ?? 0) > 0) found.push({ ...key, revision: this.revision, counts });
    }
    return found;
  }

  #add(row: number, outcome: Outcome, status: number, durationMs: number): void {
    const at = row * WIDTH;
    const counts = this.#room(at + WIDTH);
    counts[at] = (counts[at] as number) + 1;
    let column: number = EdgeColumn.success;
    if (outcome === "abandoned") column = -1;
    else if (outcome === "denied") column = EdgeColumn.denied;
    else if (outcome === "limited") column = EdgeColumn.limited;
    else if (outcome === "broken" || status >= 500) column = EdgeColumn.failures;
    if (column >= 0) counts[at + column] = (counts[at + column] as number) + 1;
    const codeClass = Math.floor(status / 100);
    if (codeClass >= 1 && codeClass <= CODE_CLASSES.length) {
      const place = at + CODE_CLASS_COLUMN + codeClass - 1;
      counts[place] = (counts[place] as number) + 1;
    }
    const bucket = at + EDGE_COUNTERS + bucketOf(durationMs);
    counts[bucket] = (counts[bucket] as number) + 1;
  }

  #room(length: number): Float64Array {
    if (length <= this.#counts.length) return this.#counts;
    const counts = new Float64Array(Math.max(length, this.#counts.length * 2));
    counts.set(this.#counts);
    this.#counts = counts;
    return counts;
  }
}

export class EdgeTable {
  readonly #keys: EdgeKey[] = [];
  readonly #rows = new Map<string, number>();
  /** Newest first. */
  #live: readonly RevisionCounts[] = [];
  readonly #late = new RevisionCounts(undefined);
  readonly #past = new RevisionCounts(undefined);

  row(key: EdgeKey): number {
    const text = printKey(key);
    const known = this.#rows.get(text);
    if (known !== undefined) return known;
    const row = this.#keys.length;
    if (row === ROWS_MAX) return ROWS_MAX - 1;
    this.#keys.push(key);
    this.#rows.set(text, row);
    return row;
  }

  /** Throws for a row that was never given out. */
  keyOf(row: number): EdgeKey {
    const key = this.#keys[row];
    if (key === undefined) throw new Error("the row is one of this table");
    return key;
  }

  /** The numbers of a revision that comes in force; the same ones where it is told apart already. */
  enforce(revision: RevisionId): RevisionCounts {
    const known = this.#live.find((one) => isSameRevision(one.revision, revision));
    const counts = known ?? new RevisionCounts(revision);
    const ordered = [counts, ...this.#live.filter((one) => one !== known)];
    for (const old of ordered.slice(REVISIONS_MAX)) old.retire(this.#past, this.#late);
    this.#live = ordered.slice(0, REVISIONS_MAX);
    return counts;
  }

  /** Edges by revision, the newest first; then those that ended too late to be told apart. */
  read(): readonly EdgeCounts[] {
    return [...this.#live, this.#late].flatMap((counts) => counts.read(this.#keys));
  }

  /** What revisions have counted that are no longer told apart: totals over all time need it. */
  readPast(): readonly EdgeCounts[] {
    return this.#past.read(this.#keys);
  }
}

/** The sum over threads, edge by edge and revision by revision. */
export function sumEdges(tables: readonly (readonly EdgeCounts[])[]): readonly EdgeCounts[] {
  return sumBy(tables.flat(), (edge) => `${printKey(edge)}\n${edge.revision?.epoch}\n${edge.revision?.sequence}`);
}

/** The sum over revisions: what an edge has counted since the start. */
export function sumRevisions(edges: readonly EdgeCounts[]): readonly EdgeCounts[] {
  return sumBy(edges, printKey);
}

function sumBy(edges: readonly EdgeCounts[], keyOf: (edge: EdgeCounts) => string): readonly EdgeCounts[] {
  const sums = new Map<string, EdgeCounts>();
  for (const edge of edges) {
    const key = keyOf(edge);
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { ...edge, counts: edge.counts.slice() });
    else for (let i = 0; i < edge.counts.length; i++) sum.counts[i] = (sum.counts[i] ?? 0) + (edge.counts[i] ?? 0);
  }
  return [...sums.values()];
}

function printKey({ direction, peerService, peerPrincipal, service, subset, mtls }: EdgeKey): string {
  return [direction, peerService, peerPrincipal, service, subset, mtls].join("\n");
}

function isSameRevision(a: RevisionId | undefined, b: RevisionId): boolean {
  return a !== undefined && a.epoch === b.epoch && a.sequence === b.sequence;
}
