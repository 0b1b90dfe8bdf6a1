/** An order of types, so that a union has one form whichever way it was made. */
import { compareNumberTexts, plainNumber } from "../syntax/number-literal.ts";
import { type FieldKey, openType, type RegoType, STRING } from "./type.ts";

const RANKS: Readonly<Record<RegoType["kind"], number>> = {
  unknown: -1,
  null: 0,
  boolean: 1,
  number: 2,
  string: 3,
  array: 4,
  object: 5,
  set: 6,
  any: 7,
  union: 7,
  function: 8,
  recursive: 9,
};

export function compareTypes(a: RegoType, b: RegoType): number {
  if (a === b) return 0;
  if (a.kind === "recursive" && b.kind === "recursive") return compareText(a.name, b.name);
  return compareOpen(openType(a), openType(b));
}

function compareOpen(a: RegoType, b: RegoType): number {
  if (RANKS[a.kind] !== RANKS[b.kind]) return RANKS[a.kind] - RANKS[b.kind];
  switch (a.kind) {
    case "array":
      if (b.kind !== "array") return 0;
      return compareOptional(a.rest, b.rest) || compareLists(a.items, b.items, compareTypes);
    case "set":
      return b.kind === "set" ? compareTypes(a.of, b.of) : 0;
    case "object": {
      if (b.kind !== "object") return 0;
      const rest = compareOptional(a.rest?.key, b.rest?.key) || compareOptional(a.rest?.value, b.rest?.value);
      return rest || compareLists(a.fields, b.fields, compareFields);
    }
    case "any":
    case "union":
      return compareLists(membersOf(a), membersOf(b), compareTypes);
    case "function":
      return b.kind === "function" ? compareLists(a.args, b.args, compareTypes) : 0;
    default:
      return 0;
  }
}

function membersOf(type: RegoType): readonly RegoType[] {
  return type.kind === "union" ? type.of : [];
}

type Pair = { readonly key: FieldKey; readonly type: RegoType };

function compareFields(a: Pair, b: Pair): number {
  return compareKeys(a.key, b.key) || compareTypes(a.type, b.type);
}

function compareOptional(a: RegoType | undefined, b: RegoType | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareTypes(a, b);
}

function compareLists<Item>(a: readonly Item[], b: readonly Item[], compare: (a: Item, b: Item) => number): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compare(a[i] as Item, b[i] as Item);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** By type, then by value. */
export function compareKeys(a: FieldKey, b: FieldKey): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  const typeA = keyTypeOf(a);
  const typeB = keyTypeOf(b);
  if (typeA.kind !== typeB.kind) return RANKS[typeA.kind] - RANKS[typeB.kind];
  const textA = typeof a === "string" ? a : a.text;
  const textB = typeof b === "string" ? b : b.text;
  if (typeA.kind === "number") return compareNumberTexts(textA, textB);
  return compareText(textA, textB);
}

/**
 * One name for the keys that are equal. Strings, which most are, are their own, and other constants stand behind a NUL, which
 * strings that begin with one have before a quote; numbers go by their values.
 */
export function keyName(key: FieldKey): string {
  if (typeof key === "string") return key.charCodeAt(0) === 0 ? `\0"${key}` : key;
  return `\0${key.type.kind === "number" ? plainNumber(key.text) : key.text}`;
}

export function keyTypeOf(key: FieldKey): RegoType {
  return typeof key === "string" ? STRING : key.type;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
