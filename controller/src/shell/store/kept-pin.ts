/** The pin, as it is kept: an operator's word that outranks git until it is lifted, also after a restart. */
import type { Clock } from "@regomesh/base";
import type { Input } from "../../sources/source.ts";
import { Keeper } from "../../store/keeper.ts";
import { type Lease, readText } from "../../store/store.ts";

/** A revision that stays in force, whatever sources hold. */
export type Pin = { readonly revision: string; readonly inputs: readonly Input[]; readonly atMs: number };

const KEY = "sources/pin.json";

export class KeptPin {
  readonly #lease: Lease;
  readonly #keeper: Keeper;

  constructor(lease: Lease, clock: Clock) {
    this.#lease = lease;
    this.#keeper = new Keeper(lease, KEY, clock);
  }

  async read(): Promise<Pin | undefined> {
    const text = await readText(this.#lease, KEY);
    const { pin } = JSON.parse(text ?? "{}") as { readonly pin?: Pin };
    return pin;
  }

  /** Throws StoreError: a pin that is not kept would be lifted by a restart. */
  async write(pin: Pin | undefined): Promise<void> {
    await this.#keeper.keep(`${JSON.stringify(pin === undefined ? {} : { pin })}\n`);
  }
}
