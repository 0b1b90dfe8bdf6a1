/** A header block that comes in several frames: HEADERS, and CONTINUATIONs behind it with nothing between. */
import { KEPT_BYTES_MAX } from "../http1/limits.ts";
import type { Http2Limits } from "./limits.ts";
import { NO_BYTES } from "./told.ts";

const BYTES_AT_FIRST = 4096;

export class HeaderBlock {
  /** Whose block it is; 0: none has begun. */
  stream = 0;
  /** Of its HEADERS. */
  flags = 0;
  bytes: Uint8Array = NO_BYTES;
  length = 0;
  #continuations = 0;
  readonly #limits: Http2Limits;

  constructor(limits: Http2Limits) {
    this.#limits = limits;
  }

  begin(stream: number): void {
    this.stream = stream;
    this.length = 0;
    this.#continuations = 0;
  }

  /** It is dealt with: nothing large is kept of it. */
  rest(): void {
    if (this.stream === 0 && this.bytes.length > KEPT_BYTES_MAX) this.bytes = NO_BYTES;
  }

  /** Counts one more frame; false where that is too many. */
  continues(): boolean {
    return ++this.#continuations <= this.#limits.continuationsMax;
  }

  /** Keeps a copy of bytes[from, to); false where the block is longer than any that means well. */
  gather(bytes: Uint8Array, from: number, to: number): boolean {
    const length = this.length + to - from;
    if (length > this.#limits.blockBytesMax) return false;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.bytes.length * 2, BYTES_AT_FIRST));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(bytes.subarray(from, to), this.length);
    this.length = length;
    return true;
  }
}
