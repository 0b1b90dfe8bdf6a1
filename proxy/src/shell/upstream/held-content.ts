/**
 * The first content of a request, as it goes on the wire: what came before there was a
 * connection, and what a retry sends again. Beyond its bound it is let go, and with it
 * the chance to try again.
 */
import { copyBytes } from "../../http1/copy-bytes.ts";
import type { Outgoing } from "../net/outgoing.ts";
import { LARGE_SLAB_BYTES, type SlabPool } from "../net/slab-pool.ts";

/** Content that a retry can still send: Linkerd's bound. */
export const HELD_BYTES_MAX = 64 * 1024;

export class HeldContent {
  readonly #slabs: SlabPool;
  readonly #full: Buffer[] = [];
  #slab: Buffer | undefined = undefined;
  #used = 0;
  #bytes = 0;
  /** Everything that ever came is still here. */
  isWhole = true;

  constructor(slabs: SlabPool) {
    this.#slabs = slabs;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(source: Uint8Array, start: number, end: number): void {
    let from = start;
    while (from < end) {
      if (this.#slab === undefined || this.#used === this.#slab.length) {
        if (this.#slab !== undefined) this.#full.push(this.#slab);
        this.#slab = this.#slabs.take(Math.min(end - from, LARGE_SLAB_BYTES));
        this.#used = 0;
      }
      const bytes = Math.min(end - from, this.#slab.length - this.#used);
      copyBytes(this.#slab, this.#used, source, from, from + bytes);
      this.#used += bytes;
      from += bytes;
    }
    this.#bytes += Math.max(0, end - start);
  }

  sendTo(out: Outgoing): void {
    for (const slab of this.#full) out.append(slab, 0, slab.length);
    if (this.#slab !== undefined) out.append(this.#slab, 0, this.#used);
  }

  /** A copy of everything held, behind `head`. */
  copyBehind(head: Uint8Array): Buffer {
    const parts = this.#slab === undefined ? this.#full : [...this.#full, this.#slab.subarray(0, this.#used)];
    return Buffer.concat([head, ...parts]);
  }

  /** Lets go of the bytes, and holds no more of this request's: no retry can send them. */
  drop(): void {
    this.isWhole = false;
    this.#free();
  }

  /** For the next request. */
  reset(): void {
    this.#free();
    this.isWhole = true;
  }

  #free(): void {
    for (const slab of this.#full) this.#slabs.giveBack(slab);
    this.#full.length = 0;
    if (this.#slab !== undefined) this.#slabs.giveBack(this.#slab);
    this.#slab = undefined;
    this.#used = 0;
    this.#bytes = 0;
  }
}
