/**
 * What is called: the whole name of a built-in or of a rule, unless a variable has the name that it begins with. Such a
 * variable hides what is called, operators too (`plus := 1` hides `+`), and OPA refuses the call: among terms by a fault
 * of its own, as an expression and in a head by not knowing the function (`check-calls.ts`).
 */
import type { Location } from "@regomesh/base";
import type { Body, Operator, Rule, Term } from "../syntax/ast.ts";
import { printPath } from "../syntax/print-term.ts";
import { type RewriteContext, report } from "./context.ts";
import { eachMentioned, findName, type Local, type Scope } from "./scope.ts";
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
  if (findName(scope, first) === "pending") return operator;
  return { ...operator, path: [...path, ...operator.path.slice(1)] };
}

/** The variable that what is called by the name would be. */
export function findHiding(scope: Scope, name: string): Local | undefined {
  const found = findName(scope, name);
  if (found === undefined || found === "pending") return undefined;
  switch (found.how) {
    case "argument":
    case "assigned":
    case "declared":
    case "hiding":
      return found;
    case "implicit":
    case "unbound":
      return undefined;
  }
}

/** A rule's variables that no line declares hide built-ins of their names, where the body has them on its own level. */
export function hideBuiltins(context: RewriteContext, scope: Scope, link: Rule): void {
  for (const [name, local] of scope.names) {
    if (local.how !== "implicit" || context.builtins.resolve(name) === undefined) continue;
    if (!isMentioned(link.body, name) || namesInModifiers(link).has(name)) continue;
    scope.names.set(name, { ...local, how: "hiding" });
  }
}

function isMentioned(body: Body, name: string): boolean {
  let found = false;
  eachMentioned(body, (variable) => {
    if (variable.name === name) found = true;
  });
  return found;
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
