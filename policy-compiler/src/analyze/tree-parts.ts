/**
 * Walking what is evaluated, at any depth: references, calls, comprehensions and composites, each before its parts. Constants and
 * variables are most of a tree, and no part: who looks for these walks by `tree-deep.ts`. As in `tree.ts` a resolved
 * tree gives resolved parts.
 */
import type * as Resolved from "../resolved/ast.ts";
import type { Body, Expr, Rule, Term } from "../syntax/ast.ts";
import { subterms, termsOfModifiers, termsOfWhat } from "./tree.ts";

/** Called with each part; a call that is a statement comes as a term, too, and says so. */
type PartVisit = (term: Term, isStatement: boolean) => void;
type ResolvedVisit = (term: Resolved.Term, isStatement: boolean) => void;
/** Called with each expression, before its parts. */
type ExprVisit = (expr: Expr) => void;
type ResolvedExprVisit = (expr: Resolved.Expr) => void;

/** The parts of an expression, and each expression that is one or is inside. */
export function eachPart(expr: Resolved.Expr, visit: ResolvedVisit, visitExpr?: ResolvedExprVisit): void;
export function eachPart(expr: Expr, visit: PartVisit, visitExpr?: ExprVisit): void;
export function eachPart(expr: Expr, visit: PartVisit, visitExpr?: ExprVisit): void {
  const { what } = expr;
  if (visitExpr !== undefined) visitExpr(expr);
  switch (what.kind) {
    case "term":
      eachPartOf(what.term, visit, visitExpr);
      break;
    case "call": {
      const { at, operator, args } = what;
      visit({ kind: "call-term", at, operator, args }, true);
      eachAmong(args, visit, visitExpr);
      break;
    }
    case "assign":
    case "unify":
      eachPartOf(what.left, visit, visitExpr);
      eachPartOf(what.right, visit, visitExpr);
      break;
    default:
      eachAmong(termsOfWhat(what), visit, visitExpr);
  }
  if (expr.with.length > 0) eachAmong(termsOfModifiers(expr.with), visit, visitExpr);
  if (what.kind === "every" || what.kind === "body") eachOfBody(what.body, visit, visitExpr);
}

/** The term, where it is a part, and those in it. */
function eachPartOf(term: Term, visit: PartVisit, visitExpr: ExprVisit | undefined): void {
  const { kind } = term;
  if (kind === "string" || kind === "var" || kind === "number" || kind === "boolean" || kind === "null") return;
  visit(term, false);
  switch (term.kind) {
    case "ref":
      if (term.head.kind !== "var") eachPartOf(term.head, visit, visitExpr);
      eachAmong(term.path, visit, visitExpr);
      return;
    case "array":
    case "set":
      eachAmong(term.items, visit, visitExpr);
      return;
    case "call-term":
      eachAmong(term.args, visit, visitExpr);
      return;
    case "object":
    case "template":
      eachAmong(subterms(term), visit, visitExpr);
      return;
    case "array-comprehension":
    case "set-comprehension":
      eachPartOf(term.value, visit, visitExpr);
      eachOfBody(term.body, visit, visitExpr);
      return;
    case "object-comprehension":
      eachPartOf(term.key, visit, visitExpr);
      eachPartOf(term.value, visit, visitExpr);
      eachOfBody(term.body, visit, visitExpr);
      return;
    default:
      return;
  }
}

function eachAmong(terms: readonly Term[], visit: PartVisit, visitExpr: ExprVisit | undefined): void {
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    if (term.kind !== "string" && term.kind !== "var") eachPartOf(term, visit, visitExpr);
  }
}

function eachOfBody(body: Body, visit: PartVisit, visitExpr: ExprVisit | undefined): void {
  for (let i = 0; i < body.length; i++) eachPart(body[i] as Expr, visit, visitExpr);
}

/** The parts of a rule, of its head, body and `else` links, and each expression at any depth. */
export function eachRulePart(rule: Resolved.Rule, visit: ResolvedVisit, visitExpr?: ResolvedExprVisit): void;
export function eachRulePart(rule: Rule, visit: PartVisit, visitExpr?: ExprVisit): void;
export function eachRulePart(rule: Rule, visit: PartVisit, visitExpr?: ExprVisit): void {
  for (let link: Rule | undefined = rule; link !== undefined; link = link.else) {
    eachHeadPart(link, visit, visitExpr);
    eachOfBody(link.body, visit, visitExpr);
  }
}

/** The same of the head of one link alone. */
export function eachHeadPart(link: Resolved.Rule, visit: ResolvedVisit, visitExpr?: ResolvedExprVisit): void;
export function eachHeadPart(link: Rule, visit: PartVisit, visitExpr?: ExprVisit): void;
export function eachHeadPart({ head }: Rule, visit: PartVisit, visitExpr?: ExprVisit): void {
  if (head.args !== undefined) eachAmong(head.args, visit, visitExpr);
  eachAmong(head.ref, visit, visitExpr);
  if (head.value.kind !== "boolean") eachPartOf(head.value, visit, visitExpr);
}
