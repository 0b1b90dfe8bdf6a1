/**
 * Bytes looked at four at a time: what a head's reader does with every byte of it, it does in a
 * quarter of the steps where nothing but the usual stands there.
 */
import { IS_VALUE } from "./characters.ts";

export const WORD_BYTES = 4;

const ONES = 0x01010101;
const SEVEN_BITS = 0x7f7f7f7f;
/** Added to a byte of seven bits, they set its high bit from A on, and behind Z. */
const FROM_A = 0x3f3f3f3f;
const BEHIND_Z = 0x25252525;
const HIGH_BITS = 0x80808080;
const BLANKS = 0x20202020;
const DELETES = 0x7f7f7f7f;

/** What was looked at last, and before: a head and the lines that are added to it take turns. */
let viewed: Uint8Array = new Uint8Array(0);
let view = viewOf(viewed);
let viewedBefore = viewed;
let viewBefore = view;

/** The four bytes at a place, which must be there, as one number. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return viewFor(bytes).getInt32(at);
}

/** The bytes as words: whoever looks at many of them asks once. */
export function viewFor(bytes: Uint8Array): DataView {
  if (bytes !== viewed) lookAt(bytes);
  return view;
}

function lookAt(bytes: Uint8Array): void {
  const next = bytes === viewedBefore ? viewBefore : viewOf(bytes);
  viewedBefore = viewed;
  viewBefore = view;
  viewed = bytes;
  view = next;
}

/** The word with ASCII's capital letters as small ones. */
export function lowerWord(word: number): number {
  const bits = word & SEVEN_BITS;
  const isCapital = ((bits + FROM_A) ^ (bits + BEHIND_Z)) & ~word & HIGH_BITS;
  return word | (isCapital >>> 2);
}

/** Of bytes[start, end), which are less than a word: one number, zeros before them. */
export function shortWord(bytes: Uint8Array, start: number, end: number): number {
  let word = 0;
  for (let at = start; at < end; at++) word = (word << 8) | bytes[at]!;
  return word;
}

/** A text as words, the last of them over its last bytes; one that is shorter than a word is one short word. */
export function wordsOf(text: Uint8Array): Int32Array {
  const { length } = text;
  if (length < WORD_BYTES) return Int32Array.of(shortWord(text, 0, length));
  const view = viewOf(text);
  const last = length - WORD_BYTES;
  return Int32Array.from({ length: Math.ceil(length / WORD_BYTES) }, (_, index) =>
    view.getInt32(Math.min(index * WORD_BYTES, last)),
  );
}

/** Whether bytes[start, end) are the text, of `length` bytes, that has these words. */
export function isSameText(words: Int32Array, length: number, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== length) return false;
  const last = words.length - 1;
  if (length < WORD_BYTES) return shortWord(bytes, start, end) === words[0];
  let at = start;
  for (let index = 0; index < last; index++, at += WORD_BYTES) if (wordAt(bytes, at) !== words[index]) return false;
  return wordAt(bytes, end - WORD_BYTES) === words[last];
}

/** A hash of bytes[start, end), begun with `seed`. Two texts may have one: whoever makes them does must not gain by it. */
export function hashOf(bytes: Uint8Array, start: number, end: number, seed: number): number {
  const length = end - start;
  let hash = seed ^ length;
  if (length < WORD_BYTES) return mix(hash, shortWord(bytes, start, end));
  const last = end - WORD_BYTES;
  for (let at = start; at < last; at += WORD_BYTES) hash = mix(hash, wordAt(bytes, at));
  return mix(hash, wordAt(bytes, last));
}

/** FNV-1a's step, by a word at a time: one multiplication waits for the other. */
export function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x01000193);
  return mixed ^ (mixed >>> 15);
}

/**
 * The first place from `at` on, `limit` at most, whose byte may not stand in a field value. A word
 * with a byte below the blank (a tab, too) or with DEL is looked at byte by byte: by a subtraction
 * from each byte its high bit is set where the byte was smaller, and had none.
 */
export function skipValue(bytes: Uint8Array, at: number, limit: number): number {
  let to = at;
  const words = viewFor(bytes);
  for (const last = limit - WORD_BYTES; to <= last; to += WORD_BYTES) {
    const word = words.getInt32(to);
    const deleted = word ^ DELETES;
    if (((((word - BLANKS) & ~word) | ((deleted - ONES) & ~deleted)) & HIGH_BITS) !== 0) break;
  }
  while (to < limit && IS_VALUE[bytes[to]!] === 1) to++;
  return to;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
