/** A count that runs down with time: whether a peer does too often what a peer may do sometimes. */
import type { Rate } from "./limits.ts";

export class FloodGuard {
  readonly #rate: Rate;
  #count = 0;
  #countedMs = 0;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Counts one more; false where that is too many. */
  takes(nowMs: number): boolean {
    const past = Math.max(0, nowMs - this.#countedMs);
    this.#count = Math.max(0, this.#count - (past * this.#rate.perSecond) / 1000) + 1;
    this.#countedMs = nowMs;
    return this.#count <= this.#rate.burst;
  }
}
