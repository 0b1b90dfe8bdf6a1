/** A count that runs down with time: whether a peer does too often what a peer may do sometimes. */
import type { Http2Limits, Rate } from "./limits.ts";

class FloodGuard {
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

/** Of a connection. */
export class FloodGuards {
  readonly resets: FloodGuard;
  readonly faults: FloodGuard;
  readonly idleFrames: FloodGuard;
  readonly emptyFrames: FloodGuard;

  constructor({ resets, faults, idleFrames, emptyFrames }: Http2Limits) {
    this.resets = new FloodGuard(resets);
    this.faults = new FloodGuard(faults);
    this.idleFrames = new FloodGuard(idleFrames);
    this.emptyFrames = new FloodGuard(emptyFrames);
  }
}
