/**
 * What is called: the whole name of a built-in or of a rule, unless a variable has the name that it begins with. Such a
 * variable hides what is called, operators too (`plus := 1` hides `+`), and OPA refuses the call: among terms by a fault
 * of its own, as an expression and in a head by not knowing the function (`check-calls.ts`).
 */
import type { Location } from "@regomesh/base";
import type { Operator, Rule, Term } from "../syntax/ast.ts";
import { printPath } from "../syntax/print-term.ts";
import { type RewriteContext, report } from "./context.ts";
import { findName, type Local, mentionedNames, type Scope } from "./scope.ts";
import { deepTerm } from "./tree-deep.ts";
import { eachRulePart } from "./tree-parts.ts";

export type Called = {
  readonly operator: Operator;
  readonly at: Location;
  /** An expression of its own, or what a template string holds. */
  readonly isExpression: boolean;
};

/** The whole name of what is called; `a - b` calls minus, which may be a rule of the package too. */
export function resolveCalled(context: RewriteContext, scope: Scope, called: Called): Operator {
  const { operator, at, isExpression } = called;
  const [first = ""] = operator.path;
  const hiding = findHiding(scope, first);
  if (hiding !== undefined) {
    hiding.isUsed = true;
    const isOfHead = context.headOf?.names.get(first) === hiding;
    if (!isExpression && !isOfHead) {
      const message = `called function ${printPath(operator.path)} shadowed`;
      report(context, "rego_compile_error", at, message, `${first} is a variable here: take another name for it`);
    }
    return { ...operator, isHidden: true };
  }
  if (scope.pending.has(first)) scope.mentioned.add(first);
  const path = context.globals.get(first);
  if (path === undefined) return operator;
  const found = findName(scope, first);
  const isDeclaredLater = found.kind === "unknown" && found.isPending;
  return isDeclaredLater ? operator : { ...operator, path: [...path, ...operator.path.slice(1)] };
}

/** The variable that what is called by the name would be. */
export function findHiding(scope: Scope, name: string): Local | undefined {
  const found = findName(scope, name);
  if (found.kind !== "local") return undefined;
  switch (found.local.how) {
    case "argument":
    case "assigned":
    case "declared":
    case "hiding":
      return found.local;
    case "implicit":
    case "unbound":
      return undefined;
  }
}

/** A rule's variables that no line declares hide built-ins of their names, where the body has them on its own level. */
export function hideBuiltins(context: RewriteContext, scope: Scope, link: Rule): void {
  for (const [name, local] of scope.names) {
    if (local.how !== "implicit" || context.builtins.resolve(name) === undefined) continue;
    if (!mentionedNames([], link.body).has(name) || namesInModifiers(link).has(name)) continue;
    scope.names.set(name, { ...local, how: "hiding" });
  }
}

/** What `with` replaces, or puts in its place, may be a function. */
function namesInModifiers(rule: Rule): ReadonlySet<string> {
  const names = new Set<string>();
  const noteName = (term: Term): void => {
    if (term.kind === "var") names.add(term.name);
  };
  eachRulePart(
    rule,
    () => undefined,
    (expr) => {
      for (const { target, value } of expr.with) for (const term of [target, value]) deepTerm(term, noteName);
    },
  );
  return names;
}
