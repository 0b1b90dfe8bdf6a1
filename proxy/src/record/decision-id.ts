/**
 * Names of decisions: ten characters of Crockford's base 32, so that people can read
 * them out. A thread's ids are its counter times an odd number plus a random start,
 * modulo 2^50: none repeats within a thread, and threads do not meet but by chance.
 */
import type { Random } from "@regomesh/base";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SPACE = 2 ** 50;
/** Odd, so that every id comes once; near the golden ratio of the space, so that neighbours look unlike. */
const STEP = 695_838_229_123_541;

export class DecisionIds {
  #at: number;

  constructor(random: Random) {
    this.#at = Math.floor(random() * SPACE);
  }

  /** The next id as a number; `printDecisionId` makes it text where somebody sees it. */
  next(): number {
    this.#at = this.#at + STEP;
    if (this.#at >= SPACE) this.#at -= SPACE;
    return this.#at;
  }
}

export function printDecisionId(id: number): string {
  let text = "";
  let rest = id;
  for (let i = 0; i < 10; i++) {
    const next = Math.floor(rest / 32);
    text = ALPHABET.charAt(rest - next * 32) + text;
    rest = next;
  }
  return text;
}
