/** What is wrong with the controller's own machine, while it is: each thing has one sentence, or none. */
import type { TroubleBody } from "../api/status.ts";

export class Troubles {
  readonly #byName = new Map<string, TroubleBody>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Says what is wrong with a thing; undefined where nothing is any more. */
  set(about: TroubleBody["about"], name: string, message: string | undefined, nowMs: number): void {
    const key = `${about} ${name}`;
    const before = this.#byName.get(key);
    if (before?.message === message) return;
    if (message === undefined) this.#byName.delete(key);
    else this.#byName.set(key, { about, message, sinceMs: before?.sinceMs ?? nowMs });
    this.#onChange();
  }

  /** What is wrong with a kind of things, where something is. */
  of(about: TroubleBody["about"]): string | undefined {
    return this.list().find((trouble) => trouble.about === about)?.message;
  }

  /** The oldest first. */
  list(): readonly TroubleBody[] {
    return [...this.#byName.values()];
  }
}
