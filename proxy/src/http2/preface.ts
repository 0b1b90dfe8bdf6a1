/** The client's connection preface (RFC 9113, section 3.4), which comes in any pieces. */

export const PREFACE = Uint8Array.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (character) => character.charCodeAt(0));

export class PrefaceReader {
  /** Position in the bytes fed last. */
  at = 0;
  /** What has come is another. */
  isWrong = false;
  #count: number;

  /** `isDue`: the peer is a client. */
  constructor(isDue: boolean) {
    this.#count = isDue ? 0 : PREFACE.length;
  }

  get isWhole(): boolean {
    return this.#count === PREFACE.length;
  }

  /** Takes bytes[at, end) up to its end; whether it is whole. */
  read(bytes: Uint8Array, at: number, end: number): boolean {
    this.at = at;
    while (this.#count < PREFACE.length && this.at < end && !this.isWrong) {
      this.isWrong = bytes[this.at++] !== PREFACE[this.#count++];
    }
    return this.isWhole && !this.isWrong;
  }
}
