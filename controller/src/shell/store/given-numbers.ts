/**
 * Which numbers releases may have been given. A release is given to proxies before it is synced, so that a machine that
 * ends may forget it: numbers are reserved on the disk ahead of their use, and after each start those begin beyond
 * all that were reserved. No two releases have one number, whatever is forgotten of them.
 */
import type { Clock } from "@regomesh/base";
import { Keeper } from "../../store/keeper.ts";
import { type Lease, readText, StoreError } from "../../store/store.ts";
import { parseKept } from "./read-kept.ts";

const KEY = "snapshots/numbers.json";
/** Of which a start leaves some unused. */
const AHEAD = 100;
/** A release that is taken back takes the next number at once, and so may one that a proxy's word has overtaken. */
const LEAST = 10;

export class GivenNumbers {
  readonly #lease: Lease;
  readonly #keeper: Keeper;
  #reserved = 0;
  #isReserving = false;
  #ahead: Promise<void> = Promise.resolve();

  constructor(lease: Lease, clock: Clock) {
    this.#lease = lease;
    this.#keeper = new Keeper(lease, KEY, clock);
  }

  /** The greatest that may have been given before this start. Throws StoreError. */
  async read(): Promise<number> {
    const text = await readText(this.#lease, KEY);
    if (text === undefined) return 0;
    const { reserved } = parseKept(text, isKept) ?? {};
    if (reserved === undefined)
      throw new StoreError(
        "damaged",
        `${KEY} does not say which numbers releases were given: put back what a backup has of the state folder, or take the file away where no proxy has a later revision than the folder`,
      );
    this.#reserved = reserved;
    return reserved;
  }

  /** A number may be given when this returns; nobody waits for the disk but where it has taken none for long. Throws StoreError. */
  async reserve(number: number): Promise<void> {
    if (number + LEAST > this.#reserved) await this.#keep(number + AHEAD);
    else if (number + AHEAD / 2 > this.#reserved && !this.#isReserving) {
      this.#isReserving = true;
      // Where it is refused, a later number waits for it.
      this.#ahead = this.#keep(number + AHEAD)
        .catch(() => {})
        .finally(() => {
          this.#isReserving = false;
        });
    }
  }

  async #keep(reserved: number): Promise<void> {
    await this.#keeper.keep(print(reserved));
    this.#reserved = Math.max(this.#reserved, reserved);
  }

  /** Waits until nothing is written any more. */
  async flush(): Promise<void> {
    await this.#ahead;
  }
}

function print(reserved: number): string {
  return `{"reserved":${reserved}}\n`;
}

function isKept(value: unknown): value is { readonly reserved: number } {
  const { reserved } = (value ?? {}) as { readonly reserved?: unknown };
  return Number.isSafeInteger(reserved) && Number(reserved) >= 0;
}
