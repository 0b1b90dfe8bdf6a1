/**
 * The order in which an object's entries are evaluated and inserted, and a set's members: of keys that turn out equal the
 * last one stands. OPA sorts the keys as terms: constants, then variables by name, calls by their functions', then references. A
 * declared variable's name there is a number, in the order of declaration, as it is here.
 */
import type { Term } from "./ast.ts";

const RANKS: Readonly<Record<Term["kind"], number>> = {
  null: 0,
  boolean: 1,
  number: 2,
  string: 3,
  var: 4,
  "call-term": 4,
  ref: 5,
  array: 6,
  object: 7,
  set: 8,
  "array-comprehension": 9,
  "object-comprehension": 10,
  "set-comprehension": 11,
};

/** Places of the keys, in that order; equal ones as the text has them. */
export function insertionOrder(keys: readonly Term[]): readonly number[] {
  const places = keys.map((_, i) => i);
  return keys.length < 2 ? places : places.sort((a, b) => compareKeys(keys[a] as Term, keys[b] as Term));
}

function compareKeys(a: Term, b: Term): number {
  const difference = RANKS[a.kind] - RANKS[b.kind];
  if (difference !== 0) return difference;
  if (a.kind === "var" && b.kind === "var") return compareVariables(a.name, b.name);
  if (a.kind === "number" && b.kind === "number") return Number(a.text) - Number(b.text);
  if (a.kind === "string" && b.kind === "string") return compareTexts(a.value, b.value);
  if (a.kind === "call-term" && b.kind === "call-term") {
    return compareTexts(nameOf(a), nameOf(b)) || compareLists(a.args, b.args);
  }
  if (a.kind === "ref" && b.kind === "ref") return compareLists([a.head, ...a.path], [b.head, ...b.path]);
  if (a.kind === "array" && b.kind === "array") return compareLists(a.items, b.items);
  return 0;
}

/** A path's parts stand in a text as they do one by one. */
function nameOf({ operator }: Extract<Term, { readonly kind: "call-term" }>): string {
  return operator.path.join("\0");
}

function compareLists(a: readonly Term[], b: readonly Term[]): number {
  for (const [i, item] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    const difference = compareKeys(item, other);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Declared variables (`x#2`) by their number, before those that the text only mentions. */
function compareVariables(a: string, b: string): number {
  const [first, second] = [numberOf(a), numberOf(b)];
  if (first !== undefined && second !== undefined) return first - second;
  if (first === undefined && second === undefined) return compareTexts(a, b);
  return first === undefined ? 1 : -1;
}

function numberOf(name: string): number | undefined {
  const mark = name.indexOf("#");
  return mark < 0 ? undefined : Number(name.slice(mark + 1));
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
