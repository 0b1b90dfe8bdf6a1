/** Terms without variables, references or calls. */
import type { Term } from "./ast.ts";
import { plainNumber } from "./number-literal.ts";

/** Levels of a constant whose text is made: below, each level's is made again for the order of those around it. */
const LEVELS_MAX = 500;

/** One text for the values that are equal, undefined where the term is no constant, or a deeper one. */
export function constantText(term: Term, levels: number = LEVELS_MAX): string | undefined {
  if (levels < 0) return undefined;
  const textOf = (part: Term): string | undefined => constantText(part, levels - 1);
  switch (term.kind) {
    case "null":
      return "null";
    case "boolean":
      return String(term.value);
    case "number":
      return plainNumber(term.text);
    case "string":
      return JSON.stringify(term.value);
    case "array":
      return joined(term.items.map(textOf), "[", "]");
    case "set":
      return term.items.length === 0 ? "set()" : joined([...new Set(term.items.map(textOf))].sort(), "{", "}");
    case "object":
      return joined(term.entries.map((entry) => entryText(entry, textOf)).sort(), "{", "}");
    case "var":
    case "ref":
    case "call-term":
    case "template":
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      return undefined;
  }
}

function entryText(
  [key, value]: readonly [Term, Term],
  textOf: (term: Term) => string | undefined,
): string | undefined {
  const [keyText, valueText] = [textOf(key), textOf(value)];
  return keyText === undefined || valueText === undefined ? undefined : `${keyText}:${valueText}`;
}

function joined(parts: readonly (string | undefined)[], open: string, close: string): string | undefined {
  return parts.includes(undefined) ? undefined : `${open}${parts.join(",")}${close}`;
}
