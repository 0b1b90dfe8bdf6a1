/**
 * The access log's file: lines are gathered in one buffer while the other is being
 * written. A disk that does not keep up costs lines (counted), never requests.
 */
import { close, open, write } from "node:fs";
import { promisify } from "node:util";
import { ByteWriter } from "../record/byte-writer.ts";

const BUFFER_BYTES = 256 * 1024;
/** Written at once when this much is there, otherwise twice a second. */
const FLUSH_BYTES = 64 * 1024;
const FLUSH_MS = 500;

export class AccessLog {
  readonly #fd: number;
  #filling = new ByteWriter(BUFFER_BYTES);
  #other = new ByteWriter(BUFFER_BYTES);
  #isWriting = false;
  #isClosed = false;
  readonly #timer: NodeJS.Timeout;
  readonly #onIdle: (() => void)[] = [];

  private constructor(fd: number) {
    this.#fd = fd;
    this.#timer = setInterval(() => this.#flush(), FLUSH_MS);
    this.#timer.unref();
  }

  static async open(path: string): Promise<AccessLog> {
    return new AccessLog(await promisify<string, string, number, number>(open)(path, "a", 0o600));
  }

  /** The writer with room for a line of `bytes`, or undefined where the line is lost; `done` once it is written. */
  begin(bytes: number): ByteWriter | undefined {
    if (this.#filling.room < bytes) this.#flush();
    return this.#filling.room < bytes ? undefined : this.#filling;
  }

  done(): void {
    if (this.#filling.at >= FLUSH_BYTES && !this.#isWriting) this.#flush();
  }

  /** Writes what is there and closes the file. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    while (this.#isWriting || this.#filling.at > 0) {
      this.#flush();
      if (this.#isWriting) await new Promise<void>((done) => this.#onIdle.push(done));
    }
    await promisify(close)(this.#fd);
  }

  #flush(): void {
    if (this.#isWriting || this.#filling.at === 0) return;
    const full = this.#filling;
    this.#filling = this.#other;
    this.#other = full;
    this.#isWriting = true;
    this.#write(full, 0);
  }

  #write(full: ByteWriter, from: number): void {
    write(this.#fd, full.bytes, from, full.at - from, null, (error, written) => {
      if (error === null && from + written < full.at) return this.#write(full, from + written);
      full.at = 0;
      this.#isWriting = false;
      for (const done of this.#onIdle.splice(0)) done();
    });
  }
}
