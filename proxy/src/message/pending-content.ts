/** Content of a stream that waits for the other end's windows, in slabs, in its order. */
import { copyBytes } from "../http1/copy-bytes.ts";
import { LARGE_SLAB_BYTES, type SlabPool } from "./slab-pool.ts";

export class PendingContent {
  readonly #slabs: SlabPool;
  readonly #waiting: Buffer[] = [];
  /** Where what waits starts in the first slab, and ends in the last. */
  #start = 0;
  #end = 0;
  bytes = 0;

  constructor(slabs: SlabPool) {
    this.#slabs = slabs;
  }

  /** Keeps a copy of bytes[from, to). */
  append(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (at < to) {
      let last = this.#waiting.at(-1);
      if (last === undefined || this.#end === last.length) {
        last = this.#slabs.take(Math.min(to - at, LARGE_SLAB_BYTES));
        this.#waiting.push(last);
        this.#end = 0;
      }
      const count = Math.min(to - at, last.length - this.#end);
      copyBytes(last, this.#end, bytes, at, at + count);
      this.#end += count;
      at += count;
    }
    this.bytes += Math.max(0, to - from);
  }

  /** Offers what waits, at most `bytesMax` of it, until less is taken than offered; how much was taken. */
  send(take: (bytes: Uint8Array, from: number, to: number) => number, bytesMax: number): number {
    let sent = 0;
    for (let first = this.#waiting[0]; first !== undefined && sent < bytesMax; first = this.#waiting[0]) {
      const end = this.#waiting.length === 1 ? this.#end : first.length;
      const to = Math.min(end, this.#start + bytesMax - sent);
      const count = take(first, this.#start, to);
      const isAll = count === to - this.#start;
      this.#start += count;
      sent += count;
      if (this.#start === end) this.#shift();
      if (!isAll) break;
    }
    this.bytes -= sent;
    return sent;
  }

  #shift(): void {
    this.#slabs.giveBack(this.#waiting.shift() as Buffer);
    this.#start = 0;
  }

  /** Nothing of it is wanted any more. */
  drop(): void {
    if (this.#waiting.length === 0) return;
    for (const slab of this.#waiting.splice(0)) this.#slabs.giveBack(slab);
    this.#start = 0;
    this.#end = 0;
    this.bytes = 0;
  }
}
