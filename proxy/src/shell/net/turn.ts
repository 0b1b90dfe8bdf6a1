/**
 * One turn of the event loop: whoever has something to write says so, and is asked to
 * write it once, when all that came in this turn has been read.
 */
import type { Faulty } from "./faulty.ts";

export type Flushable = { readonly owner: Faulty; flush(): void };

/**
 * So many that wait are written before the turn's end. What 1,600 connections have read in one turn is more than a
 * core's cache holds (measured: a third of their CPU time); of fewer than these a turn writes all at once, which is
 * cheaper than to take turns.
 */
export const RELIEVED_AT = 64;

/** Lists are emptied place by place: to set an array's length is a call into the engine's runtime. */
export class Turn {
  #waiting: (Flushable | undefined)[] = [];
  #other: (Flushable | undefined)[] = [];
  #count = 0;
  #isRunning = false;
  readonly #run = (): void => {
    const due = this.#waiting;
    const count = this.#count;
    this.#waiting = this.#other;
    this.#other = due;
    this.#count = 0;
    this.#isRunning = true;
    for (let index = 0; index < count; index++) {
      const flushable = due[index] as Flushable;
      due[index] = undefined;
      try {
        flushable.flush();
      } catch (error) {
        flushable.owner.onFault(error);
      }
    }
    this.#isRunning = false;
  };

  /** Has what waits written now, where that is much: called where nobody is in the middle of a message. */
  relieve(): void {
    if (this.#count >= RELIEVED_AT && !this.#isRunning) this.#run();
  }

  add(flushable: Flushable): void {
    this.#waiting[this.#count++] = flushable;
    if (this.#count === 1) setImmediate(this.#run);
  }
}
