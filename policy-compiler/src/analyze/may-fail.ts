/**
 * Whether evaluating something may end in an error, so that it matters what is evaluated before it: a conflict of
 * rules or of an object's keys and, where errors of built-ins end an evaluation, any call.
 */
import type { Body, Expr, Head, Operator, Rule, Term } from "../resolved/ast.ts";
import type { RuleNode } from "../resolved/rule-tree.ts";
import { isScalar, scalarText } from "../syntax/ground.ts";
import { hasClosures, termsOfModifiers } from "./tree.ts";

export type Failing = {
  /** All rules. */
  readonly root: RuleNode;
  /** Errors of built-ins end an evaluation (`--strict-builtin-errors`). */
  readonly errorsEnd: boolean;
};

/** Those whose evaluation may end in an error: in most programs none. */
export function findFailing(links: Iterable<Rule>, failing: Failing): ReadonlySet<Rule> {
  const found = new Set<Rule>();
  for (const link of links) if (mayRuleFail(link, failing)) found.add(link);
  return found;
}

/** Whether evaluating the rule may end in an error. */
export function mayRuleFail({ head, body }: Rule, failing: Failing): boolean {
  return mayBodyFail(body, failing) || mayFail(head.value, failing);
}

function mayBodyFail(body: Body, failing: Failing): boolean {
  for (const expr of body) {
    if (mayExprFail(expr, failing) || (expr.with.length > 0 && hasClosures(expr))) return true;
  }
  return false;
}

function mayExprFail({ what, with: modifiers }: Expr, failing: Failing): boolean {
  if (modifiers.length > 0 && mayFailAmong(termsOfModifiers(modifiers), failing)) return true;
  switch (what.kind) {
    case "term":
      return mayFail(what.term, failing);
    case "call":
      return mayCallFail(what.operator, failing) || mayFailAmong(what.args, failing);
    case "unify":
      return mayFail(what.left, failing) || mayFail(what.right, failing);
    case "every":
      return mayFail(what.domain, failing) || what.body.some((expr) => mayExprFail(expr, failing));
    case "body":
      return what.body.some((expr) => mayExprFail(expr, failing));
  }
}

function mayCallFail({ path }: Operator, { errorsEnd }: Failing): boolean {
  return errorsEnd || path[0] === "data";
}

/** Other rules are asked, an object is comprehended, or a call may be in error: here, or in a part. */
export function mayFail(term: Term, failing: Failing): boolean {
  switch (term.kind) {
    case "ref":
      if (asksRules(term, failing.root)) return true;
      return (term.head.kind !== "var" && mayFail(term.head, failing)) || mayFailAmong(term.path, failing);
    case "array":
    case "set":
      return mayFailAmong(term.items, failing);
    case "call-term":
      return mayCallFail(term.operator, failing) || mayFailAmong(term.args, failing);
    case "object":
      return mayFailAmong(term.entries.flat(), failing);
    case "object-comprehension":
      return true;
    case "array-comprehension":
    case "set-comprehension":
      return mayFail(term.value, failing) || term.body.some((expr) => mayExprFail(expr, failing));
    default:
      return false;
  }
}

function mayFailAmong(terms: readonly Term[], failing: Failing): boolean {
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    if (term.kind !== "string" && term.kind !== "var" && mayFail(term, failing)) return true;
  }
  return false;
}

/** A reference into what rules make. */
export function asksRules(term: Term, root: RuleNode): boolean {
  if (term.kind !== "ref" || term.head.kind !== "var" || term.head.name !== "data") return false;
  return isVirtual(root, term.path);
}

/** Rules stand above, at or below the path: constant keys of heads, of any kind, are places of the tree. */
export function isVirtual(root: RuleNode, path: readonly Term[]): boolean {
  let node: RuleNode | undefined = root;
  let below: readonly Rule[] = [];
  for (let depth = 0; depth < path.length; depth++) {
    const part = path[depth] as Term;
    if (!isScalar(part)) return true;
    const own = node?.rules ?? [];
    const endsHere = ({ head }: Rule): boolean => groundLength(head) <= depth;
    if (below.some(endsHere) || own.some(endsHere)) return true;
    if (below.length + own.length > 0) {
      const name = scalarText(part);
      below = [...below, ...own].filter(({ head }) => scalarText(head.ref[depth]) === name);
    }
    node = part.kind === "string" ? node?.children.get(part.value) : undefined;
    if (node === undefined && below.length === 0) return false;
  }
  return true;
}

function groundLength({ ref }: Head): number {
  const first = ref.findIndex((part) => !isScalar(part));
  return first < 0 ? ref.length : first;
}
