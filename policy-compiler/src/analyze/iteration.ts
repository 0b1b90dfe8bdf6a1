/**
 * What an expression iterates, and needs beside that: where a variable that a reference's brackets bind stands in a call, a
 * set, or what is made of it, the reference has to be an equation of its own, in front.
 */
import type { Expr, Term, What } from "../syntax/ast.ts";
import type { Generator } from "./context.ts";
import { liftRefs } from "./negation.ts";
import { type Arity, type Bound, bindRefs, pairsOf } from "./outputs.ts";
import { eachVariable, someSubterm, subterms, termsOfWhat } from "./tree.ts";

type Splitting = Generator & { readonly arity: Arity };

/** A variable among those bound here is needed by a call, or by what a reference reads that is no variable. */
export function needsInFront({ what }: Expr, outputs: ReadonlySet<string>): boolean {
  return isNeededAmong(termsOfWhat(what), outputs);
}

function isNeededAmong(terms: readonly Term[], outputs: ReadonlySet<string>): boolean {
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    switch (term.kind) {
      case "string":
      case "var":
        continue;
      case "call-term":
        if (term.args.some((arg) => mentions(arg, outputs))) return true;
        continue;
      case "ref":
        if (term.head.kind !== "var" && (mentions(term.head, outputs) || isNeededAmong([term.head], outputs)))
          return true;
        if (isNeededAmong(term.path, outputs)) return true;
        continue;
      default:
        if (isNeededAmong(subterms(term), outputs)) return true;
    }
  }
  return false;
}

function mentions(term: Term, names: ReadonlySet<string>): boolean {
  let found = false;
  eachVariable(term, ({ name }) => {
    if (names.has(name)) found = true;
  });
  return found;
}

/**
 * `i < xs[i]`: where an expression needs a variable in a call, a set or what is read from beside the reference that binds it,
 * the reference is an equation of its own, in front.
 */
export function splitIteration(
  expr: Expr,
  outputs: ReadonlySet<string>,
  context: Splitting,
): readonly Expr[] | undefined {
  if (outputs.size === 0 || expr.isNegated) return undefined;
  const what = toEquation(expr.what, context.arity);
  const parts = needsFirst(what, outputs) ? liftRefs(context, { ...expr, what }) : [];
  return parts.length > 1 ? parts : undefined;
}

function needsFirst(what: What, outputs: ReadonlySet<string>): boolean {
  if (what.kind === "call") return needsAmong(what.args, outputs);
  if (needsInside(termsOfWhat(what), outputs)) return true;
  // `[i, xs[i]]`: what no equation takes apart is made in the order of its parts.
  if (what.kind === "term") return what.term.kind !== "ref" && needsBeside(what.term, outputs);
  return what.kind === "unify" && (isTakenApart(what, outputs) || isMade(what.left, what.right, outputs));
}

/** `[xs[k], v] = k`: what is taken apart is a variable that a reference in the pattern binds. */
function isTakenApart({ left, right }: Extract<What, { kind: "unify" }>, outputs: ReadonlySet<string>): boolean {
  const takes = (pattern: Term, value: Term): boolean => {
    if (value.kind !== "var" || !outputs.has(value.name) || pattern.kind === "ref") return false;
    return someSubterm(pattern, (part) => mentions(part, new Set([value.name])));
  };
  return takes(left, right) || takes(right, left);
}

/** `x = [xs[i], i]`: what is no pattern, but made, holds a variable beside the reference that binds it. */
function isMade(left: Term, right: Term, outputs: ReadonlySet<string>): boolean {
  const makes = (variable: Term, value: Term): boolean =>
    variable.kind === "var" && outputs.has(variable.name) && value.kind !== "var" && needsBeside(value, outputs);
  if (makes(left, right) || makes(right, left)) return true;
  return pairsOf(left, right).some(([a, b]) => isMade(a, b, outputs));
}

function needsInside(terms: readonly Term[], outputs: ReadonlySet<string>): boolean {
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    switch (term.kind) {
      case "string":
      case "var":
        continue;
      case "call-term":
        if (needsAmong(term.args, outputs)) return true;
        continue;
      case "ref":
        if (term.head.kind !== "var" && (needsBeside(term.head, outputs) || needsInside([term.head], outputs)))
          return true;
        if (needsInside(term.path, outputs)) return true;
        continue;
      case "set":
        if (needsAmong(term.items, outputs)) return true;
        break;
      case "object":
        if (term.entries.some(([key]) => needsBeside(key, outputs))) return true;
        break;
      default:
        break;
    }
    if (needsInside(subterms(term), outputs)) return true;
  }
  return false;
}

/** A variable among those bound here stands in the term elsewhere than in brackets. */
export function needsBeside(term: Term, outputs: ReadonlySet<string>): boolean {
  switch (term.kind) {
    case "var":
      return outputs.has(term.name);
    case "ref":
      if (needsBeside(term.head, outputs)) return true;
      for (const part of term.path) {
        if (part.kind !== "var" && part.kind !== "string" && needsBeside(part, outputs)) return true;
      }
      return false;
    default:
      return needsAmong(subterms(term), outputs);
  }
}

function needsAmong(terms: readonly Term[], outputs: ReadonlySet<string>): boolean {
  for (const term of terms) if (term.kind !== "string" && needsBeside(term, outputs)) return true;
  return false;
}

export function toEquation(what: What, arity: Arity): What {
  if (what.kind === "assign") return { ...what, kind: "unify" };
  if (what.kind !== "call") return what;
  const inputs = arity(what.operator.path);
  if (inputs === undefined || what.args.length <= inputs) return what;
  const call: Term = { ...what, kind: "call-term", args: what.args.slice(0, inputs) };
  return { kind: "unify", at: what.at, left: call, right: what.args[inputs] as Term };
}

/** A set or a call that holds both a variable and the reference that may bind it. */
export function needsOwnIteration(head: Term): boolean {
  const names = boundByRefs(head);
  return names.size > 0 && needsInside([head], names);
}

export function boundByRefs(head: Term): Set<string> {
  const names = new Set<string>();
  const everything: Bound = { has: () => true };
  bindRefs([head], everything, names);
  return names;
}
