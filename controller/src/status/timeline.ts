/** What happened when: seconds for rates, points of five seconds for the last ten minutes. */
import type { HistoryPoint } from "../api/graph.ts";
import { add, EMPTY, quantile, sumOf, type Tally } from "./tally.ts";

/** Long enough that a rate of one a second does not flicker, short enough to show a change. */
const RATE_WINDOW_MS = 5000;
/** Percentiles need more requests than rates do. */
const LATENCY_WINDOW_MS = 15_000;
const SECOND_MS = 1000;
const POINT_MS = 5000;
const POINTS_MAX = 120;

export class Timeline {
  readonly #seconds = new Map<number, Tally>();
  readonly #points = new Map<number, Tally>();
  #firstMs: number | undefined;
  #total: Tally = EMPTY;

  /** Everything since the start. */
  get total(): Tally {
    return this.#total;
  }

  record(change: Tally, nowMs: number): void {
    this.#firstMs ??= nowMs;
    this.#total = add(this.#total, change);
    put(this.#seconds, Math.floor(nowMs / SECOND_MS), change, LATENCY_WINDOW_MS / SECOND_MS + 1);
    put(this.#points, Math.floor(nowMs / POINT_MS), change, POINTS_MAX + 1);
  }

  /** What came within the last seconds, and how long they are. */
  recent(nowMs: number): { readonly tally: Tally; readonly seconds: number } {
    const ageMs = nowMs - (this.#firstMs ?? nowMs) + SECOND_MS;
    return { tally: this.#sum(nowMs, RATE_WINDOW_MS), seconds: Math.min(RATE_WINDOW_MS, ageMs) / 1000 };
  }

  /** What came within the time that percentiles are of. */
  lately(nowMs: number): Tally {
    return this.#sum(nowMs, LATENCY_WINDOW_MS);
  }

  /** Whether anything came within the last ten minutes. */
  isAlive(nowMs: number): boolean {
    const oldest = Math.floor(nowMs / POINT_MS) - POINTS_MAX;
    return [...this.#points].some(([at, tally]) => at > oldest && tally.requests > 0);
  }

  /** The last ten minutes, oldest first, the running point last; quiet ones are there too. */
  history(nowMs: number): readonly HistoryPoint[] {
    if (this.#firstMs === undefined) return [];
    const last = Math.floor(nowMs / POINT_MS);
    const first = Math.max(Math.floor(this.#firstMs / POINT_MS), last - POINTS_MAX + 1);
    const points: HistoryPoint[] = [];
    for (let at = first; at <= last; at++) {
      const tally = this.#points.get(at) ?? EMPTY;
      const seconds = at === last ? Math.max(1, (nowMs - at * POINT_MS) / 1000) : POINT_MS / 1000;
      const p99Ms = quantile(tally, 0.99);
      points.push({
        atMs: at * POINT_MS,
        requestsPerSecond: tally.requests / seconds,
        failuresPerSecond: tally.failures / seconds,
        refusedPerSecond: (tally.denied + tally.limited) / seconds,
        ...(p99Ms === undefined ? {} : { p99Ms }),
      });
    }
    return points;
  }

  #sum(nowMs: number, windowMs: number): Tally {
    const oldest = Math.floor((nowMs - windowMs) / SECOND_MS);
    return sumOf([...this.#seconds].flatMap(([at, tally]) => (at > oldest && tally !== EMPTY ? [tally] : [])));
  }
}

function put(slots: Map<number, Tally>, at: number, change: Tally, slotsMax: number): void {
  slots.set(at, add(slots.get(at) ?? EMPTY, change));
  for (const slot of slots.keys()) if (slot <= at - slotsMax) slots.delete(slot);
}
