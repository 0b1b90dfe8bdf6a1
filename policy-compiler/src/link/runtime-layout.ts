/**
 * What compiler and runtime agree on besides what hosts know too (policy-runtime's layout):
 * the block that a linked policy hands to the runtime at its start, and input slots.
 */
import { CONTEXT_FIELDS, KNOWN_FIELDS } from "@regomesh/policy-runtime";

/** Words of the link block, in order; each list is its address and its length. */
export const LINK_WORDS = [
  "heapStart",
  "planTable",
  "answerTable",
  "memoTable",
  "memoSlots",
  "atomCells",
  "atomCount",
  "entrypointsText",
  "entrypointsLength",
  "builtinsText",
  "builtinsLength",
  "valueTable",
  "valueCount",
  "valueTexts",
  "markTable",
  "markCount",
  "slotTable",
  "slotCount",
  "dataTable",
] as const;
export type LinkWords = Readonly<Record<(typeof LINK_WORDS)[number], number>>;
export const LINK_BLOCK_BYTES = 128;

/** An input slot: its reader's kind, the address of the constant that holds its path, the generation that `value` is of. */
export const Slot = { kind: 0, path: 4, generation: 8, value: 12, size: 16 } as const;

/** Readers of input slots. */
export const SlotKind = {
  /** Any path that has no reader of its own: read from the document. */
  document: 0,
  method: 1,
  target: 2,
  authority: 3,
  scheme: 4,
  protocol: 5,
  requestId: 6,
  headers: 7,
  /** The last key of the path is the field's name. */
  field: 8,
  parsedPath: 9,
  parsedQuery: 10,
  http: 11,
  source: 12,
  /** The keys behind the first lead on below `destination`. */
  destination: 13,
  time: 14,
  /** `context` + n is field n of CONTEXT_FIELDS. */
  context: 32,
  /** `knownField` + n is the field of the request with number n of KnownField. */
  knownField: 64,
  /** Added where strings become the atoms that they equal, once read: what is compared or looked up often. */
  atoms: 1 << 16,
} as const;

/** Bits in a string's first word: it is an atom; it was looked up among them and is none. */
export const StringFlag = { atom: 1 << 10, checked: 1 << 11 } as const;

/** Nodes of a dispatch's index; index-words.ts says what follows. */
export const IndexKind = { list: 0, equal: 1, prefix: 2, suffix: 3 } as const;
/** Steps to a witness, and tests of a level, in the words of an index of data; data-words.ts says what follows. */
export const WitnessKind = { field: 0, each: 1, data: 2 } as const;
export const LevelTest = { equal: 0, member: 1, count: 2, segments: 3 } as const;
/** Stands for every member in a path of data. */
export const ANY_MEMBER = 0;

/** Behind the last place of a list: more than any place. */
export const LIST_END = 0xffffffff;

export function contextKind(field: (typeof CONTEXT_FIELDS)[number]): number {
  return SlotKind.context + CONTEXT_FIELDS.indexOf(field);
}

/** The reader of a field of the request, by its name as policies write it: in lower case. */
export function fieldKind(name: string): number {
  const known = KNOWN_FIELDS.get(name);
  return known === undefined || name === "host" ? SlotKind.field : SlotKind.knownField + known;
}
