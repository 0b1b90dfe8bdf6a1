/**
 * ASCII that is written again and again, all of it in one piece of memory: what each line of a log takes from arrays of
 * their own is four lines of a cache more for each. It is copied eight bytes at a time, as floats, of which ASCII makes
 * none that is no number.
 */
const WORD_BYTES = 8;
/** All that a thread writes so. */
const MEMORY_BYTES = 4096;

const memory = new DataView(new ArrayBuffer(MEMORY_BYTES));
let used = 0;

export type Phrase = { readonly at: number; readonly length: number };

/** A text that is kept for good: for constants. */
export function phrase(text: string): Phrase {
  const at = used;
  const { length } = text;
  if (at + length + WORD_BYTES > MEMORY_BYTES) throw new Error("there is no room for so many phrases");
  for (let index = 0; index < length; index++) {
    if (text.charCodeAt(index) >= 0x7f) throw new Error(`a phrase is ASCII: ${text}`);
    memory.setUint8(at + index, text.charCodeAt(index));
  }
  used = Math.ceil((at + length) / WORD_BYTES) * WORD_BYTES;
  return { at, length };
}

/** Writes the phrase's text in place of its own from `offset` on. */
export function rewrite({ at }: Phrase, offset: number, text: string): void {
  for (let index = 0; index < text.length; index++) memory.setUint8(at + offset + index, text.charCodeAt(index));
}

/** Copies it to out[at…), and up to seven bytes behind, which must be there; gives the position behind it. */
export function copyPhrase(out: DataView, at: number, { at: from, length }: Phrase): number {
  for (let index = 0; index < length; index += WORD_BYTES) {
    out.setFloat64(at + index, memory.getFloat64(from + index, true), true);
  }
  return at + length;
}
