/**
 * The access log's file: lines are gathered in one buffer while the other is being
 * written. A disk that takes nothing is asked again, from where it stopped, so that no line
 * is torn; one that does not keep up costs lines (counted), never requests. A file that cannot be
 * opened is tried again, for a sidecar serves without it. Whoever rotates the file moves it and
 * has it opened anew by its path.
 */
import { close, constants, open, write } from "node:fs";
import { open as openHandle } from "node:fs/promises";
import { promisify } from "node:util";
import { diskReason, type Log, type LogFormat, SILENT } from "@regomesh/base";
import { ByteWriter } from "../../record/byte-writer.ts";

const BUFFER_BYTES = 256 * 1024;
/** Written at once when this much is there, otherwise twice a second: a write costs 20 to 50 µs, to wake the thread that does it, whatever its size. */
const FLUSH_BYTES = 192 * 1024;
const FLUSH_MS = 500;

export class AccessLog {
  readonly #path: string;
  /** How lines are written by those who write them. */
  readonly format: LogFormat;
  /** Undefined while the file cannot be opened. */
  #fd: number | undefined = undefined;
  #isOpening = false;
  /** Takes the place of the file as soon as nothing is being written. */
  #next: number | undefined = undefined;
  #onLines: (lines: number) => void = () => {};
  #log: Log = SILENT;
  /** The last write failed. */
  #isFailing = false;
  /** Tries at once what waits for the disk. */
  #again: (() => void) | undefined = undefined;
  readonly #hear: (trouble: string | undefined) => void;
  #filling = new ByteWriter(BUFFER_BYTES);
  #other = new ByteWriter(BUFFER_BYTES);
  #isWriting = false;
  #isClosed = false;
  readonly #timer: NodeJS.Timeout;
  readonly #onIdle: (() => void)[] = [];

  private constructor(path: string, hear: (trouble: string | undefined) => void, format: LogFormat) {
    this.#path = path;
    this.format = format;
    this.#hear = hear;
    this.#timer = setInterval(() => this.#flush(), FLUSH_MS);
    this.#timer.unref();
  }

  /**
   * `hear` is told why lines wait; undefined once they are written again. A line that a process
   * has left unfinished, because it was killed, is ended first: it takes none of ours with it.
   */
  static async open(
    path: string,
    hear: (trouble: string | undefined) => void = () => {},
    format: LogFormat = "json",
  ): Promise<AccessLog> {
    const log = new AccessLog(path, hear, format);
    await log.#open();
    return log;
  }

  /** False where it cannot be opened: that is told, and tried again. */
  async #open(): Promise<boolean> {
    if (this.#isOpening) return false;
    this.#isOpening = true;
    let fd: number | undefined;
    try {
      const isTorn = await endsInLine(this.#path);
      fd = await openFile(this.#path);
      if (isTorn) await promisify(write)(fd, "\n");
    } catch (error) {
      if (fd !== undefined) close(fd, () => {});
      this.#fail(error as NodeJS.ErrnoException);
      return false;
    } finally {
      this.#isOpening = false;
    }
    this.#fd = fd;
    this.#recover();
    return true;
  }

  /** `onLines` is told how many lines could not be written before the end, `log` why it waits, once until a write succeeds again. */
  onLost(onLines: (lines: number) => void, log: Log): void {
    this.#onLines = onLines;
    this.#log = log;
  }

  /** Goes on with the file that is at its path now; rejects, and keeps the old one, where there can be none. */
  async reopen(): Promise<void> {
    if (this.#isClosed) return;
    const fd = await openFile(this.#path);
    this.#flush();
    if (this.#next !== undefined) close(this.#next, () => {});
    this.#next = fd;
    if (this.#isWriting) return;
    if (this.#fd === undefined) this.#recover();
    this.#swap();
  }

  /** What was gathered before the file was opened anew is in the old one. */
  #swap(): void {
    if (this.#next === undefined) return;
    if (this.#fd !== undefined) close(this.#fd, () => {});
    this.#fd = this.#next;
    this.#next = undefined;
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
    this.#again?.();
    if (this.#fd === undefined && !(await this.#open())) return this.#lose(this.#filling, 0);
    while (this.#isWriting || this.#filling.at > 0) {
      this.#flush();
      if (this.#isWriting) await new Promise<void>((done) => this.#onIdle.push(done));
    }
    this.#swap();
    if (this.#fd !== undefined) await promisify(close)(this.#fd);
  }

  #flush(): void {
    if (this.#fd === undefined) return void this.#open();
    if (this.#isWriting || this.#filling.at === 0) return;
    const full = this.#filling;
    this.#filling = this.#other;
    this.#other = full;
    this.#isWriting = true;
    this.#write(full, 0);
  }

  #write(full: ByteWriter, from: number): void {
    if (this.#fd === undefined) return; // nothing is written before it is open
    write(this.#fd, full.bytes, from, full.at - from, null, (error, written) => {
      if (error !== null) {
        this.#fail(error);
        if (!this.#isClosed) return this.#writeLater(full, from);
        this.#lose(full, from);
      } else if (from + written < full.at) return this.#write(full, from + written);
      else this.#recover();
      full.at = 0;
      this.#isWriting = false;
      this.#swap();
      for (const done of this.#onIdle.splice(0)) done();
    });
  }

  /** From where it stopped; where the file was opened anew meanwhile, from the next line on in the new one. */
  #writeLater(full: ByteWriter, from: number): void {
    const again = (): void => {
      clearTimeout(timer);
      this.#again = undefined;
      const isMoved = this.#next !== undefined;
      this.#swap();
      this.#write(full, isMoved && from > 0 ? lineStart(full, from) : from);
    };
    const timer = setTimeout(again, FLUSH_MS);
    timer.unref();
    this.#again = again;
  }

  #lose(full: ByteWriter, from: number): void {
    let lines = 0;
    for (let at = from; at < full.at; at++) if (full.bytes[at] === LF) lines++;
    this.#onLines(lines);
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#hear(`lines of ${this.#path} wait, and then are lost: ${diskReason(error)}`);
    this.#log.log("error", "the access log cannot be written", { path: this.#path, error: error.code });
  }

  #recover(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#hear(undefined);
  }
}

/** Where the next line begins, at this place or behind it. */
function lineStart(full: ByteWriter, from: number): number {
  if (full.bytes[from - 1] === LF) return from;
  const end = full.bytes.indexOf(LF, from);
  return end < 0 || end >= full.at ? full.at : end + 1;
}

const LF = 0x0a;

/** Whether there is a file of that name whose last line has no end; what cannot be read is none. */
async function endsInLine(path: string): Promise<boolean> {
  const file = await openHandle(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size === 0) return false;
    const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, stat.size - 1);
    return bytesRead === 1 && buffer[0] !== LF;
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

function openFile(path: string): Promise<number> {
  return promisify<string, string, number, number>(open)(path, "a", 0o600);
}
