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

/** Sockets that are read past Node's loop. */
export interface Polled {
  /** How many had something. */
  poll(): number;
  /** At the last poll something waited for Node's loop. */
  readonly isAwaited: boolean;
}

/**
 * So many that wait are written before the turn's end. What 1,600 connections have read in one turn is more than a
 * core's cache holds (measured: a third of their CPU time); of fewer than these a turn writes all at once, which is
 * cheaper than to take turns.
 */
export const RELIEVED_AT = 64;
/**
 * Reads of a turn after which what waits is written at its end alone. Node's loop goes on polling while 1,024 sockets have
 * something each time, up to 48 times, and new sockets, timers and whoever connects wait: where all is written at once,
 * the answers come within the same turn (seen: of 1,600 connections turns of four seconds).
 */
export const RELIEVED_READS_MAX = 1024;
/**
 * Times in a row that sockets are read past Node's loop, which has timers, and other sockets to look after; and how many are
 * read so, of many: a turn of 64 that are busy would else take thirty milliseconds. A connection that waits to be accepted
 * ends it: of 64 that came at once, where the others were busy, the last waited for a quarter of a second.
 */
export const POLLS_MAX = 8;
export const READS_MAX = 128;

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
  /** In which there was something to write. */
  turns = 0;
  /** Since the end of the last of them. */
  #reads = 0;
  /** `#run` is to be called at this turn's end. */
  #isDue = false;
  readonly #run = (): void => {
    this.#isDue = false;
    this.turns++;
    this.#reads = 0;
    this.#flush();
    let reads = 0;
    for (let polls = 0; polls < POLLS_MAX && reads < READS_MAX; polls++) {
      if (this.#gathering > 0) {
        this.#gathering--;
        return;
      }
      const count = this.#poll();
      if (count === 0) return;
      this.#flush();
      reads += count;
      if (this.#polled?.isAwaited === true) break;
    }
    this.#runSoon();
  };

  /** `polled`: what is read past Node's loop, until it throws, which `onFault` is told. */
  constructor(polled?: Polled, onFault: (error: unknown) => void = () => {}) {
    this.#polled = polled;
    this.#onFault = onFault;
  }

  /** How many had something. */
  #poll(): number {
    if (this.#polled === undefined) return 0;
    this.#isPolling = true;
    try {
      return this.#polled.poll();
    } catch (error) {
      // Node reads all of them.
      this.#polled = undefined;
      this.#onFault(error);
      return 1;
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

  /** Before each read: has what waits written, where that is much, for nobody is in the middle of a message. */
  relieve(): void {
    this.#reads++;
    if (this.#count >= RELIEVED_AT && this.#reads <= RELIEVED_READS_MAX && !this.#isRunning) this.#flush();
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
