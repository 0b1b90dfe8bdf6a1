/**
 * The order in which an object's entries are evaluated and inserted, and a set's members: of keys that turn out equal the
 * last one stands. OPA sorts the keys as terms: constants, then variables by name. A declared variable's name there is a number
 * behind `__local`, in the order of declaration, as it is here; calls, by their functions' names, and references have the next ones.
 * (As texts, so that of ten locals and more OPA's order is by chance: `__local10__` stands before `__local9__`.)
 */
import { compareNumberTexts } from "../syntax/number-literal.ts";
import type { Term } from "./ast.ts";

const RANKS: Readonly<Record<Term["kind"], number>> = {
  null: 0,
  boolean: 1,
  number: 2,
  string: 3,
  var: 4,
  "call-term": 5,
  ref: 6,
  array: 8,
  object: 9,
  set: 10,
  "array-comprehension": 11,
  "object-comprehension": 12,
  "set-comprehension": 13,
};

/** Of a variable that the text only mentions, by its name. */
const [BEFORE_LOCALS, BEHIND_LOCALS] = [3.5, 7];

function rankOf(term: Term): number {
  if (term.kind !== "var" || numberOf(term.name) !== undefined) return RANKS[term.kind];
  return term.name < "__local" ? BEFORE_LOCALS : BEHIND_LOCALS;
}

/** Places of the keys, in that order; equal ones as the text has them. */
export function insertionOrder(keys: readonly Term[]): readonly number[] {
  const places = keys.map((_, i) => i);
  return keys.length < 2 ? places : places.sort((a, b) => compareKeys(keys[a] as Term, keys[b] as Term));
}

type Entry = readonly [key: Term, value: Term];

/** The entries of an object, in that order of their keys. */
export function inInsertionOrder(entries: readonly Entry[]): readonly Entry[] {
  if (entries.length < 2) return entries;
  return insertionOrder(entries.map(([key]) => key)).map((i) => entries[i] as Entry);
}

function compareKeys(key: Term, other: Term): number {
  const [a, b] = [asWritten(key), asWritten(other)];
  const difference = rankOf(a) - rankOf(b);
  if (difference !== 0) return difference;
  if (a.kind === "var" && b.kind === "var") return compareVariables(a.name, b.name);
  if (a.kind === "number" && b.kind === "number") return compareNumberTexts(a.text, b.text);
  if (a.kind === "string" && b.kind === "string") return compareTexts(a.value, b.value);
  if (a.kind === "call-term" && b.kind === "call-term") {
    return compareTexts(nameOf(a), nameOf(b)) || compareLists(a.args, b.args);
  }
  if (a.kind === "ref" && b.kind === "ref") return compareLists([a.head, ...a.path], [b.head, ...b.path]);
  if (a.kind === "array" && b.kind === "array") return compareLists(a.items, b.items);
  return 0;
}

function asWritten(term: Term): Term {
  return term.kind === "var" ? (term.insteadOf ?? term) : term;
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

/** Declared variables (`x#2`) by their number. */
function compareVariables(a: string, b: string): number {
  const [first, second] = [numberOf(a), numberOf(b)];
  return first === undefined || second === undefined ? compareTexts(a, b) : first - second;
}

function numberOf(name: string): number | undefined {
  const mark = name.indexOf("#");
  return mark < 0 ? undefined : Number(name.slice(mark + 1));
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
