/**
 * The first content of a request, without any framing: what came before there was a
 * connection, and what a retry sends again. Beyond its bound it is let go, and with it
 * the chance to try again.
 */
import { copyBytes } from "../http1/copy-bytes.ts";
import { type Head, NO_TRAILERS } from "../http1/head.ts";
import { HeadReader } from "../http1/head-reader.ts";
import { DEFAULT_CODEC_LIMITS } from "../http1/limits.ts";
import { LARGE_SLAB_BYTES, type SlabPool } from "../message/slab-pool.ts";
import type { UpstreamStream } from "./upstream-stream.ts";

/** Content that a retry can still send: Linkerd's bound. */
export const HELD_BYTES_MAX = 64 * 1024;

export class HeldContent {
  readonly #slabs: SlabPool;
  /** Of as many as there are before the last, `#slab`. */
  readonly #full: Buffer[] = [];
  #slab: Buffer | undefined = undefined;
  #used = 0;
  #bytes = 0;
  #isEnded = false;
  #trailers: Head | undefined = undefined;
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

  /** Nothing more will come. Trailers are kept as a copy, for their bytes are used up with this call. */
  end(trailers: Head): void {
    this.#isEnded = true;
    this.#trailers = trailers.fieldCount === 0 ? NO_TRAILERS : copyTrailers(trailers);
  }

  sendTo(stream: UpstreamStream): void {
    if (this.#slab !== undefined) {
      for (const slab of this.#full) stream.sendContent(slab, 0, slab.length);
      stream.sendContent(this.#slab, 0, this.#used);
    }
    if (this.#isEnded) stream.sendEnd(this.#trailers ?? NO_TRAILERS);
  }

  /** A copy of all content, which the caller may keep, and the trailers. */
  copy(): { readonly content: Uint8Array; readonly trailers: Head } {
    const parts = this.#slab === undefined ? this.#full : [...this.#full, this.#slab.subarray(0, this.#used)];
    return { content: Buffer.concat(parts), trailers: this.#trailers ?? NO_TRAILERS };
  }

  /** Lets go of the bytes, and holds no more of this request's: no retry can send them. */
  drop(): void {
    this.isWhole = false;
    this.#free();
  }

  /** For the next request. */
  reset(): void {
    this.#free();
    this.#isEnded = false;
    this.#trailers = undefined;
    this.isWhole = true;
  }

  #free(): void {
    if (this.#slab === undefined) return;
    for (const slab of this.#full) this.#slabs.giveBack(slab);
    this.#full.length = 0;
    this.#slabs.giveBack(this.#slab);
    this.#slab = undefined;
    this.#used = 0;
    this.#bytes = 0;
  }
}

/** The same fields in bytes of their own; those that were withheld are left out. */
export function copyTrailers(trailers: Head): Head {
  const reader = new HeadReader("trailers", DEFAULT_CODEC_LIMITS);
  const lines: string[] = [];
  for (let index = 0; index < trailers.fieldCount; index++) {
    if (trailers.marks[index] === 0) lines.push(`${trailers.nameText(index)}: ${trailers.valueText(index)}\r\n`);
  }
  const bytes = Buffer.from(`${lines.join("")}\r\n`, "latin1");
  reader.feed(bytes, 0, bytes.length);
  return reader.head;
}
