/**
 * The constants of a policy: strings ("atoms", one cell each), other values (as text that
 * the runtime reads and seals when it starts; code loads them from a table), the memo
 * table, the marks of rules that fired, and the indexes of dispatches.
 *
 * [link block 128][atom cells 16 each][value table 4 each][value texts 8 each][memo 8 each][marks 4 each][slots 16 each][index words 4 each][bytes]
 */
import { StringCell, ValueKind } from "@regomesh/policy-runtime";
import { LINK_BLOCK_BYTES, LINK_WORDS, type LinkWords, Slot } from "./runtime-layout.ts";

/** Grows while functions are emitted; `layOut` fixes all addresses. */
export type Statics = {
  readonly atoms: Map<string, number>;
  readonly values: Map<string, number>;
  memoSlots: number;
  marks: number;
  /** Indexes of dispatches: words that are numbers, or addresses of other words, atoms, and cells of values. */
  readonly words: IndexWord[];
  /** Input slots by their path as JSON text. */
  readonly slots: Map<string, InputSlot>;
};

export type IndexWord = number | { readonly at: number } | { readonly atom: number } | { readonly value: number };

/** `kind` is a SlotKind, `path` the number of the constant that holds the path. */
export type InputSlot = { readonly number: number; readonly kind: number; readonly path: number };

export type Layout = {
  readonly bytes: Uint8Array;
  readonly heapStart: number;
};

export function newStatics(): Statics {
  return { atoms: new Map(), values: new Map(), memoSlots: 0, marks: 0, words: [], slots: new Map() };
}

/** Number of the atom. Two texts that have the same UTF-8 are one. */
export function atomOf(statics: Statics, written: string): number {
  const text = written.toWellFormed();
  const known = statics.atoms.get(text);
  if (known !== undefined) return known;
  statics.atoms.set(text, statics.atoms.size);
  return statics.atoms.size - 1;
}

/** Number of the constant with this text (JSON, or Rego's `{1}` and `set()`). */
export function constantOf(statics: Statics, text: string): number {
  const known = statics.values.get(text);
  if (known !== undefined) return known;
  statics.values.set(text, statics.values.size);
  return statics.values.size - 1;
}

/** The slot for a path of keys below input. The keys are atoms: the runtime finds them by address. */
export function slotOf(
  statics: Statics,
  path: readonly string[],
  kindOf: (path: readonly string[]) => number,
): InputSlot {
  const text = JSON.stringify(path);
  const known = statics.slots.get(text);
  if (known !== undefined) return known;
  for (const key of path) atomOf(statics, key);
  const slot = { number: statics.slots.size, kind: kindOf(path), path: constantOf(statics, text) };
  statics.slots.set(text, slot);
  return slot;
}

/** What code is given the address of. */
export type AddressKind = "atom" | "value" | "memo" | "mark" | "slot" | "index";

/** Where the first of each kind is, and the bytes from one to the next. */
export type Addresses = Readonly<Record<AddressKind, { readonly first: number; readonly size: number }>>;

/** Places everything from `base` on (a multiple of 16); nothing may be added afterwards. */
export function addressesOf(statics: Statics, base: number): Addresses {
  const atoms = base + LINK_BLOCK_BYTES;
  const values = atoms + statics.atoms.size * StringCell.size;
  const memo = align(values + statics.values.size * 12, 8);
  const marks = memo + statics.memoSlots * 8;
  const slots = align(marks + statics.marks * 4, Slot.size);
  const words = slots + statics.slots.size * Slot.size;
  return {
    atom: { first: atoms, size: StringCell.size },
    value: { first: values, size: 4 },
    memo: { first: memo, size: 8 },
    mark: { first: marks, size: 4 },
    slot: { first: slots, size: Slot.size },
    index: { first: words, size: 4 },
  };
}

/** Places in the table: of the first plan, and of the first function that gives a plan's value alone. */
export type LinkBlock = {
  readonly planTable: number;
  readonly answerTable: number;
  /** Of the function that makes the indexes of data, 0 where there are none. */
  readonly dataTable: number;
  readonly entrypoints: string;
  readonly builtins: string;
};

/** The segment's bytes, and where the heap may begin. */
export function layOut(statics: Statics, base: number, block: LinkBlock): Layout {
  const encoder = new TextEncoder();
  const { atom, value, memo, mark, slot, index } = addressesOf(statics, base);
  const texts = index.first + statics.words.length * index.size;
  const chunks: Uint8Array[] = [];
  let end = texts;
  const place = (text: string): number => {
    const bytes = encoder.encode(text);
    chunks.push(bytes);
    end += bytes.length;
    return bytes.length;
  };
  for (const text of statics.atoms.keys()) place(text);
  const firstValue = end;
  for (const text of statics.values.keys()) place(text);
  const entrypointsText = end;
  const entrypointsLength = place(block.entrypoints);
  const builtinsText = end;
  const builtinsLength = place(block.builtins);
  const heapStart = align(end + 8, 16);

  const bytes = new Uint8Array(end - base);
  const view = new DataView(bytes.buffer);
  const valueTexts = value.first + statics.values.size * value.size;
  const words: LinkWords = {
    heapStart,
    planTable: block.planTable,
    answerTable: block.answerTable,
    dataTable: block.dataTable,
    ...{ memoTable: memo.first, memoSlots: statics.memoSlots },
    ...{ atomCells: atom.first, atomCount: statics.atoms.size },
    ...{ entrypointsText, entrypointsLength, builtinsText, builtinsLength },
    ...{ valueTable: value.first, valueCount: statics.values.size, valueTexts },
    ...{ markTable: mark.first, markCount: statics.marks },
    ...{ slotTable: slot.first, slotCount: statics.slots.size },
  };
  LINK_WORDS.forEach((word, i) => {
    view.setUint32(i * 4, words[word], true);
  });
  let text = texts;
  for (let i = 0, at = atom.first - base; i < statics.atoms.size; i++, at += atom.size) {
    const { length } = chunks[i] as Uint8Array;
    view.setUint32(at + StringCell.kind, ValueKind.string, true);
    view.setUint32(at + StringCell.length, length, true);
    view.setUint32(at + StringCell.bytes, text, true);
    text += length;
  }
  text = firstValue;
  for (let i = 0, at = valueTexts - base; i < statics.values.size; i++, at += 8) {
    const { length } = chunks[statics.atoms.size + i] as Uint8Array;
    view.setUint32(at, text, true);
    view.setUint32(at + 4, length, true);
    text += length;
  }
  let slotAt = slot.first - base;
  for (const { kind, path } of statics.slots.values()) {
    view.setUint32(slotAt + Slot.kind, kind, true);
    view.setUint32(slotAt + Slot.path, value.first + path * value.size, true);
    slotAt += slot.size;
  }
  for (let i = 0, at = index.first - base; i < statics.words.length; i++, at += index.size) {
    const word = statics.words[i] as IndexWord;
    if (typeof word === "number") view.setInt32(at, word, true);
    else if ("at" in word) view.setUint32(at, index.first + word.at * index.size, true);
    else if ("atom" in word) view.setUint32(at, atom.first + word.atom * atom.size, true);
    else view.setUint32(at, value.first + word.value * value.size, true);
  }
  let at = texts - base;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return { bytes, heapStart };
}

export function align(at: number, to: number): number {
  return Math.ceil(at / to) * to;
}
