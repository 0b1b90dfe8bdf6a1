/** How each access line begins, up to its request's id: only the digits of its time change from one to the next. */
import { type Phrase, phrase, rewrite } from "./phrase.ts";

const BEGIN = '{"time":"';
const DATE = "1970-01-01T00:00:00";
const MS_AT = BEGIN.length + DATE.length + 1;

export class LineStart {
  readonly #phrase: Phrase;
  #ms = 0;
  #second = 0;

  constructor(direction: "inbound" | "outbound") {
    this.#phrase = phrase(`${BEGIN}${DATE}.000Z","direction":"${direction}","requestId":"`);
  }

  /** Written anew by the next call. */
  at(wallMs: number): Phrase {
    const ms = Math.floor(wallMs);
    if (ms !== this.#ms) {
      this.#ms = ms;
      const second = Math.floor(ms / 1000);
      if (second !== this.#second) this.#setSecond(second);
      rewrite(this.#phrase, MS_AT, String(ms - second * 1000).padStart(3, "0"));
    }
    return this.#phrase;
  }

  #setSecond(second: number): void {
    this.#second = second;
    rewrite(this.#phrase, BEGIN.length, new Date(second * 1000).toISOString().slice(0, DATE.length));
  }
}
