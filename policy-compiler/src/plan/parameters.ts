/**
 * What a function's parameters can match. OPA takes them from left to right, and objects by the order
 * of their keys: sets and keys are compared, and bind nothing, so that one with a variable that
 * nothing before it bound never matches. Nor does a key that is a call, or holds one: OPA compares the call itself.
 */
import type { Term } from "../resolved/ast.ts";
import { inInsertionOrder } from "../resolved/object-order.ts";
import { openVariables } from "./readiness.ts";

/** False where these parameters match no arguments at all. */
export function mayMatch(parameters: readonly Term[]): boolean {
  const bound = new Set<string>();
  return parameters.every((parameter) => matches(parameter, bound));
}

function matches(term: Term, bound: Set<string>): boolean {
  switch (term.kind) {
    case "var":
      bound.add(term.name);
      return true;
    case "array":
      return term.items.every((item) => matches(item, bound));
    case "set":
      return isKnown(term, bound);
    case "object": {
      const keys = term.entries.map(([key]) => key);
      if (!keys.every((key) => isKnown(key, bound) && !holdsCall(key))) return false;
      return inInsertionOrder(term.entries).every(([, value]) => matches(value, bound));
    }
    default:
      return true;
  }
}

function isKnown(term: Term, bound: ReadonlySet<string>): boolean {
  return [...openVariables(term, new Set())].every((name) => bound.has(name));
}

/** Of references and comprehensions OPA evaluates the calls. */
function holdsCall(key: Term): boolean {
  if (key.kind === "call-term") return true;
  if (key.kind === "array" || key.kind === "set") return key.items.some(holdsCall);
  return key.kind === "object" && key.entries.some((entry) => entry.some(holdsCall));
}
