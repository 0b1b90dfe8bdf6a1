/**
 * The constants of a policy: strings ("atoms", one cell each), other values (as text that
 * the runtime reads and seals when it starts; code loads them from a table), the memo
 * table, the marks of rules that fired, and the indexes of dispatches.
 *
 * [link block 128][atom cells 16 each][value table 4 each][value texts 8 each][memo 8 each][marks 4 each][slots 16 each][index words 4 each][bytes]
 */
import { StringCell, ValueKind } from "@regomesh/policy-runtime";
import { storeU32 } from "../wasm/encode.ts";
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

/** Number of the slot for a path of keys below input. The keys are atoms: the runtime finds them by address. */
export function slotOf(statics: Statics, path: readonly string[], kind: number): number {
  const text = JSON.stringify(path);
  const known = statics.slots.get(text);
  if (known !== undefined) return known.number;
  for (const key of path) atomOf(statics, key);
  const number = statics.slots.size;
  statics.slots.set(text, { number, kind, path: constantOf(statics, text) });
  return number;
}

export type Addresses = {
  readonly atom: (index: number) => number;
  readonly value: (index: number) => number;
  readonly memo: (slot: number) => number;
  readonly mark: (rule: number) => number;
  readonly slot: (slot: number) => number;
  readonly index: (word: number) => number;
};

/** Places everything from `base` on (a multiple of 16); nothing may be added afterwards. */
export function addressesOf(statics: Statics, base: number): Addresses {
  const atoms = base + LINK_BLOCK_BYTES;
  const values = atoms + statics.atoms.size * StringCell.size;
  const memo = align(values + statics.values.size * 12, 8);
  const marks = memo + statics.memoSlots * 8;
  const slots = align(marks + statics.marks * 4, Slot.size);
  const words = slots + statics.slots.size * Slot.size;
  return {
    atom: (index) => atoms + index * StringCell.size,
    value: (index) => values + index * 4,
    memo: (slot) => memo + slot * 8,
    mark: (rule) => marks + rule * 4,
    slot: (slot) => slots + slot * Slot.size,
    index: (word) => words + word * 4,
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
  const addresses = addressesOf(statics, base);
  const slots = addresses.slot(0);
  const texts = addresses.index(statics.words.length);
  const chunks: Uint8Array[] = [];
  let end = texts;
  const place = (text: string): readonly [number, number] => {
    const bytes = encoder.encode(text);
    chunks.push(bytes);
    end += bytes.length;
    return [end - bytes.length, bytes.length];
  };
  const atomPlaces = [...statics.atoms.keys()].map(place);
  const valuePlaces = [...statics.values.keys()].map(place);
  const entrypoints = place(block.entrypoints);
  const builtins = place(block.builtins);
  const heapStart = align(end + 8, 16);

  const bytes = new Uint8Array(end - base);
  const put = (address: number, value: number) => storeU32(bytes, address - base, value);
  const valueTexts = addresses.value(statics.values.size);
  const words: LinkWords = {
    heapStart,
    planTable: block.planTable,
    answerTable: block.answerTable,
    dataTable: block.dataTable,
    ...{ memoTable: addresses.memo(0), memoSlots: statics.memoSlots },
    ...{ atomCells: addresses.atom(0), atomCount: statics.atoms.size },
    ...{ entrypointsText: entrypoints[0], entrypointsLength: entrypoints[1] },
    ...{ builtinsText: builtins[0], builtinsLength: builtins[1] },
    ...{ valueTable: addresses.value(0), valueCount: statics.values.size, valueTexts },
    ...{ markTable: addresses.mark(0), markCount: statics.marks },
    ...{ slotTable: slots, slotCount: statics.slots.size },
  };
  LINK_WORDS.forEach((word, i) => {
    put(base + i * 4, words[word]);
  });
  atomPlaces.forEach(([ptr, length], i) => {
    put(addresses.atom(i) + StringCell.kind, ValueKind.string);
    put(addresses.atom(i) + StringCell.length, length);
    put(addresses.atom(i) + StringCell.bytes, ptr);
  });
  valuePlaces.forEach(([ptr, length], i) => {
    put(valueTexts + i * 8, ptr);
    put(valueTexts + i * 8 + 4, length);
  });
  [...statics.slots.values()].forEach(({ kind, path }, i) => {
    put(slots + i * Slot.size + Slot.kind, kind);
    put(slots + i * Slot.size + Slot.path, addresses.value(path));
  });
  statics.words.forEach((word, i) => {
    put(addresses.index(i), wordOf(word, addresses));
  });
  let at = texts - base;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return { bytes, heapStart };
}

function wordOf(word: IndexWord, addresses: Addresses): number {
  if (typeof word === "number") return word;
  if ("at" in word) return addresses.index(word.at);
  return "atom" in word ? addresses.atom(word.atom) : addresses.value(word.value);
}

export function align(at: number, to: number): number {
  return Math.ceil(at / to) * to;
}
