/**
 * Where a request's head lies in a module's memory, and what of it is copied there: the request line, and of the
 * fields those that the policy can ask for (ModuleReads.fields). To the module the others are not there: what it
 * asks is answered from fewer bytes, which were as likely as not in nobody's cache.
 */
import { HeadRow, HeadStart, type HeadTable, PROTOCOL_BYTES } from "./layout/head-table.ts";
import { KNOWN_FIELDS, KnownField } from "./layout/known-field.ts";

/** Copies a span without making a view of it. */
const copyNatively = Buffer.prototype.copy;
/** A call costs more than copying so many bytes by words. */
const BY_WORDS_MAX = 96;
const START_WORDS = HeadStart.size / 4;
const ROW_WORDS = HeadRow.size / 4;
/** Of the request line beside method and target: two blanks, and the protocol. */
const LINE_BYTES = 2 + PROTOCOL_BYTES;
const encoder = new TextEncoder();
/** Names are told apart by their length alone; the module compares them. */
const LENGTH_BITS = 31;

export class HeadRegion {
  readonly #headAt: number;
  readonly #tableAt: number;
  /** Known fields that may be asked for. */
  readonly #known: number;
  /** Lengths of other names that may be asked for; the last bit is for all that are longer. */
  readonly #lengths: number;
  readonly #takesAll: boolean;

  /** `fields`: names in lower case; undefined where any may be asked for. */
  constructor(headAt: number, tableAt: number, fields: readonly string[] | undefined) {
    this.#headAt = headAt;
    this.#tableAt = tableAt;
    this.#takesAll = fields === undefined;
    let known = 0;
    let lengths = 0;
    for (const name of fields ?? []) {
      const field = KNOWN_FIELDS.get(name);
      if (field === undefined) lengths |= 1 << Math.min(encoder.encode(name).length, LENGTH_BITS);
      else known |= 1 << field;
    }
    this.#known = known;
    this.#lengths = lengths;
  }

  /** Copies head[0, length) with its table, as far as the policy can ask for it. */
  put(
    bytes: Uint8Array,
    words: Int32Array,
    pairs: Float64Array,
    head: Uint8Array,
    length: number,
    table: HeadTable,
  ): void {
    if (this.#takesAll) this.#putAll(bytes, pairs, head, length, table);
    else this.#putAsked(bytes, words, head, length, table);
  }

  /** Rows first: they say how many bytes are asked for. */
  #putAsked(bytes: Uint8Array, words: Int32Array, head: Uint8Array, length: number, table: HeadTable): void {
    const spans = table.words;
    const tableAt = this.#tableAt >> 2;
    const known = this.#known;
    const lengths = this.#lengths;
    const present = spans[HeadStart.present / 4]!;
    const repeated = spans[HeadStart.repeated / 4]!;
    const methodLength = spans[HeadStart.methodLength / 4]!;
    const targetLength = spans[HeadStart.targetLength / 4]!;
    const lineEnd = methodLength + targetLength + LINE_BYTES;
    let left = present & known;
    let asked = lineEnd;
    let row = tableAt + START_WORDS;
    if (left !== 0 || lengths !== 0) {
      const isAny = lengths !== 0 || (repeated & known) !== 0;
      for (let at = START_WORDS, end = table.length; at < end; at += ROW_WORDS) {
        const name = spans[at + 1]!;
        const field = name >>> 16;
        const nameLength = name & 0xffff;
        if (field === KnownField.other) {
          if (((lengths >>> Math.min(nameLength, LENGTH_BITS)) & 1) === 0) continue;
          asked += nameLength;
        } else {
          if (((known >>> field) & 1) === 0) continue;
          left &= ~(1 << field);
        }
        const valueLength = spans[at + 3]!;
        asked += valueLength;
        words[row] = spans[at]!;
        words[row + 1] = name;
        words[row + 2] = spans[at + 2]!;
        words[row + 3] = valueLength;
        row += ROW_WORDS;
        if (left === 0 && !isAny) break;
      }
    }
    words[tableAt + HeadStart.fieldCount / 4] = (row - tableAt - START_WORDS) / ROW_WORDS;
    words[tableAt + HeadStart.methodLength / 4] = methodLength;
    words[tableAt + HeadStart.present / 4] = present;
    words[tableAt + HeadStart.targetLength / 4] = targetLength;
    words[tableAt + HeadStart.repeated / 4] = repeated;
    const headAt = this.#headAt;
    if (asked > BY_WORDS_MAX) return void copyNatively.call(head as Buffer, bytes, headAt, 0, length);
    copyWords(words, headAt, head, 0, lineEnd);
    for (let at = tableAt + START_WORDS; at < row; at += ROW_WORDS) {
      const name = words[at + 1]!;
      if (name >>> 16 === KnownField.other) copyWords(words, headAt, head, words[at]!, name); // the upper half is 0
      copyWords(words, headAt, head, words[at + 2]!, words[at + 3]!);
    }
  }

  #putAll(bytes: Uint8Array, pairs: Float64Array, head: Uint8Array, length: number, table: HeadTable): void {
    copyNatively.call(head as Buffer, bytes, this.#headAt, 0, length);
    // What is in use and no more: the rest would push other lines out of the cache. A call costs more than some pairs.
    const { pairs: spans, length: spanWords } = table;
    for (let i = 0, at = this.#tableAt >> 3, end = spanWords >> 1; i < end; i++) pairs[at + i] = spans[i]!;
  }
}

/**
 * Copies head[start, start + length) to its place behind `headAt`, four bytes at a time, and with it up to three bytes
 * before and behind, which are the head's as well: no span that is asked for ends a head.
 */
function copyWords(words: Int32Array, headAt: number, head: Uint8Array, start: number, length: number): void {
  const first = headAt >> 2;
  for (let word = start >> 2, end = (start + length + 3) >> 2; word < end; word++) {
    const at = word << 2;
    words[first + word] = head[at]! | (head[at + 1]! << 8) | (head[at + 2]! << 16) | (head[at + 3]! << 24);
  }
}
