/**
 * Write buffers that are used again and again: a fresh one for each write makes the
 * garbage collector the dearest part of a proxy (measured: 16–39 % of the rate of TLS
 * chains). A slab belongs to one writer from `take` to `giveBack`.
 */
export const SMALL_SLAB_BYTES = 4 * 1024;
export const LARGE_SLAB_BYTES = 64 * 1024;
/** Kept for reuse, of each size: what a busy proxy has in flight at once; more goes to the collector. */
const SMALL_KEPT_MAX = 1024;
const LARGE_KEPT_MAX = 64;

export class SlabPool {
  readonly #small: Buffer[] = [];
  readonly #large: Buffer[] = [];

  /** A slab with room for `bytes`; beyond the large size one of its own. */
  take(bytes: number): Buffer {
    if (bytes <= SMALL_SLAB_BYTES) return this.#small.pop() ?? Buffer.allocUnsafeSlow(SMALL_SLAB_BYTES);
    if (bytes <= LARGE_SLAB_BYTES) return this.#large.pop() ?? Buffer.allocUnsafeSlow(LARGE_SLAB_BYTES);
    return Buffer.allocUnsafeSlow(bytes);
  }

  giveBack(slab: Buffer): void {
    if (slab.length === SMALL_SLAB_BYTES) {
      if (this.#small.length < SMALL_KEPT_MAX) this.#small.push(slab);
    } else if (slab.length === LARGE_SLAB_BYTES && this.#large.length < LARGE_KEPT_MAX) this.#large.push(slab);
  }
}
