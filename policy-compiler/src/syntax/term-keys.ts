/**
 * Which terms are the same one: numbers by their value, sets and objects in any order, all else as written. Each
 * term gets a number, made of the numbers of its parts: a text of all of it would grow with the square of its
 * depth, and by a power of two where it is quoted in the text of what is around it.
 */
import type { Term } from "./ast.ts";
import { plainNumber } from "./number-literal.ts";

export type TermKeys = {
  /** By what a node is made of. */
  readonly numbers: Map<string, number>;
  /** Of nodes that were asked for before: what is around them asks again. */
  readonly known: Map<object, number>;
};

export function makeTermKeys(): TermKeys {
  return { numbers: new Map(), known: new Map() };
}

/** Equal for terms that are the same. */
export function termKey(keys: TermKeys, term: Term): number {
  return nodeKey(keys, term);
}

function nodeKey(keys: TermKeys, node: object): number {
  const known = keys.known.get(node);
  if (known !== undefined) return known;
  const made = numberOf(keys, Array.isArray(node) ? listText(keys, node) : textOf(keys, node as Node));
  keys.known.set(node, made);
  return made;
}

type Node = { readonly kind?: string } & Readonly<Record<string, unknown>>;

function textOf(keys: TermKeys, node: Node): string {
  const term = node as Term;
  switch (term.kind) {
    case "string":
      return `"${term.value}`;
    case "number":
      return plainNumber(term.text);
    case "set":
      return `set ${[...new Set(term.items.map((item) => nodeKey(keys, item)))].sort().join()}`;
    case "object":
      return `object ${term.entries
        .map((entry) => listText(keys, entry))
        .sort()
        .join(";")}`;
    default:
      return fieldsText(keys, node);
  }
}

/** All that a node is written with: where it stands tells no terms apart. */
function fieldsText(keys: TermKeys, node: Node): string {
  const fields = Object.entries(node).filter(([name, value]) => name !== "at" && value !== undefined);
  return `{${fields.map(([name, value]) => `${name}:${valueText(keys, value)}`).join()}`;
}

function listText(keys: TermKeys, list: readonly unknown[]): string {
  return `[${list.map((value) => valueText(keys, value)).join()}`;
}

function valueText(keys: TermKeys, value: unknown): string {
  return typeof value === "object" && value !== null ? `#${nodeKey(keys, value)}` : JSON.stringify(value);
}

function numberOf({ numbers }: TermKeys, text: string): number {
  const known = numbers.get(text);
  if (known !== undefined) return known;
  numbers.set(text, numbers.size);
  return numbers.size - 1;
}
