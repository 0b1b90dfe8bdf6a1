/**
 * What is to be written on a connection, gathered: one write for a turn of the event loop,
 * however many streams have something to say in it.
 */
import { copyBytes } from "../http1/copy-bytes.ts";

const BYTES_AT_FIRST = 4096;
/** A larger buffer is not kept once it is written. */
const BYTES_KEPT = 64 * 1024;

export class Output {
  bytes: Uint8Array = new Uint8Array(BYTES_AT_FIRST);
  /** bytes[0, end) wait. */
  end = 0;

  /** Room for `count` bytes; their place. */
  reserve(count: number): number {
    const at = this.end;
    if (at + count > this.bytes.length) {
      let size = this.bytes.length;
      while (size < at + count) size *= 2;
      const larger = new Uint8Array(size);
      larger.set(this.bytes.subarray(0, at));
      this.bytes = larger;
    }
    this.end = at + count;
    return at;
  }

  /** A copy of bytes[from, to). */
  append(bytes: Uint8Array, from: number, to: number): void {
    const at = this.reserve(to - from);
    copyBytes(this.bytes, at, bytes, from, to);
  }

  /** What waits, as the writer's own: it is not written to again. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.end);
    this.bytes = new Uint8Array(Math.min(this.bytes.length, BYTES_KEPT));
    this.end = 0;
    return taken;
  }

  /** What waits was copied or written away: its room is used again. */
  clear(): void {
    this.end = 0;
    if (this.bytes.length > BYTES_KEPT) this.bytes = new Uint8Array(BYTES_AT_FIRST);
  }
}
