/**
 * Which operand holds a Rego variable. Scopes nest as bodies do: a variable that an
 * inner body binds (a comprehension's, an `every`'s, a negation's) is unknown outside.
 */
import type { IrOperand } from "../ir/policy.ts";
import type { Term } from "../resolved/ast.ts";

export type Variables = {
  readonly outer: Variables | undefined;
  readonly bound: Map<string, IrOperand>;
  /** Terms that need no further variable: what is bound stays so. */
  readonly ready: Set<Term>;
};

export function makeVariables(outer?: Variables): Variables {
  return { outer, bound: new Map(), ready: new Set() };
}

/** The operand of a variable, undefined while nothing has bound it. */
export function resolveVariable(variables: Variables, name: string): IrOperand | undefined {
  for (let scope: Variables | undefined = variables; scope !== undefined; scope = scope.outer) {
    const operand = scope.bound.get(name);
    if (operand !== undefined) return operand;
  }
  return undefined;
}

/** Whether it was found before that the term needs no further variable. */
export function isKnownReady(variables: Variables, term: Term): boolean {
  for (let scope: Variables | undefined = variables; scope !== undefined; scope = scope.outer) {
    if (scope.ready.has(term)) return true;
  }
  return false;
}

export function bindVariable(variables: Variables, name: string, operand: IrOperand): void {
  variables.bound.set(name, operand);
}
