/**
 * Monotonic time that is read once for each callback: what comes of a read from a socket is
 * dealt with in microseconds, and would ask for the time half a dozen times. Whoever takes
 * long says so by asking for `freshMs`.
 */
export class HeldClock {
  readonly #readMs: () => number;
  #heldMs = 0;
  #isHeld = false;

  constructor(readMs: () => number) {
    this.#readMs = readMs;
  }

  /** The time that is held, otherwise the time that it is. */
  readonly monoMs = (): number => (this.#isHeld ? this.#heldMs : this.#readMs());

  /** The time that it is, which is the one held from here on where one is. */
  readonly freshMs = (): number => {
    this.#heldMs = this.#readMs();
    return this.#heldMs;
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
