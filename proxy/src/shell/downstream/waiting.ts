/** Bytes that wait their turn, in one slab; a larger one where they outgrow it. */
import { copyBytes } from "../../http1/copy-bytes.ts";
import type { SlabPool } from "../../message/slab-pool.ts";

export class Waiting {
  readonly #slabs: SlabPool;
  #slab: Buffer | undefined = undefined;
  #bytes = 0;

  constructor(slabs: SlabPool) {
    this.#slabs = slabs;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Copies bytes[start, end). */
  append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#bytes + end - start;
    const old = this.#slab;
    if (old === undefined || old.length < needed) {
      this.#slab = this.#slabs.take(Math.max(needed, (old?.length ?? 0) * 2));
      if (old !== undefined) {
        copyBytes(this.#slab, 0, old, 0, this.#bytes);
        this.#slabs.giveBack(old);
      }
    }
    if (this.#slab !== undefined) copyBytes(this.#slab, this.#bytes, bytes, start, end);
    this.#bytes = needed;
  }

  /** Hands bytes[0, length) over; they are used up when `use` returns, and what it appends waits anew. */
  take(use: (bytes: Buffer, length: number) => void): void {
    const slab = this.#slab;
    if (slab === undefined) return;
    const length = this.#bytes;
    this.#slab = undefined;
    this.#bytes = 0;
    try {
      use(slab, length);
    } finally {
      this.#slabs.giveBack(slab);
    }
  }

  drop(): void {
    this.take(() => {});
  }
}
