/**
 * What this thread's requests were answered with by the mesh itself: counts by edge and reason.
 * Reasons are a closed list, edges are bounded by their table, and so are the pairs of them here.
 */
import type { Reason } from "../filter/reason.ts";
import type { EdgeKey } from "./edge-table.ts";

/** A row has few reasons; beyond this, new pairs count as of no edge. */
const PAIRS_MAX = 2048;

export type OwnAnswers = EdgeKey & { readonly reason: Reason; readonly count: number };

export class OwnAnswerTable {
  /** By reason and then by row; rows below 0 are of no edge: -1 inbound, -2 outbound. */
  readonly #counts = new Map<Reason, Map<number, number>>();
  #pairs = 0;

  /** `row` of the edge table; -1: of no edge. */
  count(direction: EdgeKey["direction"], row: number, reason: Reason): void {
    let rows = this.#counts.get(reason);
    if (rows === undefined) {
      rows = new Map();
      this.#counts.set(reason, rows);
    }
    const none = direction === "inbound" ? -1 : -2;
    const wanted = row < 0 ? none : row;
    const known = rows.get(wanted);
    if (known !== undefined) return void rows.set(wanted, known + 1);
    const place = this.#pairs < PAIRS_MAX ? wanted : none;
    if (!rows.has(place)) this.#pairs++;
    rows.set(place, (rows.get(place) ?? 0) + 1);
  }

  read(keyOf: (row: number) => EdgeKey): readonly OwnAnswers[] {
    return [...this.#counts].flatMap(([reason, rows]) =>
      [...rows].map(([row, count]) => ({ ...(row < 0 ? noEdge(row) : keyOf(row)), reason, count })),
    );
  }
}

/** The sum over threads. */
export function sumOwnAnswers(tables: readonly (readonly OwnAnswers[])[]): readonly OwnAnswers[] {
  const sums = new Map<string, OwnAnswers>();
  for (const one of tables.flat()) {
    const { direction, peerService, peerPrincipal, service, subset, mtls, reason } = one;
    const key = [direction, peerService, peerPrincipal, service, subset, mtls, reason].join("\n");
    sums.set(key, { ...one, count: one.count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()];
}

function noEdge(row: number): EdgeKey {
  const direction = row === -1 ? "inbound" : "outbound";
  return { direction, peerService: "", peerPrincipal: "", service: "", subset: "", mtls: false };
}
