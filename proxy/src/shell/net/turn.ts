/**
 * One turn of the event loop: whoever has something to write says so, and is asked to
 * write it once, when all that came in this turn has been read.
 */
import type { Faulty } from "./faulty.ts";

export type Flushable = { readonly owner: Faulty; flush(): void };

export class Turn {
  #waiting: Flushable[] = [];
  #other: Flushable[] = [];
  #isScheduled = false;
  readonly #run = (): void => {
    const due = this.#waiting;
    this.#waiting = this.#other;
    this.#other = due;
    this.#isScheduled = false;
    for (const flushable of due) {
      try {
        flushable.flush();
      } catch (error) {
        flushable.owner.onFault(error);
      }
    }
    due.length = 0;
  };

  add(flushable: Flushable): void {
    this.#waiting.push(flushable);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#run);
  }
}
