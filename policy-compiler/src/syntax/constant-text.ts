/** Terms without variables, references or calls. */
import type { Term } from "./ast.ts";
import { plainNumber } from "./number-literal.ts";

/** One text for the values that are equal, undefined where the term is no constant. */
export function constantText(term: Term): string | undefined {
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
      return joined(term.items.map(constantText), "[", "]");
    case "set":
      return term.items.length === 0 ? "set()" : joined([...new Set(term.items.map(constantText))].sort(), "{", "}");
    case "object":
      return joined(term.entries.map(entryText).sort(), "{", "}");
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

function entryText([key, value]: readonly [Term, Term]): string | undefined {
  const keyText = constantText(key);
  const valueText = constantText(value);
  return keyText === undefined || valueText === undefined ? undefined : `${keyText}:${valueText}`;
}

function joined(parts: readonly (string | undefined)[], open: string, close: string): string | undefined {
  return parts.includes(undefined) ? undefined : `${open}${parts.join(",")}${close}`;
}
