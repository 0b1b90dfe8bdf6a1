/**
 * Writes header blocks (RFC 7541, section 6) from spans of a head. What repeats is indexed: both
 * tables are looked up by a hash of name and value. What is a secret is never indexed (section
 * 7.1), and what changes with each message is not put in the table, where it would push out what
 * does not.
 */

import { asciiBytes, lower } from "../../http1/characters.ts";
import { copyBytes, copyOf } from "../../http1/copy-bytes.ts";
import type { Output } from "../output.ts";
import { DynamicTable } from "./dynamic-table.ts";
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
/** Of what a connection's own table holds: ENCODER_TABLE_BYTES_MAX is some forty fields. Each connection has them. */
const TABLE_SLOTS = 128;

/** What the encoder knows of a name, by the hash of it. */
type NameRow = { readonly name: Uint8Array; readonly index: number; readonly indexing: Indexing };

const NAMES = nameRows();
const STATIC_PAIRS = staticPairs();

export class HpackEncoder {
  readonly #table = new DynamicTable(ENCODER_TABLE_BYTES_MAX);
  /** Number of the entry with a pair's, and a name's, hash; 0 for none. Checked against the table. */
  readonly #pairs = new Uint32Array(TABLE_SLOTS);
  readonly #names = new Uint32Array(TABLE_SLOTS);
  /** The least table size that is to be told at the next block's begin, and the last. */
  #smallest = -1;
  #told = -1;
  #lowered = new Uint8Array(64);
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
    if (this.#told < 0) return;
    const at = out.reserve(INTEGER_BYTES_MAX * 2);
    let end = at;
    if (this.#smallest < this.#told) end = writeInteger(out.bytes, end, this.#smallest, 5, 0x20);
    end = writeInteger(out.bytes, end, this.#told, 5, 0x20);
    out.end = end;
    this.#told = -1;
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
    const nameLength = nameEnd - nameStart;
    const name = this.#lower(nameBytes, nameStart, nameEnd);
    const nameHash = hashOf(name, 0, nameLength, 0x811c9dc5);
    const row = rowOf(name, nameLength, nameHash);
    const indexing = row?.indexing ?? Indexing.incremental;
    const isPairKnown = indexing === Indexing.incremental || (row?.index ?? 0) > 0;
    const isLookedUp = isPairKnown && indexing !== Indexing.never;
    const pairHash = isLookedUp ? hashOf(value, valueStart, valueEnd, nameHash) : 0;
    if (isLookedUp) {
      const index = this.#pairIndex(name, nameLength, value, valueStart, valueEnd, pairHash);
      if (index > 0) {
        const at = out.reserve(INTEGER_BYTES_MAX);
        out.end = writeInteger(out.bytes, at, index, 7, 0x80);
        return;
      }
    }
    const nameIndex = row !== undefined && row.index > 0 ? row.index : this.#nameIndex(name, nameLength, nameHash);
    const isIndexed = indexing === Indexing.incremental && valueEnd - valueStart <= INDEXED_VALUE_BYTES_MAX;
    const at = out.reserve(INTEGER_BYTES_MAX);
    if (isIndexed) out.end = writeInteger(out.bytes, at, nameIndex, 6, 0x40);
    else out.end = writeInteger(out.bytes, at, nameIndex, 4, indexing === Indexing.never ? 0x10 : 0x00);
    if (nameIndex === 0) writeText(out, name, 0, nameLength, this.#isShort);
    writeText(out, value, valueStart, valueEnd, this.#isShort);
    if (!isIndexed) return;
    this.#table.insert(copyOf(name, 0, nameLength), copyOf(value, valueStart, valueEnd));
    this.#pairs[pairHash & (TABLE_SLOTS - 1)] = this.#table.inserted;
    this.#names[nameHash & (TABLE_SLOTS - 1)] = this.#table.inserted;
  }

  /** Index of the pair in either table, or 0. */
  #pairIndex(name: Uint8Array, length: number, value: Uint8Array, start: number, end: number, hash: number): number {
    const fixed = STATIC_PAIRS[hash & (SLOTS - 1)]!;
    if (fixed > 0) {
      const entry = STATIC_ENTRIES[fixed - 1]!;
      if (isSame(entry.name, name, 0, length) && isSame(entry.value, value, start, end)) return fixed;
    }
    const age = this.#table.inserted - this.#pairs[hash & (TABLE_SLOTS - 1)]!;
    const entry = this.#table.at(age);
    if (entry === undefined) return 0;
    if (!isSame(entry.name, name, 0, length) || !isSame(entry.value, value, start, end)) return 0;
    return STATIC_COUNT + 1 + age;
  }

  #nameIndex(name: Uint8Array, length: number, hash: number): number {
    const age = this.#table.inserted - this.#names[hash & (TABLE_SLOTS - 1)]!;
    const entry = this.#table.at(age);
    return entry !== undefined && isSame(entry.name, name, 0, length) ? STATIC_COUNT + 1 + age : 0;
  }

  #lower(bytes: Uint8Array, start: number, end: number): Uint8Array {
    if (end - start > this.#lowered.length) this.#lowered = new Uint8Array((end - start) * 2);
    for (let at = start; at < end; at++) this.#lowered[at - start] = lower(bytes[at]!);
    return this.#lowered;
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

/** FNV-1a, begun with `seed`. An attacker who makes two values collide makes us index less. */
function hashOf(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

function isSame(whole: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (whole.length !== end - start) return false;
  for (let at = 0; at < whole.length; at++) if (whole[at] !== bytes[start + at]) return false;
  return true;
}

function rowOf(name: Uint8Array, length: number, hash: number): NameRow | undefined {
  const rows = NAMES[hash & (SLOTS - 1)];
  if (rows === undefined) return undefined;
  for (let i = 0; i < rows.length; i++) if (isSame(rows[i]!.name, name, 0, length)) return rows[i];
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
    const slot = hashOf(name, 0, name.length, 0x811c9dc5) & (SLOTS - 1);
    slots[slot] = [...(slots[slot] ?? []), { name, index: known.get(text) ?? 0, indexing }];
  }
  return slots;
}

/** Index of the pair by the hash of it; the first where two have one slot. */
function staticPairs(): Uint8Array {
  const slots = new Uint8Array(SLOTS);
  STATIC_ENTRIES.forEach(({ name, value }, i) => {
    const slot = hashOf(value, 0, value.length, hashOf(name, 0, name.length, 0x811c9dc5)) & (SLOTS - 1);
    if (slots[slot] === 0) slots[slot] = i + 1;
  });
  return slots;
}
