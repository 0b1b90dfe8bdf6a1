/**
 * A field's name in lower case as words of four bytes, the last of them over its last bytes: it is hashed and compared
 * with every name that a table may hold, and hardly ever written.
 */
import { asciiBytes } from "../../http1/characters.ts";
import { lowerWord, mix, shortWord, WORD_BYTES, wordAt } from "../../http1/words.ts";

/** What the hash of a name begins with; that of a pair begins with its name's. */
export const NAME_SEED = 0x811c9dc5;
const WORDS_AT_FIRST = 16;

export class FoldedName {
  length = 0;
  hash = 0;
  #words = new Int32Array(WORDS_AT_FIRST);
  #count = 0;
  #bytes = new Uint8Array(WORDS_AT_FIRST * WORD_BYTES);

  static of(text: string): FoldedName {
    const name = new FoldedName();
    name.take(asciiBytes(text), 0, text.length);
    return name;
  }

  /** Takes bytes[start, end), letters of either case. */
  take(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.length = length;
    if (length > this.#bytes.length) this.#grow(length);
    const words = this.#words;
    let hash = NAME_SEED ^ length;
    let count = 0;
    if (length < WORD_BYTES) words[count++] = lowerWord(shortWord(bytes, start, end));
    else {
      const last = end - WORD_BYTES;
      for (let at = start; at < last; at += WORD_BYTES) words[count++] = lowerWord(wordAt(bytes, at));
      words[count++] = lowerWord(wordAt(bytes, last));
    }
    for (let index = 0; index < count; index++) hash = mix(hash, words[index]!);
    this.#count = count;
    this.hash = hash;
  }

  /** Whether it is the name, of `length` bytes, that has these words (http1/words.ts). */
  is(words: Int32Array, length: number): boolean {
    if (length !== this.length) return false;
    const mine = this.#words;
    for (let index = 0; index < this.#count; index++) if (mine[index] !== words[index]) return false;
    return true;
  }

  /** The name's bytes, in the first `length` of what is given, until it takes another. */
  bytes(): Uint8Array {
    const { length } = this;
    const bytes = this.#bytes;
    const last = Math.max(0, length - WORD_BYTES);
    const width = Math.min(length, WORD_BYTES);
    for (let index = 0; index < this.#count; index++) {
      const word = this.#words[index]!;
      const at = Math.min(index * WORD_BYTES, last);
      for (let i = 0; i < width; i++) bytes[at + i] = word >>> ((width - 1 - i) * 8);
    }
    return bytes;
  }

  #grow(length: number): void {
    this.#bytes = new Uint8Array(length * 2);
    this.#words = new Int32Array(Math.ceil((length * 2) / WORD_BYTES));
  }
}
