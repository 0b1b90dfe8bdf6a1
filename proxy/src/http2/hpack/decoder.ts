/**
 * Reads header blocks (RFC 7541, section 6). A block is read to its end whatever the fields mean,
 * since the tables of both sides must stay the same; what is wrong here ends the connection.
 */
import { copyOf, sameBytes } from "../../http1/copy-bytes.ts";
import { KEPT_BYTES_MAX } from "../../http1/limits.ts";
import { DynamicTable, type Entry } from "./dynamic-table.ts";
import { decodedBytesMax, decodeHuffman } from "./huffman.ts";
import { IntegerReader } from "./integer.ts";
import { STATIC_COUNT, STATIC_ENTRIES } from "./static-table.ts";

/** Takes each field as spans, which hold during the call. */
export interface FieldSink {
  addField(
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    /** The table's entry that it is; undefined for what stands in the block itself. */
    entry?: Entry,
  ): void;
}

const NO_BYTES = new Uint8Array(0);
const SCRATCH_AT_FIRST = 256;

/**
 * A literal that was put into the table, as it stood in its block. Peers without a table of their own (nginx)
 * send the same ones with every head, which need not be decoded, checked and copied again.
 */
type Seen = { readonly literal: Uint8Array; readonly entry: Entry };
/** By the index of the name, of the static table or none. A row each, so that a connection holds no more than 4 KiB. */
const SEEN_ROWS = 32;
const SEEN_BYTES_MAX = 64;

/** A text of a block: where it lies once it is decoded. */
class Text {
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  #scratch = NO_BYTES;

  /** Reads a string literal (section 5.2) at `at`; where it ends, or -1. */
  read(block: Uint8Array, at: number, end: number, integers: IntegerReader): number {
    if (at >= end) return -1;
    const isHuffman = (block[at]! & 0x80) !== 0;
    const length = integers.read(block, at, end, 7);
    if (length < 0 || length > end - integers.at) return -1;
    const from = integers.at;
    const to = from + length;
    if (!isHuffman) {
      this.set(block, from, to);
      return to;
    }
    const most = decodedBytesMax(length);
    if (most > this.#scratch.length) this.#scratch = new Uint8Array(Math.max(most, SCRATCH_AT_FIRST));
    const decoded = decodeHuffman(block, from, to, this.#scratch, 0);
    if (decoded < 0) return -1;
    this.set(this.#scratch, 0, decoded);
    return to;
  }

  set(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  copy(): Uint8Array {
    return copyOf(this.bytes, this.start, this.end);
  }

  get isLarge(): boolean {
    return this.#scratch.length > KEPT_BYTES_MAX;
  }

  rest(): void {
    this.bytes = NO_BYTES;
    if (this.isLarge) this.#scratch = NO_BYTES;
  }
}

export class HpackDecoder {
  readonly #table: DynamicTable;
  /** What our SETTINGS_HEADER_TABLE_SIZE allows. */
  readonly #tableBytesMax: number;
  readonly #integers = new IntegerReader();
  readonly #name = new Text();
  readonly #value = new Text();
  readonly #seen: (Seen | undefined)[] = [];

  constructor(tableBytesMax: number) {
    this.#tableBytesMax = tableBytesMax;
    this.#table = new DynamicTable(tableBytesMax);
  }

  /** More is kept of what was read than nearly any block takes, until `rest`. */
  get isLarge(): boolean {
    return this.#name.isLarge || this.#value.isLarge;
  }

  rest(): void {
    this.#name.rest();
    this.#value.rest();
  }

  /** Gives every field of block[start, end) to the sink; false for COMPRESSION_ERROR. */
  decode(block: Uint8Array, start: number, end: number, sink: FieldSink): boolean {
    let at = start;
    let mayResize = true;
    while (at < end) {
      const byte = block[at]!;
      if ((byte & 0xe0) === 0x20) {
        const size = this.#integers.read(block, at, end, 5);
        if (!mayResize || size < 0 || size > this.#tableBytesMax) return false;
        this.#table.resize(size);
        at = this.#integers.at;
        continue;
      }
      mayResize = false;
      at = (byte & 0x80) !== 0 ? this.#readIndexed(block, at, end, sink) : this.#readLiteral(block, at, end, sink);
      if (at < 0) return false;
    }
    return true;
  }

  #readIndexed(block: Uint8Array, at: number, end: number, sink: FieldSink): number {
    const index = this.#integers.read(block, at, end, 7);
    const entry = index < 0 ? undefined : this.#entry(index);
    if (entry === undefined) return -1;
    const { name, value } = entry;
    sink.addField(name, 0, name.length, value, 0, value.length, entry);
    return this.#integers.at;
  }

  /** With incremental indexing (01), without (0000), or never indexed (0001). */
  #readLiteral(block: Uint8Array, start: number, end: number, sink: FieldSink): number {
    const isIndexed = (block[start]! & 0xc0) === 0x40;
    const index = this.#integers.read(block, start, end, isIndexed ? 6 : 4);
    if (index < 0) return -1;
    let at = this.#integers.at;
    const mayBeSeen = isIndexed && index <= STATIC_COUNT;
    const seen = mayBeSeen ? this.#seen[index % SEEN_ROWS] : undefined;
    if (seen !== undefined && sameBytes(seen.literal, block, start, end)) {
      const { entry, literal } = seen;
      sink.addField(entry.name, 0, entry.name.length, entry.value, 0, entry.value.length, entry);
      this.#table.insertAgain(entry);
      return start + literal.length;
    }
    const name = this.#name;
    if (index === 0) at = name.read(block, at, end, this.#integers);
    else {
      const entry = this.#entry(index);
      if (entry === undefined) return -1;
      name.set(entry.name, 0, entry.name.length);
    }
    const value = this.#value;
    if (at >= 0) at = value.read(block, at, end, this.#integers);
    if (at < 0) return -1;
    sink.addField(name.bytes, name.start, name.end, value.bytes, value.start, value.end);
    if (!isIndexed) return at;
    const entry = this.#table.insert(index === 0 ? name.copy() : name.bytes, value.copy());
    if (mayBeSeen && at - start <= SEEN_BYTES_MAX)
      this.#seen[index % SEEN_ROWS] = { literal: copyOf(block, start, at), entry };
    return at;
  }

  #entry(index: number): Entry | undefined {
    if (index === 0) return undefined;
    return index <= STATIC_COUNT ? STATIC_ENTRIES[index - 1] : this.#table.at(index - STATIC_COUNT - 1);
  }
}
