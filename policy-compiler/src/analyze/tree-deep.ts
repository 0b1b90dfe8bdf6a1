/**
 * Walking the tree at any depth, into closures, too: each term, variables and constants among them (`tree-parts.ts` leaves these out).
 * As in `tree.ts` a resolved tree gives resolved parts.
 */
import type * as Resolved from "../resolved/ast.ts";
import type { Expr, Rule, Term } from "../syntax/ast.ts";
import { type Closure, closureOfTerm, closureOfWhat, subterms, termsOfModifiers, termsOfWhat } from "./tree.ts";

/** Called with each term; a call that is a statement comes as a term, too. */
type TermVisit = (term: Term) => void;
type ResolvedVisit = (term: Resolved.Term) => void;

/** Each term of an expression at any depth. */
export function eachDeepTerm(expr: Resolved.Expr, visit: ResolvedVisit): void;
export function eachDeepTerm(expr: Expr, visit: TermVisit): void;
export function eachDeepTerm(expr: Expr, visit: TermVisit): void {
  const { what } = expr;
  switch (what.kind) {
    case "term":
      deepTerm(what.term, visit);
      break;
    case "call": {
      const { at, operator, args } = what;
      visit({ kind: "call-term", at, operator, args });
      deepTerms(args, visit);
      break;
    }
    case "assign":
    case "unify":
      deepTerm(what.left, visit);
      deepTerm(what.right, visit);
      break;
    default:
      deepTerms(termsOfWhat(what), visit);
  }
  deepTerms(termsOfModifiers(expr.with), visit);
  if (what.kind === "every" || what.kind === "body") eachClosureTerm(closureOfWhat(what), visit);
}

export function deepTerm(term: Term, visit: TermVisit): void {
  visit(term);
  switch (term.kind) {
    case "null":
    case "boolean":
    case "number":
    case "string":
    case "var":
      return;
    case "ref":
      deepTerm(term.head, visit);
      deepTerms(term.path, visit);
      return;
    case "array":
    case "set":
      deepTerms(term.items, visit);
      return;
    case "call-term":
      deepTerms(term.args, visit);
      return;
    case "object":
    case "template":
      deepTerms(subterms(term), visit);
      return;
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      eachClosureTerm(closureOfTerm(term), visit);
  }
}

function deepTerms(terms: readonly Term[], visit: TermVisit): void {
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    // Most are constant keys.
    if (term.kind === "string") visit(term);
    else deepTerm(term, visit);
  }
}

function eachClosureTerm(closure: Closure | undefined, visit: TermVisit): void {
  if (closure === undefined) return;
  deepTerms(closure.heads, visit);
  for (const expr of closure.body) eachDeepTerm(expr, visit);
}

/** Each term of a rule, of its head, body and `else` links. */
export function eachRuleTerm(rule: Rule, visit: TermVisit): void {
  for (let link: Rule | undefined = rule; link !== undefined; link = link.else) {
    const { args, ref, value } = link.head;
    if (args !== undefined) deepTerms(args, visit);
    deepTerms(ref, visit);
    deepTerm(value, visit);
    for (const expr of link.body) eachDeepTerm(expr, visit);
  }
}
