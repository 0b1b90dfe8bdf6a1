/**
 * One turn of the event loop: whoever has something to write says so, and is asked to
 * write it once, when all that came in this turn has been read. Then whatever has come meanwhile is read past Node, and
 * so again, until there is nothing more, or others must have their turn.
 */
import type { Faulty } from "./faulty.ts";

export type Flushable = { readonly owner: Faulty; flush(): void };

/**
 * Turns in which nothing is read past Node's loop, once something has gone over a connection that many share: what is read
 * as soon as it is there goes on in small pieces (measured between sidecars: an eighth more CPU time).
 */
export const GATHERING_TURNS = 256;

/** As many where somebody takes less than comes: of 32 clients that had 1 MiB each time, the unlucky waited thrice as long. */
export const HELD_BACK_TURNS = 8;

/** Sockets that are read past Node's loop: how many had something. */
export interface Polled {
  poll(): number;
}

/**
 * So many that wait are written before the turn's end. What 1,600 connections have read in one turn is more than a
 * core's cache holds (measured: a third of their CPU time); of fewer than these a turn writes all at once, which is
 * cheaper than to take turns.
 */
export const RELIEVED_AT = 64;
/** Times in a row that sockets are read past Node's loop, which has timers, and accepts, and other sockets to look after. */
export const POLLS_MAX = 8;

/** Lists are emptied place by place: to set an array's length is a call into the engine's runtime. */
export class Turn {
  #waiting: (Flushable | undefined)[] = [];
  #other: (Flushable | undefined)[] = [];
  #count = 0;
  #isRunning = false;
  /** What is added now is written when those who were polled have been read. */
  #isPolling = false;
  /** Turns in which Node alone reads. */
  #gathering = 0;
  #polled: Polled | undefined;
  readonly #onFault: (error: unknown) => void;
  /** `#run` is to be called at this turn's end. */
  #isDue = false;
  readonly #run = (): void => {
    this.#isDue = false;
    this.#flush();
    for (let polls = 0; polls < POLLS_MAX; polls++) {
      if (this.#gathering > 0) {
        this.#gathering--;
        return;
      }
      if (!this.#poll()) return;
      this.#flush();
    }
    this.#runSoon();
  };

  /** `polled`: what is read past Node's loop, until it throws, which `onFault` is told. */
  constructor(polled?: Polled, onFault: (error: unknown) => void = () => {}) {
    this.#polled = polled;
    this.#onFault = onFault;
  }

  /** False where nothing had come. */
  #poll(): boolean {
    if (this.#polled === undefined) return false;
    this.#isPolling = true;
    try {
      return this.#polled.poll() > 0;
    } catch (error) {
      // Node reads all of them.
      this.#polled = undefined;
      this.#onFault(error);
      return true;
    } finally {
      this.#isPolling = false;
    }
  }

  #flush(): void {
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
  }

  /** Has what waits written now, where that is much: called where nobody is in the middle of a message. */
  relieve(): void {
    if (this.#count >= RELIEVED_AT && !this.#isRunning) this.#flush();
  }

  /** What is read goes on over a connection that many share: the more one write has of it, the better. */
  gather(): void {
    this.#gathering = GATHERING_TURNS;
  }

  /** A socket took less than it was given, and Node's loop tells when it takes more: who sends more must not be read more often. */
  holdBack(): void {
    this.#gathering = Math.max(this.#gathering, HELD_BACK_TURNS);
  }

  add(flushable: Flushable): void {
    this.#waiting[this.#count++] = flushable;
    if (!this.#isDue && !this.#isPolling) this.#runSoon();
  }

  /** Once a turn: whoever runs polls, and others would have no turn. */
  #runSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(this.#run);
  }
}
