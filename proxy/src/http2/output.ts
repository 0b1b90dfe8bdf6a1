/**
 * What is to be written on a connection, gathered: one write for a turn of the event loop,
 * however many streams have something to say in it. A connection that has nothing to say
 * holds no buffer.
 */
import { copyBytes } from "../http1/copy-bytes.ts";
import { LARGE_SLAB_BYTES } from "../message/slab-pool.ts";
import { FRAME_BYTES_LEAST, FRAME_HEADER_BYTES } from "./frame.ts";
import { NO_BYTES } from "./told.ts";

/** Where buffers come from, and go back to. */
export interface Buffers {
  /** One with room for so many bytes, or more. */
  take(bytes: number): Uint8Array;
  giveBack(buffer: Uint8Array): void;
}

const BYTES_AT_FIRST = 4096;
/** A frame more would ask for a buffer above the largest that is kept for reuse. */
const FULL_BYTES = LARGE_SLAB_BYTES - FRAME_BYTES_LEAST - FRAME_HEADER_BYTES;
const NEW_ONES: Buffers = { take: (bytes) => new Uint8Array(bytes), giveBack: () => {} };

export class Output {
  bytes: Uint8Array = NO_BYTES;
  /** bytes[0, end) wait. */
  end = 0;
  /** Goes up as what waits is taken: a place in `bytes` is one no longer. */
  takes = 0;
  #buffers = NEW_ONES;
  #onFull = (): void => {};

  /** Buffers come from here from now on; `onFull` may take what waits. */
  use(buffers: Buffers, onFull: () => void): void {
    this.#buffers = buffers;
    this.#onFull = onFull;
    const old = this.bytes;
    if (old.length === 0) return;
    this.bytes = buffers.take(Math.max(this.end, BYTES_AT_FIRST));
    copyBytes(this.bytes, 0, old, 0, this.end);
  }

  /** What waits should go on before there is more of it. */
  get isFull(): boolean {
    return this.end > FULL_BYTES;
  }

  /** Between frames: has what waits taken where it is much. */
  spill(): void {
    if (this.isFull) this.#onFull();
  }

  /** Room for `count` bytes; their place. */
  reserve(count: number): number {
    const at = this.end;
    if (at + count > this.bytes.length) this.#move(at + count);
    this.end = at + count;
    return at;
  }

  /** A copy of bytes[from, to). */
  append(bytes: Uint8Array, from: number, to: number): void {
    const at = this.reserve(to - from);
    copyBytes(this.bytes, at, bytes, from, to);
  }

  #move(bytesLeast: number): void {
    const old = this.bytes;
    const size = Math.max(bytesLeast, Math.min(old.length * 2, bytesLeast * 2), BYTES_AT_FIRST);
    this.bytes = this.#buffers.take(size);
    copyBytes(this.bytes, 0, old, 0, Math.min(this.end, old.length));
    if (old.length > 0) this.#buffers.giveBack(old);
  }

  /** The buffer in which bytes[0, end) wait, as the caller's own. */
  takeBuffer(): Uint8Array {
    const taken = this.bytes;
    this.bytes = NO_BYTES;
    this.end = 0;
    this.takes++;
    return taken;
  }

  /** What waits, as the caller's own; of buffers that are not to be given back. */
  take(): Uint8Array {
    const { end } = this;
    return this.takeBuffer().subarray(0, end);
  }

  /** What waits is nobody's any more. */
  clear(): void {
    const buffer = this.takeBuffer();
    if (buffer.length > 0) this.#buffers.giveBack(buffer);
  }
}
