/** Which variables an expression mentions: on its own level, and in its closures. */
import type { Expr, Term, Variable } from "../syntax/ast.ts";
import { areKnown, isKnown, isRootName } from "./outputs.ts";
import {
  type Closure,
  closuresOfExpr,
  closuresOfTerm,
  eachTerm,
  eachVariable,
  eachVariableOfExpr,
  hasClosures,
  termsOfModifiers,
  termsOfWhat,
} from "./tree.ts";
import { eachDeepTerm } from "./tree-deep.ts";
import { isGenerated } from "./unsafe.ts";

export type Needs = {
  /** Variables on the expression's own level. */
  readonly own: ReadonlySet<string>;
  /** Variables of this level and those around that its closures mention. */
  readonly closed: ReadonlySet<string>;
};

/** `here` gives the variables of this level and those around: closures alone ask. */
export function needsOf(expr: Expr, here: () => ReadonlySet<string>): Needs {
  const own = new Set<string>();
  eachVariableOfExpr(expr, (variable) => addName(variable, own));
  return { own, closed: hasClosures(expr) ? closedOf(expr, here()) : NOTHING };
}

const NOTHING: ReadonlySet<string> = new Set();

/** The same of its closures alone. */
export function closedOf(expr: Expr, here: ReadonlySet<string>): ReadonlySet<string> {
  const closed = new Set<string>();
  for (const closure of closuresOfExpr(expr)) {
    eachClosed(closure, (term) => {
      if (term.kind === "var" && !isRootName(term.name) && here.has(term.name)) closed.add(term.name);
    });
  }
  return closed;
}

/** Whether all variables on the expression's own level are among these. */
export function hasAll(
  { what, with: modifiers }: Expr,
  known: ReadonlySet<string>,
  outputs: ReadonlySet<string> = NOTHING,
): boolean {
  if (modifiers.length > 0 && !areKnown(termsOfModifiers(modifiers), known, outputs)) return false;
  switch (what.kind) {
    case "term":
      return isKnown(what.term, known, outputs);
    case "call":
      return areKnown(what.args, known, outputs);
    case "assign":
    case "unify":
      return isKnown(what.left, known, outputs) && isKnown(what.right, known, outputs);
    default:
      return areKnown(termsOfWhat(what), known, outputs);
  }
}

/** The variables of an expression on its level, without any body's. */
export function addOwn(expr: Expr, names: Set<string>): void {
  eachVariableOfExpr(expr, (variable) => addName(variable, names));
}

/** The variables of an expression on its level. Those of implicit bodies are among them, wildcards as well: only bodies in braces bind. */
export function addLevel(expr: Expr, names: Set<string>, isImplicit = false): void {
  eachVariableOfExpr(expr, (variable) => {
    if (!isImplicit || !isGenerated(variable)) addName(variable, names);
  });
  const { what } = expr;
  if (what.kind === "body" && what.isImplicit) for (const inner of what.body) addLevel(inner, names, true);
}

export function addTerm(term: Term, names: Set<string>): void {
  eachVariable(term, (variable) => addName(variable, names));
}

export function addVariable(term: Term, names: Set<string>): void {
  if (term.kind === "var") addName(term, names);
}

function addName({ name }: Variable, names: Set<string>): void {
  if (!isRootName(name)) names.add(name);
}

export function eachClosed(closure: Closure, visit: (term: Term) => void): void {
  for (const expr of closure.body) eachDeepTerm(expr, visit);
  for (const head of closure.heads) {
    eachTerm(head, visit);
    for (const inner of closuresOfTerm(head)) eachClosed(inner, visit);
  }
}
