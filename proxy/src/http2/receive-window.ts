/**
 * What a peer may still send, of a stream or a connection (RFC 9113, section 5.2). Given back
 * as it is used up, in portions of half the window. A window whose peer filled it before the first
 * portion went back is what slows that peer down, and doubles, up to its bound.
 */
export class ReceiveWindow {
  /** What the peer may send now. */
  available: number;
  #size: number;
  readonly #sizeMax: number;
  /** Taken by our side, not yet given back. */
  #taken = 0;

  constructor(size: number, sizeMax: number) {
    this.available = size;
    this.#size = size;
    this.#sizeMax = sizeMax;
  }

  /** `count` bytes came; false where the peer sent more than it may. */
  receive(count: number): boolean {
    this.available -= count;
    return this.available >= 0;
  }

  /** Our side is done with `count` bytes; the increment that is now to be told, or 0. */
  release(count: number): number {
    this.#taken += count;
    if (this.#taken * 2 < this.#size) return 0;
    let increment = this.#taken;
    if (this.available * 4 < this.#size && this.#size < this.#sizeMax) {
      const grown = Math.min(this.#sizeMax, this.#size * 2);
      increment += grown - this.#size;
      this.#size = grown;
    }
    this.#taken = 0;
    this.available += increment;
    return increment;
  }
}
