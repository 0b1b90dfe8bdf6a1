/**
 * An operator's pin, put above every source and lifted: it is kept before it is answered, and what cannot be put in force
 * or kept leaves all as it was.
 */
import type { Log } from "@regomesh/base";
import type { Release } from "../../distribution/release.ts";
import { inputsOf, pickContents } from "../../sources/inputs.ts";
import type { Input, SourceContent } from "../../sources/source.ts";
import { StoreError } from "../../store/store.ts";
import type { KeptPin, Pin } from "../store/kept-pin.ts";
import { WORD_KEYS } from "../store/operator-word.ts";
import type { Composer, Pinned } from "./composer.ts";

export type PinningOptions = {
  readonly composer: Composer;
  readonly keptPin: KeptPin;
  readonly log: Log;
  readonly inForce: () => Release | undefined;
  /** Puts in force what may be. */
  readonly compose: () => Promise<void>;
  /** An operator has put the second above the first, which was in force. */
  readonly onPin?: (before: readonly Input[], pinned: readonly Input[]) => void;
};

export class Pinning {
  readonly #options: PinningOptions;
  /** One word after the other. */
  #last: Promise<unknown> = Promise.resolve();
  /** Of before this start, until it is restored. */
  #kept: Pin | undefined;

  constructor(options: PinningOptions) {
    this.#options = options;
  }

  /** Before anything is put in force. Throws StoreError, also where what is kept is damaged. */
  async readKept(): Promise<void> {
    this.#kept = await this.#options.keptPin.read();
  }

  /**
   * Puts a pin of before this start above all sources again, before any of them is composed. What of it is not kept is
   * read by `read`. What is in force stays where it cannot be read; throws StoreError where nothing is.
   */
  async restore(read: (input: Input) => Promise<SourceContent | undefined>): Promise<void> {
    const { composer, log, inForce } = this.#options;
    const pin = this.#kept;
    if (pin === undefined) return;
    this.#kept = undefined;
    const isServed = inForce() !== undefined;
    // Of what is in force that was read with it.
    const kept = pickContents(await composer.kept(isServed ? [] : pin.inputs.map(({ source }) => source)), pin.inputs);
    const find = async (input: Input) => composer.content(input) ?? kept.get(input.source) ?? (await read(input));
    const found = await Promise.all(pin.inputs.map(find));
    const contents = found.every((each) => each !== undefined) ? found : undefined;
    if (contents === undefined && !isServed)
      throw new StoreError(
        "damaged",
        `revision ${pin.revision} is pinned above git, and cannot be read: put the state folder back from a backup, or take its ${WORD_KEYS.pin} away: no revision is pinned above git then`,
      );
    // Nothing is composed of no contents: what is in force stays.
    if (contents === undefined)
      log.log("error", "what is pinned cannot be read: what is in force stays until the pin is lifted", {
        revision: pin.revision,
      });
    composer.setPin({ pin, contents: contents ?? [] }, "tried");
  }

  /**
   * Pins a revision above git, or lifts the pin: undefined where that is done, or why it cannot be. Throws StoreError
   * where it cannot be kept; of a pin that is lifted also where that is kept, and what is newest cannot be.
   */
  async set(pinned: Pinned | undefined): Promise<string | undefined> {
    const turn = this.#last.then(() => (pinned === undefined ? this.#lift() : this.#pin(pinned)));
    this.#last = turn.catch(() => {});
    return await turn;
  }

  async #pin(pinned: Pinned): Promise<string | undefined> {
    const { composer, keptPin, log, inForce, compose, onPin } = this.#options;
    const release = inForce();
    const { pinned: before } = composer;
    try {
      composer.setPin(pinned);
      await compose();
      const fault = composer.pinFault;
      if (fault !== undefined) {
        await this.#putBack(before);
        return fault;
      }
      await keptPin.write(pinned.pin);
    } catch (error) {
      await this.#putBack(before).catch(() => {}); // what was to be kept first says why
      throw error;
    }
    const { revision, inputs } = pinned.pin;
    log.log("warn", "a revision is pinned above git", { revision });
    onPin?.(release === undefined ? [] : inputsOf(release), inputs);
    return undefined;
  }

  /** What was above git before is so again. */
  async #putBack(before: Pinned | undefined): Promise<void> {
    this.#options.composer.setPin(before, "tried");
    await this.#options.compose();
  }

  async #lift(): Promise<undefined> {
    const { composer, keptPin, log, compose } = this.#options;
    await keptPin.write(undefined);
    log.log("warn", "the pin is lifted");
    composer.setPin(undefined);
    await compose();
  }
}
