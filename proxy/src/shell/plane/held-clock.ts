/**
 * Monotonic time that is read once for each callback: what comes of a read from a socket is
 * dealt with in microseconds, and would ask for the time half a dozen times. Whoever takes
 * long says so by asking for `freshMs`. The time of day is read once for each millisecond of
 * it, which is all that it tells: to ask the system is a call out of compiled code.
 */
export class HeldClock {
  readonly #readMs: () => number;
  readonly #readWallMs: () => number;
  #heldMs = Number.NaN;
  #isHeld = false;
  #wallMs = 0;
  /** When `wallMs` was read. */
  #wallReadMs = Number.NEGATIVE_INFINITY;

  constructor(readMs: () => number, readWallMs: () => number) {
    this.#readMs = readMs;
    this.#readWallMs = readWallMs;
  }

  /** The time that is held, otherwise the time that it is. */
  readonly monoMs = (): number => (this.#isHeld ? this.#heldMs : this.#readMs());

  /** The time that it is, which is the one held from here on where one is. */
  readonly freshMs = (): number => {
    this.#heldMs = this.#readMs();
    return this.#heldMs;
  };

  /** The time of day; while a time is held, at most a millisecond of that ago. */
  readonly wallMs = (): number => {
    if (!this.#isHeld) return this.#readWallMs();
    if (this.#heldMs - this.#wallReadMs >= WALL_STEP_MS) {
      this.#wallMs = this.#readWallMs();
      this.#wallReadMs = this.#heldMs;
    }
    return this.#wallMs;
  };

  /** From here on it is one and the same time, until `letGo`; nothing that waits may come between. */
  hold(): void {
    this.#heldMs = this.#readMs();
    this.#isHeld = true;
  }

  letGo(): void {
    this.#isHeld = false;
  }
}

/** Of the time of day, where it is looked at from callback to callback. */
const WALL_STEP_MS = 1;
