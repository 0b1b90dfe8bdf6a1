/**
 * As in OPA a comprehension is only evaluated where what it is compared with can be equal to it, or is a set: a
 * conflict in it is not met otherwise.
 */
import type { IrOperand } from "../ir/policy.ts";
import type { Term } from "../resolved/ast.ts";
import { planIsAny, type Site, type TypeTest } from "./site.ts";

const COMPREHENSIONS: { readonly [kind: string]: readonly TypeTest[] } = {
  "array-comprehension": ["IsArrayStmt", "IsSetStmt"],
  "object-comprehension": ["IsObjectStmt", "IsSetStmt"],
  "set-comprehension": ["IsSetStmt"],
};

export function isComprehension({ kind }: Term): boolean {
  return COMPREHENSIONS[kind] !== undefined;
}

/** Goes on where the value can be equal to the term, if that is a comprehension. */
export function planMayEqual(site: Site, value: IrOperand, term: Term): void {
  const types = COMPREHENSIONS[term.kind];
  if (types !== undefined) planIsAny(site, value, types);
}
