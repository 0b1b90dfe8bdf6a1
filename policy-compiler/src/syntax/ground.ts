/** Terms that the text alone gives the value of: scalars, and composites of them (OPA's IsGround, of what is no reference). */
import type { Term } from "./ast.ts";
import { constantText } from "./constant-text.ts";

export function isGround(term: Term): boolean {
  switch (term.kind) {
    case "null":
    case "boolean":
    case "number":
    case "string":
      return true;
    case "array":
    case "set":
      return term.items.every(isGround);
    case "object":
      return term.entries.flat().every(isGround);
    default:
      return false;
  }
}

export function isScalar({ kind }: Term): boolean {
  return kind === "string" || kind === "number" || kind === "boolean" || kind === "null";
}

/** A scalar as JSON; null for every other term. Two parts of a path are the same key where their texts are. */
export function scalarText(term: Term | undefined): string | null {
  switch (term?.kind) {
    case "string":
      return JSON.stringify(term.value);
    case "number":
      return term.text;
    case "boolean":
      return String(term.value);
    case "null":
      return "null";
    default:
      return null;
  }
}

/** One text for the scalars that are equal, undefined for every other term: `1` and `1.0` are the same key of an object. */
export function scalarKey(term: Term): string | undefined {
  return isScalar(term) ? constantText(term) : undefined;
}
