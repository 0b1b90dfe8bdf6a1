/**
 * Writes header blocks (RFC 7541, section 6) from spans of a head. What repeats is indexed: both
 * tables are looked up by a hash of name and value. What is a secret is never indexed (section
 * 7.1), and what changes with each message is not put in the table, where it would push out what
 * does not.
 */

import { asciiBytes } from "../../http1/characters.ts";
import { copyBytes, copyOf } from "../../http1/copy-bytes.ts";
import { hashOf, isSameText, wordsOf } from "../../http1/words.ts";
import type { Output } from "../output.ts";
import { DynamicTable } from "./dynamic-table.ts";
import { FoldedName, NAME_SEED } from "./folded-name.ts";
import { encodeHuffman, huffmanBytes } from "./huffman.ts";
import { INTEGER_BYTES_MAX, writeInteger } from "./integer.ts";
import { STATIC_COUNT, STATIC_ENTRIES } from "./static-table.ts";

/** Of a peer that allows more: as much as a proxy's fields fill, and no more memory for each connection. */
const ENCODER_TABLE_BYTES_MAX = 4096;
/** Larger values would push everything else out. */
const INDEXED_VALUE_BYTES_MAX = 512;

const NEVER_INDEXED = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);
const VOLATILE = new Set([
  ":path",
  "age",
  "content-length",
  "content-range",
  "date",
  "etag",
  "expires",
  "grpc-timeout",
  "if-modified-since",
  "if-none-match",
  "last-modified",
  "location",
  "traceparent",
  "tracestate",
  "x-request-id",
  "x-regomesh-decision",
]);

const Indexing = { incremental: 0, without: 1, never: 2 } as const;
type Indexing = (typeof Indexing)[keyof typeof Indexing];

/** Rows of the hash table of what is fixed; a power of two. */
const SLOTS = 512;
/** Of what a connection's own table holds: ENCODER_TABLE_BYTES_MAX is some forty fields. Each connection that writes a head has them. */
const TABLE_SLOTS = 128;
/** Two pairs of one slot stand side by side: each would push the other out with every message. */
const WAYS = 2;
/** Fields of a block whose entries are kept for the next one's, by their place: first those of trailers, then a head's. */
const PLACES = 64;
const HEAD_PLACES_AT = 8;
const NO_NUMBERS = new Uint32Array(0);
const NO_HASHES = new Int32Array(0);

/** What the encoder knows of a name, by the hash of it. */
type NameRow = {
  readonly name: Uint8Array;
  readonly words: Int32Array;
  readonly index: number;
  readonly indexing: Indexing;
};

/** An entry's texts as words: what is compared with every field. */
type PairWords = { readonly name: Int32Array; readonly value: Int32Array };

const NAMES = nameRows();
const STATIC_PAIRS = staticPairs();
const STATIC_WORDS = STATIC_ENTRIES.map(
  ({ name, value }): PairWords => ({ name: wordsOf(name), value: wordsOf(value) }),
);

export class HpackEncoder {
  readonly #table = new DynamicTable(ENCODER_TABLE_BYTES_MAX);
  /** Numbers of the last two entries with a pair's, and of the last with a name's, hash; 0 for none. Checked against the table; made for the first block. */
  #pairs = NO_NUMBERS;
  #pairHashes = NO_HASHES;
  #names = NO_NUMBERS;
  /**
   * One message is like the one before: the pair that stood at a place is compared first, without a hash. By its entry's
   * number; below 0, by the static table's; 0 for none.
   */
  #places = NO_HASHES;
  #place = 0;
  /** The least table size that is to be told at the next block's begin, and the last. */
  #smallest = -1;
  #told = -1;
  readonly #name = new FoldedName();
  /** Of each entry, at its number modulo TABLE_SLOTS: there are never as many at a time. */
  readonly #words: PairWords[] = [];
  readonly #isShort: boolean;

  /**
   * `isShort`: texts are written by Huffman where that is shorter. To an endpoint, which is near, a
   * quarter fewer bytes of what no table keeps are worth less than the time of both ends.
   */
  constructor(isShort = true) {
    this.#isShort = isShort;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE; told at the begin of the next block (section 4.2). */
  resize(bytesMax: number): void {
    const size = Math.min(bytesMax, ENCODER_TABLE_BYTES_MAX);
    if (size === this.#table.bytesMax && this.#told < 0) return;
    this.#smallest = this.#told < 0 ? size : Math.min(this.#smallest, size);
    this.#told = size;
    this.#table.resize(size);
  }

  /** Before the first field of a block. */
  begin(out: Output): void {
    if (this.#names.length === 0) this.#makeSlots();
    this.#place = 0;
    if (this.#told < 0) return;
    const at = out.reserve(INTEGER_BYTES_MAX * 2);
    let end = at;
    if (this.#smallest < this.#told) end = writeInteger(out.bytes, end, this.#smallest, 5, 0x20);
    end = writeInteger(out.bytes, end, this.#told, 5, 0x20);
    out.end = end;
    this.#told = -1;
  }

  #makeSlots(): void {
    this.#pairs = new Uint32Array(TABLE_SLOTS * WAYS);
    this.#pairHashes = new Int32Array(TABLE_SLOTS * WAYS);
    this.#names = new Uint32Array(TABLE_SLOTS);
    this.#places = new Int32Array(PLACES);
  }

  /** The entry with this index of the static table, or of both. */
  encodeIndex(out: Output, index: number): void {
    const at = out.reserve(INTEGER_BYTES_MAX);
    out.end = writeInteger(out.bytes, at, index, 7, 0x80);
  }

  /** A field; its name may have letters of either case. */
  encode(
    out: Output,
    nameBytes: Uint8Array,
    nameStart: number,
    nameEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const place = this.#place++;
    const kept = place < PLACES ? this.#places[place]! : 0;
    if (kept !== 0) {
      const index = this.#keptIndex(kept, nameBytes, nameStart, nameEnd, value, valueStart, valueEnd);
      if (index > 0) return void this.encodeIndex(out, index);
    }
    const name = this.#name;
    name.take(nameBytes, nameStart, nameEnd);
    const index = this.#encode(out, name, value, valueStart, valueEnd);
    if (place >= PLACES) return;
    if (index > STATIC_COUNT) this.#places[place] = this.#table.inserted - (index - STATIC_COUNT - 1);
    else this.#places[place] = -index;
  }

  /** A field with a name that is folded already: a head begins with one. */
  encodeNamed(out: Output, name: FoldedName, value: Uint8Array, valueStart: number, valueEnd: number): void {
    if (this.#place < HEAD_PLACES_AT) this.#place = HEAD_PLACES_AT;
    this.#encode(out, name, value, valueStart, valueEnd);
  }

  /** Index of the pair in either table, from here on; 0 where it is in none. */
  #encode(out: Output, name: FoldedName, value: Uint8Array, valueStart: number, valueEnd: number): number {
    const row = rowOf(name);
    const indexing = row?.indexing ?? Indexing.incremental;
    const isPairKnown = indexing === Indexing.incremental || (row?.index ?? 0) > 0;
    const isLookedUp = isPairKnown && indexing !== Indexing.never;
    const pairHash = isLookedUp ? hashOf(value, valueStart, valueEnd, name.hash) : 0;
    if (isLookedUp) {
      const index = this.#pairIndex(name, value, valueStart, valueEnd, pairHash);
      if (index > 0) {
        this.encodeIndex(out, index);
        return index;
      }
    }
    const nameIndex = row !== undefined && row.index > 0 ? row.index : this.#nameIndex(name);
    const isIndexed = indexing === Indexing.incremental && valueEnd - valueStart <= INDEXED_VALUE_BYTES_MAX;
    const at = out.reserve(INTEGER_BYTES_MAX);
    if (isIndexed) out.end = writeInteger(out.bytes, at, nameIndex, 6, 0x40);
    else out.end = writeInteger(out.bytes, at, nameIndex, 4, indexing === Indexing.never ? 0x10 : 0x00);
    if (nameIndex === 0) writeText(out, name.bytes(), 0, name.length, this.#isShort);
    writeText(out, value, valueStart, valueEnd, this.#isShort);
    if (!isIndexed) return 0;
    this.#insert(
      row?.name ?? copyOf(name.bytes(), 0, name.length),
      copyOf(value, valueStart, valueEnd),
      name.hash,
      pairHash,
    );
    return STATIC_COUNT + 1;
  }

  /** Index of the entry that stood at a place before, where it is in its table still and is this pair; 0 otherwise. */
  #keptIndex(
    kept: number,
    name: Uint8Array,
    ns: number,
    ne: number,
    value: Uint8Array,
    vs: number,
    ve: number,
  ): number {
    const age = this.#table.inserted - kept;
    const entry = kept < 0 ? STATIC_ENTRIES[-kept - 1] : this.#table.at(age);
    if (entry === undefined) return 0;
    const words = kept < 0 ? STATIC_WORDS[-kept - 1]! : this.#words[kept % TABLE_SLOTS]!;
    if (!isSameText(words.value, entry.value.length, value, vs, ve)) return 0;
    if (!isSameText(words.name, entry.name.length, name, ns, ne)) return 0;
    return kept < 0 ? -kept : STATIC_COUNT + 1 + age;
  }

  #insert(name: Uint8Array, value: Uint8Array, nameHash: number, pairHash: number): void {
    this.#table.insert(name, value);
    const number = this.#table.inserted;
    this.#words[number % TABLE_SLOTS] = { name: wordsOf(name), value: wordsOf(value) };
    const slot = (pairHash & (TABLE_SLOTS - 1)) * WAYS;
    this.#pairs[slot + 1] = this.#pairs[slot]!;
    this.#pairHashes[slot + 1] = this.#pairHashes[slot]!;
    this.#pairs[slot] = number;
    this.#pairHashes[slot] = pairHash;
    this.#names[nameHash & (TABLE_SLOTS - 1)] = number;
  }

  /** Index of the pair in either table, or 0. */
  #pairIndex(name: FoldedName, value: Uint8Array, start: number, end: number, hash: number): number {
    const fixed = STATIC_PAIRS[hash & (SLOTS - 1)]!;
    if (fixed > 0) {
      const entry = STATIC_ENTRIES[fixed - 1]!;
      const words = STATIC_WORDS[fixed - 1]!;
      if (name.is(words.name, entry.name.length) && isSameText(words.value, entry.value.length, value, start, end))
        return fixed;
    }
    const slot = (hash & (TABLE_SLOTS - 1)) * WAYS;
    for (let way = slot; way < slot + WAYS; way++) {
      if (this.#pairHashes[way] !== hash) continue;
      const age = this.#table.inserted - this.#pairs[way]!;
      const entry = this.#table.at(age);
      if (entry === undefined) continue;
      const words = this.#words[this.#pairs[way]! % TABLE_SLOTS]!;
      if (name.is(words.name, entry.name.length) && isSameText(words.value, entry.value.length, value, start, end))
        return STATIC_COUNT + 1 + age;
    }
    return 0;
  }

  #nameIndex(name: FoldedName): number {
    const number = this.#names[name.hash & (TABLE_SLOTS - 1)]!;
    const age = this.#table.inserted - number;
    const entry = this.#table.at(age);
    if (entry === undefined) return 0;
    return name.is(this.#words[number % TABLE_SLOTS]!.name, entry.name.length) ? STATIC_COUNT + 1 + age : 0;
  }
}

/** A string literal, by Huffman where that is asked for, and shorter (section 5.2). */
function writeText(out: Output, bytes: Uint8Array, start: number, end: number, isShort: boolean): void {
  const length = end - start;
  const encoded = isShort ? huffmanBytes(bytes, start, end) : length;
  const isHuffman = encoded < length;
  const at = out.reserve(INTEGER_BYTES_MAX + Math.min(encoded, length));
  const from = writeInteger(out.bytes, at, isHuffman ? encoded : length, 7, isHuffman ? 0x80 : 0x00);
  if (isHuffman) out.end = encodeHuffman(bytes, start, end, out.bytes, from);
  else out.end = copyBytes(out.bytes, from, bytes, start, end);
}

function rowOf(name: FoldedName): NameRow | undefined {
  const rows = NAMES[name.hash & (SLOTS - 1)];
  if (rows === undefined) return undefined;
  for (let i = 0; i < rows.length; i++) if (name.is(rows[i]!.words, rows[i]!.name.length)) return rows[i];
  return undefined;
}

function nameRows(): readonly (readonly NameRow[] | undefined)[] {
  const slots: NameRow[][] = [];
  const known = new Map<string, number>();
  STATIC_ENTRIES.forEach(({ name }, i) => {
    const text = String.fromCharCode(...name);
    if (!known.has(text)) known.set(text, i + 1);
  });
  for (const text of new Set([...known.keys(), ...NEVER_INDEXED, ...VOLATILE])) {
    const name = asciiBytes(text);
    const indexing = NEVER_INDEXED.has(text)
      ? Indexing.never
      : VOLATILE.has(text)
        ? Indexing.without
        : Indexing.incremental;
    const slot = hashOf(name, 0, name.length, NAME_SEED) & (SLOTS - 1);
    slots[slot] = [...(slots[slot] ?? []), { name, words: wordsOf(name), index: known.get(text) ?? 0, indexing }];
  }
  return slots;
}

/** Index of the pair by the hash of it; the first where two have one slot. */
function staticPairs(): Uint8Array {
  const slots = new Uint8Array(SLOTS);
  STATIC_ENTRIES.forEach(({ name, value }, i) => {
    const slot = hashOf(value, 0, value.length, hashOf(name, 0, name.length, NAME_SEED)) & (SLOTS - 1);
    if (slots[slot] === 0) slots[slot] = i + 1;
  });
  return slots;
}
