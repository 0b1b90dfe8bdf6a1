/**
 * Walking the tree at any depth, into closures, too: each term, and each expression, in one walk. As in `tree.ts` a resolved tree gives
 * resolved parts.
 */
import type * as Resolved from "../resolved/ast.ts";
import type { Expr, Rule, Term } from "../syntax/ast.ts";
import { type Closure, closureOfTerm, closureOfWhat, subterms, termsOfModifiers, termsOfWhat } from "./tree.ts";

/** Called with each term; a call that is a statement comes as a term too, and says so. */
type TermVisit = (term: Term, isStatement: boolean) => void;
type ResolvedVisit = (term: Resolved.Term, isStatement: boolean) => void;
/** Called with each expression, before its terms. */
type ExprVisit = (expr: Expr) => void;
type ResolvedExprVisit = (expr: Resolved.Expr) => void;

/** Each term of an expression at any depth, and each expression that is one or is inside. */
export function eachDeepTerm(expr: Resolved.Expr, visit: ResolvedVisit, visitExpr?: ResolvedExprVisit): void;
export function eachDeepTerm(expr: Expr, visit: TermVisit, visitExpr?: ExprVisit): void;
export function eachDeepTerm(expr: Expr, visit: TermVisit, visitExpr?: ExprVisit): void {
  const { what } = expr;
  visitExpr?.(expr);
  switch (what.kind) {
    case "term":
      deepTerm(what.term, visit, visitExpr);
      break;
    case "call": {
      const { at, operator, args } = what;
      visit({ kind: "call-term", at, operator, args }, true);
      deepTerms(args, visit, visitExpr);
      break;
    }
    case "assign":
    case "unify":
      deepTerm(what.left, visit, visitExpr);
      deepTerm(what.right, visit, visitExpr);
      break;
    default:
      deepTerms(termsOfWhat(what), visit, visitExpr);
  }
  deepTerms(termsOfModifiers(expr.with), visit, visitExpr);
  if (what.kind === "every" || what.kind === "body") eachClosureTerm(closureOfWhat(what), visit, visitExpr);
}

export function deepTerm(term: Resolved.Term, visit: ResolvedVisit, visitExpr?: ResolvedExprVisit): void;
export function deepTerm(term: Term, visit: TermVisit, visitExpr?: ExprVisit): void;
export function deepTerm(term: Term, visit: TermVisit, visitExpr?: ExprVisit): void {
  visit(term, false);
  switch (term.kind) {
    case "null":
    case "boolean":
    case "number":
    case "string":
    case "var":
      return;
    case "ref":
      deepTerm(term.head, visit, visitExpr);
      deepTerms(term.path, visit, visitExpr);
      return;
    case "array":
    case "set":
      deepTerms(term.items, visit, visitExpr);
      return;
    case "call-term":
      deepTerms(term.args, visit, visitExpr);
      return;
    case "object":
    case "template":
      deepTerms(subterms(term), visit, visitExpr);
      return;
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      eachClosureTerm(closureOfTerm(term), visit, visitExpr);
  }
}

function deepTerms(terms: readonly Term[], visit: TermVisit, visitExpr: ExprVisit | undefined): void {
  for (const term of terms) {
    // Most are constant keys.
    if (term.kind === "string") visit(term, false);
    else deepTerm(term, visit, visitExpr);
  }
}

function eachClosureTerm(closure: Closure | undefined, visit: TermVisit, visitExpr: ExprVisit | undefined): void {
  if (closure === undefined) return;
  deepTerms(closure.heads, visit, visitExpr);
  for (const expr of closure.body) eachDeepTerm(expr, visit, visitExpr);
}

/** Each term of a rule, its head, body and `else` links, and each expression at any depth. */
export function eachRuleTerm(rule: Resolved.Rule, visit: ResolvedVisit, visitExpr?: ResolvedExprVisit): void;
export function eachRuleTerm(rule: Rule, visit: TermVisit, visitExpr?: ExprVisit): void;
export function eachRuleTerm(rule: Rule, visit: TermVisit, visitExpr?: ExprVisit): void {
  for (let link: Rule | undefined = rule; link !== undefined; link = link.else) {
    const { args, ref, value } = link.head;
    if (args !== undefined) deepTerms(args, visit, visitExpr);
    deepTerms(ref, visit, visitExpr);
    deepTerm(value, visit, visitExpr);
    for (const expr of link.body) eachDeepTerm(expr, visit, visitExpr);
  }
}

/** Each expression of a rule at any depth, outer before inner. */
export function eachRuleExpr(rule: Rule, visit: (expr: Expr) => void): void {
  eachRuleTerm(rule, IGNORE, visit);
}

const IGNORE = (): void => {};
