/**
 * Whether evaluating something may end in an error, so that it matters what is evaluated before it: a conflict of
 * rules or of an object's keys and, where errors of built-ins end an evaluation, any call.
 */
import type { Head, Rule, Term } from "../resolved/ast.ts";
import type { RuleNode } from "../resolved/rule-tree.ts";
import { scalarText } from "../syntax/ground.ts";
import { isScalar } from "./constant-tests.ts";
import { hasClosures } from "./tree.ts";
import { deepTerm, eachDeepTerm } from "./tree-deep.ts";

export type Failing = {
  /** All rules. */
  readonly root: RuleNode;
  /** Errors of built-ins end an evaluation (`--strict-builtin-errors`). */
  readonly errorsEnd: boolean;
};

/** Whether evaluating the rule may end in an error. */
export function mayRuleFail({ head, body }: Rule, failing: Failing): boolean {
  let found = false;
  const visit = (term: Term): void => {
    found ||= fails(term, failing);
  };
  for (const expr of body) {
    eachDeepTerm(expr, visit);
    if (found || (expr.with.length > 0 && hasClosures(expr))) return true;
  }
  deepTerm(head.value, visit);
  return found;
}

/** Other rules are asked, an object is comprehended, or a call may be in error. */
function fails(term: Term, { root, errorsEnd }: Failing): boolean {
  if (term.kind === "object-comprehension") return true;
  if (term.kind === "call-term") return errorsEnd || term.operator.path[0] === "data";
  return asksRules(term, root);
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
