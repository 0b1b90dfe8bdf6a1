/** Bytes that came before their turn, in one buffer that grows by doubling; bounded by whoever stops reading. */
const BYTES_AT_FIRST = 1024;

export class Stash {
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
    this.#buffer?.set(bytes.subarray(start, end), this.#bytes);
    this.#bytes = needed;
  }

  /** Everything, which is the caller's from here on; empty where there is nothing. */
  take(): Buffer {
    const taken = this.#buffer?.subarray(0, this.#bytes) ?? NOTHING;
    this.#buffer = undefined;
    this.#bytes = 0;
    return taken;
  }
}

const NOTHING = Buffer.alloc(0);
