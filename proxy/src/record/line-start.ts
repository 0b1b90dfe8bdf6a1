/** How each access line begins, up to its request's id: only the digits of its time change from one to the next. */
import { asciiBytes } from "../http1/characters.ts";

const BEGIN = '{"time":"';
const DATE = "1970-01-01T00:00:00";
const MS_AT = BEGIN.length + DATE.length + 1;

export class LineStart {
  readonly #bytes: Uint8Array;
  #ms = 0;
  #second = 0;

  constructor(direction: "inbound" | "outbound") {
    this.#bytes = asciiBytes(`${BEGIN}${DATE}.000Z","direction":"${direction}","requestId":"`);
  }

  /** ASCII; the same bytes are written anew by the next call. */
  at(wallMs: number): Uint8Array {
    const ms = Math.floor(wallMs);
    if (ms !== this.#ms) {
      this.#ms = ms;
      const second = Math.floor(ms / 1000);
      if (second !== this.#second) this.#setSecond(second);
      const rest = ms - second * 1000;
      this.#bytes[MS_AT] = 0x30 + Math.floor(rest / 100);
      this.#bytes[MS_AT + 1] = 0x30 + (Math.floor(rest / 10) % 10);
      this.#bytes[MS_AT + 2] = 0x30 + (rest % 10);
    }
    return this.#bytes;
  }

  #setSecond(second: number): void {
    this.#second = second;
    this.#bytes.set(asciiBytes(new Date(second * 1000).toISOString().slice(0, DATE.length)), BEGIN.length);
  }
}
