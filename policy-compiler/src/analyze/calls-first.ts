/**
 * Within an expression OPA evaluates calls before the references and comprehensions beside them: where a call is undefined, no
 * rule is asked, and no conflict in one met. An expression that both calls and asks rules, or comprehends, has its calls in
 * equations in front of it, in closures too.
 */

import type { Body, Expr, Rule, Term, What } from "../resolved/ast.ts";
import type { Generator } from "./context.ts";
import { asksRules, type Failing, mayFail } from "./may-fail.ts";
import { splitCalls } from "./negation.ts";
import {
  closureOfTerm,
  hasClosure,
  hasClosures,
  mapSubterms,
  mapWhat,
  someSubterm,
  subterms,
  termsOfWhat,
} from "./tree.ts";

type Split = Failing & { readonly generator: Generator };

/** The rule with its `else` links. */
export function callsFirst(rule: Rule, split: Split): Rule {
  const { head } = rule;
  const body = splitBody(split, rule.body);
  const value = hasClosure(head.value) ? splitTerm(split, head.value) : head.value;
  const next = rule.else === undefined ? undefined : callsFirst(rule.else, split);
  if (body === rule.body && value === head.value && next === rule.else) return rule;
  return { ...rule, head: value === head.value ? head : { ...head, value }, body, else: next };
}

function splitBody(split: Split, body: Body): Body {
  // Most stay as they are.
  if (!body.some((expr) => hasClosures(expr) || mixes(split, expr))) return body;
  const exprs = body.map((expr) => splitClosures(split, expr));
  if (exprs.every((expr, i) => expr === body[i] && !mixes(split, expr))) return body;
  return exprs.flatMap((expr) => (mixes(split, expr) ? splitCalls(split.generator, expr) : [expr]));
}

/** The same expression with its closures split. */
function splitClosures(split: Split, expr: Expr): Expr {
  const what = splitWhat(split, expr.what);
  return what === expr.what ? expr : { ...expr, what };
}

function splitWhat(split: Split, what: What): What {
  if (what.kind === "every" || what.kind === "body") {
    const body = splitBody(split, what.body);
    return body === what.body ? what : { ...what, body };
  }
  let isSame = true;
  const mapped = mapWhat(what, (term) => {
    const other = splitTerm(split, term);
    if (other !== term) isSame = false;
    return other;
  });
  return isSame ? what : mapped;
}

function splitTerm(split: Split, term: Term): Term {
  switch (term.kind) {
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension": {
      const body = splitBody(split, term.body);
      return body === term.body ? term : { ...term, body };
    }
    default: {
      let isSame = true;
      const mapped = mapSubterms(term, (part) => {
        const other = splitTerm(split, part);
        if (other !== part) isSame = false;
        return other;
      });
      return isSame ? term : mapped;
    }
  }
}

/**
 * A call stands beside a reference that asks rules, or a comprehension that may be in error; where its error ends the
 * evaluation, beside any reference that may be undefined.
 */
function mixes(split: Split, { what, isNegated }: Expr): boolean {
  return !isNegated && mixesIn(termsOfWhat(what), split);
}

function mixesIn(terms: readonly Term[], failing: Failing): boolean {
  // Nor is there one further in: what is deep and calls nothing is looked through once.
  if (!terms.some(hasCall)) return false;
  if (terms.some((term) => hasOutside(term, failing))) return true;
  return terms.some((term) => mixesIn(term.kind === "call-term" ? term.args : subterms(term), failing));
}

function hasCall(term: Term): boolean {
  return term.kind === "call-term" || someSubterm(term, hasCall);
}

function hasOutside(term: Term, failing: Failing): boolean {
  if (term.kind === "call-term") return false;
  if (closureOfTerm(term) !== undefined) return mayFail(term, failing);
  if (failing.errorsEnd ? term.kind === "ref" : asksRules(term, failing.root)) return true;
  return someSubterm(term, (part) => hasOutside(part, failing));
}
