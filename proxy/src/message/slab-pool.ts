/**
 * Write buffers that are used again and again: a fresh one for each write makes the
 * garbage collector the dearest part of a proxy (measured: 16–39 % of the rate of TLS
 * chains). A slab belongs to one writer from `take` to `giveBack`.
 */
export const SMALL_SLAB_BYTES = 4 * 1024;
export const LARGE_SLAB_BYTES = 64 * 1024;
/**
 * Kept for reuse, of each size: what a busy proxy has in flight at once (of large ones what 64 connections
 * with full buffers hold, 16 MiB); more goes to the collector, which comes by itself for memory that is made
 * and dropped at that rate, and holds more of it meanwhile than these are.
 */
const SMALL_KEPT_MAX = 1024;
const LARGE_KEPT_MAX = 256;

/**
 * Bytes of slabs that a thread's writers may hold together before each is held shorter:
 * what 1,000 connections with full buffers hold.
 */
const SCARCE_BYTES = 256 * 1024 * 1024;
/** Beyond this no request begins: a thread that is told to hold more is being attacked, or too small. */
const EXHAUSTED_BYTES = 384 * 1024 * 1024;

export type SlabLimits = { readonly scarceBytes: number; readonly exhaustedBytes: number };

export class SlabPool {
  readonly #small: Buffer[] = [];
  readonly #large: Buffer[] = [];
  readonly #limits: SlabLimits;
  readonly #makeSmall: () => Buffer | undefined;
  #heldBytes = 0;

  /** `makeSmall`: where small slabs come from that lie where they should; undefined where it has no more. */
  constructor(
    limits: SlabLimits = { scarceBytes: SCARCE_BYTES, exhaustedBytes: EXHAUSTED_BYTES },
    makeSmall: () => Buffer | undefined = () => undefined,
  ) {
    this.#limits = limits;
    this.#makeSmall = makeSmall;
  }

  /** Bytes of slabs that were taken and not given back. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get isScarce(): boolean {
    return this.#heldBytes >= this.#limits.scarceBytes;
  }

  get isExhausted(): boolean {
    return this.#heldBytes >= this.#limits.exhaustedBytes;
  }

  /** A slab with room for `bytes`; beyond the large size one of its own. */
  take(bytes: number): Buffer {
    const slab = this.#find(bytes);
    this.#heldBytes += slab.length;
    return slab;
  }

  #find(bytes: number): Buffer {
    if (bytes <= SMALL_SLAB_BYTES)
      return this.#small.pop() ?? this.#makeSmall() ?? Buffer.allocUnsafeSlow(SMALL_SLAB_BYTES);
    if (bytes <= LARGE_SLAB_BYTES) return this.#large.pop() ?? Buffer.allocUnsafeSlow(LARGE_SLAB_BYTES);
    return Buffer.allocUnsafeSlow(bytes);
  }

  giveBack(slab: Buffer): void {
    const bytes = slab.length;
    this.#heldBytes -= bytes;
    if (bytes === SMALL_SLAB_BYTES) {
      if (this.#small.length < SMALL_KEPT_MAX) this.#small.push(slab);
    } else if (bytes === LARGE_SLAB_BYTES && this.#large.length < LARGE_KEPT_MAX) this.#large.push(slab);
  }

  /** Counts a slab out that a closed socket may still read, so that nobody may have it again. */
  letGo(slab: Buffer): void {
    this.#heldBytes -= slab.length;
  }
}
