/** Bytes that wait their turn, in one buffer that grows by doubling. */
import { copyBytes } from "../../http1/copy-bytes.ts";

const BYTES_AT_FIRST = 1024;
const NOTHING = Buffer.alloc(0);

export class Waiting {
  #buffer: Buffer | undefined = undefined;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Copies bytes[start, end). */
  append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#bytes + end - start;
    const old = this.#buffer;
    if (old === undefined || old.length < needed) {
      let size = Math.max(BYTES_AT_FIRST, (old?.length ?? 0) * 2);
      while (size < needed) size *= 2;
      this.#buffer = Buffer.allocUnsafeSlow(size);
      if (old !== undefined) this.#buffer.set(old.subarray(0, this.#bytes));
    }
    if (this.#buffer !== undefined) copyBytes(this.#buffer, this.#bytes, bytes, start, end);
    this.#bytes = needed;
  }

  /** buffer[0, bytes) waits. */
  get buffer(): Uint8Array {
    return this.#buffer ?? NOTHING;
  }

  /** The first `count` bytes wait no longer. */
  drop(count: number): void {
    this.#bytes -= count;
    if (this.#bytes === 0) this.#buffer = undefined;
    else this.#buffer?.copyWithin(0, count, count + this.#bytes);
  }

  /** Everything, which is the caller's from here on; empty where there is nothing. */
  take(): Buffer {
    const taken = this.#buffer?.subarray(0, this.#bytes) ?? NOTHING;
    this.#buffer = undefined;
    this.#bytes = 0;
    return taken;
  }
}
