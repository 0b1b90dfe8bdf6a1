/**
 * `xs[i] in {i | …}`: an expression whose closures use just the variables that its own references
 * iterate over. OPA takes it for one that waits for itself, and refuses it, even where all of them are
 * bound already (`reorderBodyForSafety` in ast/compile.go, "closure-self").
 */
import type { Expr, Term } from "../syntax/ast.ts";
import { type Bound, isRootName } from "./outputs.ts";
import { type Closure, closureOfTerm, eachTerm, subterms, termsOfWhat } from "./tree.ts";
import { eachDeepTerm } from "./tree-deep.ts";

/** `isOuter` tells the variables that were bound before the body, and those that are none of it. */
export function closesOverItself(expr: Expr, isOuter: Bound, bound: Bound): boolean {
  const { what, isNegated } = expr;
  if (isNegated || (what.kind !== "call" && what.kind !== "term")) return false;
  const iterated = new Set<string>();
  const closed = new Set<string>();
  for (const term of termsOfWhat(what)) collect(term, bound, iterated, closed);
  for (const name of closed) if (isOuter.has(name)) closed.delete(name);
  return closed.size > 0 && closed.size === iterated.size && [...closed].every((name) => iterated.has(name));
}

/** Calls inside the term are expressions of their own. */
function collect(term: Term, bound: Bound, iterated: Set<string>, closed: Set<string>): void {
  if (term.kind === "call-term") return;
  const closure = closureOfTerm(term);
  if (closure !== undefined) addClosed(closure, closed);
  if (term.kind === "ref" && (term.head.kind !== "var" || isRootName(term.head.name) || bound.has(term.head.name))) {
    for (const part of term.path) {
      eachTerm(part, (inner) => {
        if (inner.kind === "var" && !isRootName(inner.name)) iterated.add(inner.name);
      });
    }
  }
  for (const part of subterms(term)) collect(part, bound, iterated, closed);
}

function addClosed({ heads, body }: Closure, closed: Set<string>): void {
  const visit = (term: Term): void => {
    if (term.kind === "var" && !isRootName(term.name)) closed.add(term.name);
  };
  for (const expr of body) eachDeepTerm(expr, visit);
  for (const head of heads) eachTerm(head, visit);
}
