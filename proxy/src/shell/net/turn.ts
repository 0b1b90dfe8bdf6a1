/**
 * One turn of the event loop: whoever has something to write says so, and is asked to
 * write it once, when all that came in this turn has been read.
 */
import type { Faulty } from "./faulty.ts";

export type Flushable = { readonly owner: Faulty; flush(): void };

/** Lists are emptied place by place: to set an array's length is a call into the engine's runtime. */
export class Turn {
  #waiting: (Flushable | undefined)[] = [];
  #other: (Flushable | undefined)[] = [];
  #count = 0;
  readonly #run = (): void => {
    const due = this.#waiting;
    const count = this.#count;
    this.#waiting = this.#other;
    this.#other = due;
    this.#count = 0;
    for (let index = 0; index < count; index++) {
      const flushable = due[index] as Flushable;
      due[index] = undefined;
      try {
        flushable.flush();
      } catch (error) {
        flushable.owner.onFault(error);
      }
    }
  };

  add(flushable: Flushable): void {
    this.#waiting[this.#count++] = flushable;
    if (this.#count === 1) setImmediate(this.#run);
  }
}
