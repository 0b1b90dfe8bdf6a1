/**
 * What a plain `not` negates. OPA evaluates the calls nested in a negated expression, and the
 * references among its arguments, before it negates: where one of them is undefined, so is the
 * body. `import future.keywords.not` makes a body of the expression instead, and nothing is moved.
 */
import type * as Resolved from "../resolved/ast.ts";
import type { Expr, Term, What } from "../syntax/ast.ts";
import { freshVar, type Generator } from "./context.ts";
import { closureOfTerm, mapSubterms, mapWhat, subterms, termsOfWhat } from "./tree.ts";

type Move = (term: Term) => Term;

/** The expression with each call inside its terms replaced, behind the equations that bind them. */
export function liftCalls(context: Generator, expr: Expr): readonly Expr[] {
  const moved: Expr[] = [];
  // As f(x, y) is written: y has the type that the function gives, also where some of that is unknown.
  const move: Move = (term) => {
    const variable = freshVar(context, term.at);
    moved.push(makeMoved(expr, { kind: "unify", at: term.at, left: term, right: variable }));
    return variable;
  };
  const what = mapWhat(expr.what, (term) => replaceCalls(term, move));
  return [...moved, { ...expr, what }];
}

/** The same of any expression, also of one that assigns or iterates: the order in which OPA evaluates it. */
export function splitCalls(context: Generator, expr: Resolved.Expr): readonly Resolved.Expr[];
export function splitCalls(context: Generator, expr: Expr): readonly Expr[];
export function splitCalls(context: Generator, expr: Expr): readonly Expr[] {
  const moved: Expr[] = [];
  const move = makeMove(context, expr, moved);
  const what = splitWhat(expr.what, (term) => replaceFirst(term, move), move);
  return [...moved, { ...expr, what }];
}

/** Whether `splitCalls` leaves it in one piece. */
export function isInOnePiece({ what }: Expr): boolean {
  if (what.kind === "every" && what.domain.kind !== "var") return false;
  return !isMovedAmong(termsOfWhat(what));
}

function isMovedAmong(terms: readonly Term[]): boolean {
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    switch (term.kind) {
      case "string":
      case "var":
        continue;
      case "call-term":
        return true;
      case "ref":
        if (term.head.kind !== "var" || isMovedAmong(term.path)) return true;
        continue;
      default:
        if (isMovedAmong(subterms(term))) return true;
    }
  }
  return false;
}

/** Calls, and what references read that is no variable. */
function replaceFirst(term: Term, move: Move): Term {
  const inner = (part: Term): Term => replaceFirst(part, move);
  if (term.kind === "call-term") return move({ ...term, args: term.args.map(inner) });
  if (term.kind !== "ref" || term.head.kind === "var") return mapSubterms(term, inner);
  const head = inner(term.head);
  const path = term.path.map(inner);
  return { ...term, head: head.kind === "var" ? head : move(head), path };
}

function splitWhat(what: What, replace: Move, move: Move): What {
  switch (what.kind) {
    case "assign":
      return { ...what, left: replace(what.left), right: replace(what.right) };
    case "every": {
      const domain = replace(what.domain);
      return { ...what, domain: domain.kind === "var" ? domain : move(domain) };
    }
    default:
      return mapWhat(what, replace);
  }
}

/** The same for references and comprehensions among the arguments of calls; done once it is known that all variables are safe. */
export function liftRefs(context: Generator, expr: Expr): readonly Expr[] {
  const { what } = expr;
  const moved: Expr[] = [];
  const move = makeMove(context, expr, moved);
  const isTop = what.kind === "unify" || what.kind === "term";
  const lifted = mapWhat(what, (term) => (isTop ? replaceBelow(term, move) : replaceRefs(term, move)));
  return [...moved, { ...expr, what: lifted }];
}

function makeMove(context: Generator, expr: Expr, moved: Expr[]): Move {
  return (term) => {
    const variable = freshVar(context, term.at);
    moved.push(makeMoved(expr, { kind: "unify", at: term.at, left: variable, right: term }));
    return variable;
  };
}

function makeMoved({ at, with: modifiers }: Expr, what: What): Expr {
  return { kind: "expr", at, isNegated: false, what, with: modifiers };
}

/** Calls at any place in the term but inside closures, the innermost first. */
function replaceCalls(term: Term, move: Move): Term {
  const inner = (part: Term): Term => replaceCalls(part, move);
  return term.kind === "call-term" ? move({ ...term, args: term.args.map(inner) }) : mapSubterms(term, inner);
}

function replaceRefs(term: Term, move: Move): Term {
  const inner = (part: Term): Term => replaceRefs(part, move);
  const mapped = mapSubterms(term, inner);
  return term.kind === "ref" || closureOfTerm(term) !== undefined ? move(mapped) : mapped;
}

/** References inside the brackets of a reference, and in what it is a reference into; a comprehension stays, anything else goes as a whole. */
function replaceBelow(term: Term, move: Move): Term {
  if (closureOfTerm(term) !== undefined) return term;
  if (term.kind !== "ref") return replaceRefs(term, move);
  const head = term.head.kind === "var" ? term.head : replaceRefs(term.head, move);
  return { ...term, head, path: term.path.map((part) => replaceRefs(part, move)) };
}
