/**
 * One value that is kept: now, or as soon as what keeps it takes it. Nobody waits for a disk
 * that is full, and what was not kept is tried again until it is, or until a newer value is.
 */
import type { Clock } from "@regomesh/base";
import { type Lease, StoreError, type WriteOptions, writeText } from "./store.ts";

/** As often as git sources are tried again: a disk is freed by people. */
export const KEEP_AGAIN_MS = 2000;

/** Gives what is to be kept; may keep first what that names. */
type Print = () => string | Promise<string>;

export class Keeper {
  readonly #lease: Lease;
  readonly #key: string;
  readonly #clock: Clock;
  /** The newest that waits to be kept. */
  #waiting: Print | undefined;
  #isTrying = false;
  /** Of what this has kept last: it need not be read to be replaced. */
  #version: string | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(lease: Lease, key: string, clock: Clock) {
    this.#lease = lease;
    this.#key = key;
    this.#clock = clock;
  }

  /** Keeps the text, in place of all that waits, and gives its version. Throws StoreError; what waited then waits on. */
  async keep(text: string, options?: WriteOptions): Promise<string> {
    const before = this.#waiting;
    const version = await this.#inTurn(() => this.#write(text, options));
    if (this.#waiting === before) this.#waiting = undefined;
    return version;
  }

  /** Keeps what `print` gives as soon as may be; it is asked for only when it is written. */
  keepSoon(print: Print): void {
    this.#waiting = print;
    if (!this.#isTrying) void this.#tryAll();
  }

  /** Tries what waits once more, before the lease ends. */
  async flush(): Promise<void> {
    await this.#tryOnce().catch(() => {}); // it was said when it waited
  }

  async #tryAll(): Promise<void> {
    this.#isTrying = true;
    while (this.#waiting !== undefined) {
      try {
        await this.#tryOnce();
      } catch (error) {
        // Another controller writes now, or this one has ended.
        if (error instanceof StoreError && error.code === "fenced") break;
        await this.#clock.sleep(KEEP_AGAIN_MS);
      }
    }
    this.#isTrying = false;
  }

  async #tryOnce(): Promise<void> {
    await this.#inTurn(async () => {
      const print = this.#waiting;
      if (print === undefined) return;
      await this.#write(await print());
      if (this.#waiting === print) this.#waiting = undefined;
    });
  }

  /** Whatever stands there: what somebody else has put there in place of what this has kept, too. */
  async #write(text: string, options?: WriteOptions): Promise<string> {
    const known = this.#version;
    this.#version = undefined;
    try {
      if (known !== undefined)
        this.#version = await this.#lease.compareAndSet(this.#key, known, new TextEncoder().encode(text), options);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== "conflict") throw error;
    }
    this.#version ??= await writeText(this.#lease, this.#key, text, options);
    return this.#version;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return await turn;
  }
}
