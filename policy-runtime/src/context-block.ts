/**
 * The facts of a connection as the module has them (policy-compiler/runtime/assembly/
 * request/region.ts): a value word for each of CONTEXT_FIELDS, then string cells, then
 * bytes. Addresses count from the block's beginning, so that it is made once a connection, copied whole, and
 * then told where it lies.
 *
 * Where there is room a module holds several blocks: a connection that comes again finds its own, with
 * what the module found out about its strings.
 */
import { CONTEXT_FIELDS, type ConnectionContext } from "./connection.ts";
import { StringCell, ValueKind } from "./layout/value-kind.ts";

/** A principal may have 2,048 bytes, and stands twice with its parts. */
const BLOCK_BYTES_MAX = 16_384;
/** Most connections' facts take some 300. */
const KEPT_BYTES_MAX = 512;
/** Blocks that a module keeps beside the one of the last connection without a place. */
const KEPT_MAX = 256;
export const CONTEXT_BYTES_MAX = BLOCK_BYTES_MAX + KEPT_MAX * KEPT_BYTES_MAX;

const encoder = new TextEncoder();

/** A connection's block, and its place among those that are kept. */
type Block = { readonly bytes: Uint8Array; place: number };

/** Copies a span without making a view of it. */
const copyNatively = Buffer.prototype.copy;
const CELLS = CONTEXT_FIELDS.length * 4 + (CONTEXT_FIELDS.length % 2) * 4;

export class ContextBlocks {
  /** Where all blocks begin. */
  readonly #at: number;
  readonly #known = new WeakMap<ConnectionContext, Block>();
  readonly #kept: (Block | undefined)[] = new Array(KEPT_MAX).fill(undefined);
  #next = 0;

  constructor(at: number) {
    this.#at = at;
  }

  /** Puts the connection's block into the module's memory, unless it is there; gives its address. */
  put(context: ConnectionContext, bytes: Uint8Array, words: Int32Array): number {
    let block = this.#known.get(context);
    if (block === undefined) {
      block = { bytes: makeContextBlock(context), place: 0 };
      this.#known.set(context, block);
    } else if (this.#kept[block.place] === block) return this.#at + BLOCK_BYTES_MAX + block.place * KEPT_BYTES_MAX;
    let address = this.#at;
    if (block.bytes.length <= KEPT_BYTES_MAX) {
      block.place = this.#next;
      this.#next = (this.#next + 1) % KEPT_MAX;
      this.#kept[block.place] = block;
      address += BLOCK_BYTES_MAX + block.place * KEPT_BYTES_MAX;
    }
    copyNatively.call(block.bytes as Buffer, bytes, address, 0, block.bytes.length);
    settle(words, address);
    return address;
  }
}

/** The block at the address is told where it lies. */
function settle(words: Int32Array, address: number): void {
  const first = address >> 2;
  for (let i = 0; i < CONTEXT_FIELDS.length; i++) {
    const word = words[first + i]!;
    if (word === 0 || (word & 1) !== 0) continue;
    words[first + i] = word + address;
    const bytes = first + ((word + StringCell.bytes) >> 2);
    words[bytes] = words[bytes]! + address;
  }
}

/** Throws where the facts are longer than a block may be. */
function makeContextBlock(context: ConnectionContext): Uint8Array {
  const values = CONTEXT_FIELDS.map((field) => {
    const value = context[field];
    return typeof value === "string" ? encoder.encode(value) : value;
  });
  const texts = CELLS + CONTEXT_FIELDS.length * StringCell.size;
  const size = values.reduce<number>((sum, value) => sum + (value instanceof Uint8Array ? value.length : 0), texts);
  if (size > BLOCK_BYTES_MAX) throw new Error(`a connection's facts take ${size} bytes; ${BLOCK_BYTES_MAX} fit`);
  const block = new Uint8Array(size);
  const view = new DataView(block.buffer);
  let text = texts;
  values.forEach((value, i) => {
    if (typeof value === "number") view.setUint32(i * 4, (value << 1) | 1, true);
    if (!(value instanceof Uint8Array)) return;
    const cell = CELLS + i * StringCell.size;
    view.setUint32(i * 4, cell, true);
    view.setUint32(cell + StringCell.kind, ValueKind.string, true);
    view.setUint32(cell + StringCell.length, value.length, true);
    view.setUint32(cell + StringCell.bytes, text, true);
    block.set(value, text);
    text += value.length;
  });
  return block;
}
