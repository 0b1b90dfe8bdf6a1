/** The pin, as it is kept: an operator's word that outranks git until it is lifted, also after a restart. */
import type { Clock } from "@regomesh/base";
import type { Input } from "../../sources/source.ts";
import { Keeper } from "../../store/keeper.ts";
import type { Lease } from "../../store/store.ts";
import { WORD_KEYS } from "./operator-word.ts";
import { readRequired } from "./read-kept.ts";

/** A revision that stays in force, whatever sources hold. */
export type Pin = { readonly revision: string; readonly inputs: readonly Input[]; readonly atMs: number };

type Kept = { readonly pin?: Pin };

export class KeptPin {
  readonly #lease: Lease;
  readonly #keeper: Keeper;

  constructor(lease: Lease, clock: Clock) {
    this.#lease = lease;
    this.#keeper = new Keeper(lease, WORD_KEYS.pin, clock);
  }

  /** Throws StoreError, also where what is kept is damaged. */
  async read(): Promise<Pin | undefined> {
    return (await readRequired(this.#lease, WORD_KEYS.pin, isKept, "no revision is pinned above git then"))?.pin;
  }

  /** Throws StoreError: a pin that is not kept would be lifted by a restart. */
  async write(pin: Pin | undefined): Promise<void> {
    await this.#keeper.keep(`${JSON.stringify(pin === undefined ? {} : { pin })}\n`);
  }
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { pin } = value as { readonly pin?: Partial<Pin> | null };
  if (pin === undefined) return true;
  const { revision, inputs, atMs } = pin ?? {};
  return (
    typeof revision === "string" &&
    typeof atMs === "number" &&
    Array.isArray(inputs) &&
    inputs.every((each) => typeof each === "object" && each !== null)
  );
}
