/**
 * The spans of a request head, as the codec that composed it knows them: handed to the module
 * with the head's bytes, so that nobody reads the head a second time.
 *
 * In words of 4 bytes:
 *
 *   start  {field count, method length, mask of the known fields that are there, target length,
 *           mask of those that are there more than once, –, –, –}
 *   row    {name start, name length | known field << 16, value start, value length}   one a field line, in order
 *
 * Starts count from the head's first byte; values are without the white space around them.
 * The request line is `method SP target SP HTTP/x.y CR LF`.
 *
 * Two words go to the module at a time, as a float: so masks, whose bits may be any, stand in the lower
 * word of a pair, and the upper one is a length, far below what would make the pair no number.
 */
import { KNOWN_FIELDS, KnownField } from "./known-field.ts";

export const HeadStart = {
  fieldCount: 0,
  methodLength: 4,
  present: 8,
  targetLength: 12,
  repeated: 16,
  size: 32,
} as const;
export const HeadRow = {
  nameStart: 0,
  nameLength: 4,
  knownField: 6,
  valueStart: 8,
  valueLength: 12,
  size: 16,
} as const;

/** Field lines that a policy may see; codecs take some hundred. */
export const FIELDS_MAX = 1024;
/** Bytes of `HTTP/1.1`. */
export const PROTOCOL_BYTES = 8;

const START_WORDS = HeadStart.size / 4;
const ROW_WORDS = HeadRow.size / 4;
const ROWS_AT_FIRST = 64;

/** Reused from one head to the next: `begin` forgets the one before. */
export class HeadTable {
  /** words[0, length) go to the module as they are. */
  words = new Int32Array(START_WORDS + ROWS_AT_FIRST * ROW_WORDS);
  /** The same, two words at a time. */
  pairs = new Float64Array(this.words.buffer);

  /** Words in use. */
  get length(): number {
    return START_WORDS + this.fieldCount * ROW_WORDS;
  }

  get fieldCount(): number {
    return this.words[0]!;
  }

  begin(methodLength: number, targetLength: number): void {
    const { words } = this;
    words[0] = 0;
    words[1] = methodLength;
    words[2] = 0;
    words[3] = targetLength;
    words[4] = 0;
  }

  /** The next field line; names are shorter than 64 KiB, as heads are. */
  add(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number, field: number): void {
    const at = this.length;
    if (at === this.words.length) this.#grow();
    const { words } = this;
    words[0] = words[0]! + 1;
    words[at] = nameStart;
    words[at + 1] = (nameEnd - nameStart) | (field << 16);
    words[at + 2] = valueStart;
    words[at + 3] = valueEnd - valueStart;
    if (field === 0) return;
    const bit = 1 << field;
    words[4] = words[4]! | (words[2]! & bit);
    words[2] = words[2]! | bit;
  }

  #grow(): void {
    const words = new Int32Array(START_WORDS + (this.words.length - START_WORDS) * 2);
    words.set(this.words);
    this.words = words;
    this.pairs = new Float64Array(words.buffer);
  }
}

const CR = 0x0d;
const COLON = 0x3a;
const SP = 0x20;
const HTAB = 0x09;

/** The table of a head that no codec has read: every line ends in CR LF, and the empty line is there. */
export function toHeadTable(head: Uint8Array, end: number = head.length): HeadTable {
  const table = new HeadTable();
  const methodEnd = head.indexOf(SP);
  const targetEnd = head.indexOf(SP, methodEnd + 1);
  table.begin(methodEnd, targetEnd - methodEnd - 1);
  let line = head.indexOf(CR, targetEnd) + 2;
  while (line < end && head[line] !== CR) {
    const nameEnd = head.indexOf(COLON, line);
    const lineEnd = head.indexOf(CR, nameEnd);
    if (nameEnd < 0 || lineEnd < 0) throw new Error("the head is not whole");
    let start = nameEnd + 1;
    let stop = lineEnd;
    while (start < stop && isBlank(head[start])) start++;
    while (stop > start && isBlank(head[stop - 1])) stop--;
    table.add(line, nameEnd, start, stop, fieldOf(head, line, nameEnd));
    line = lineEnd + 2;
  }
  return table;
}

function fieldOf(head: Uint8Array, start: number, end: number): KnownField {
  const name = String.fromCharCode(...head.subarray(start, end)).toLowerCase();
  return KNOWN_FIELDS.get(name) ?? KnownField.other;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === HTAB;
}
