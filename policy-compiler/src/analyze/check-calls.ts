/** Calls name a function or built-in that there is, with as many arguments as it takes. */
import type { Diagnostic, Location } from "@regomesh/base";
import { type BuiltinSignatures, builtinName } from "../builtins/table.ts";
import { findNode, type RuleNode } from "../resolved/rule-tree.ts";
import type { Body, Expr, Operator, Ref, Rule, Term } from "../syntax/ast.ts";
import { printPath } from "../syntax/print-term.ts";
import { printType } from "../types/print-type.ts";
import { makeProblem } from "./problem.ts";
import { termName } from "./rewrite-with.ts";
import { eachPart, eachRulePart } from "./tree-parts.ts";

export type Callables = {
  /** Arguments that it takes, its result not counted; undefined where there is no such function. */
  arity(path: readonly string[]): number | undefined;
  /** There are rules of that path, of a function or not. */
  isRule(path: readonly string[]): boolean;
};

export function makeCallables(root: RuleNode<Rule>, builtins: BuiltinSignatures): Callables {
  return {
    arity(path) {
      if (path[0] !== "data") return builtins.resolve(builtinName(path))?.arity;
      // All rules of a place are of functions, or none is.
      return findNode(root, path, 1)?.rules[0]?.head.args?.length;
    },
    isRule: (path) => findNode(root, path, 1)?.rules[0] !== undefined,
  };
}

export type CallContext = {
  readonly callables: Callables;
  readonly builtins: BuiltinSignatures;
  readonly diagnostics: Diagnostic[];
  /** Faults that count only where there are no others. */
  readonly late: Diagnostic[];
  /** Deprecated built-ins may be called: in v0, where nothing strict is asked. */
  readonly mayDeprecated: boolean;
};

/** Gives the expressions that have modifiers (`check-with.ts`), found on the way. */
export function checkRuleCalls(rule: Rule, context: CallContext): readonly Expr[] {
  const { checkTerm, noteExpr, modified } = makeChecks(context);
  eachRulePart(rule, checkTerm, noteExpr);
  return modified;
}

export function checkBodyCalls(body: Body, context: CallContext): readonly Expr[] {
  const { checkTerm, noteExpr, modified } = makeChecks(context);
  for (const expr of body) eachPart(expr, checkTerm, noteExpr);
  return modified;
}

function makeChecks(context: CallContext) {
  const modified: Expr[] = [];
  /** Only what `with` puts in a function's place is a function by name. */
  let named: Set<Term> | undefined;
  const checkTerm = (term: Term, isStatement: boolean): void => {
    if (term.kind === "call-term") checkCallTerm(term, isStatement, context);
    else if (term.kind === "ref" && !named?.has(term)) checkReference(term, context);
  };
  const noteExpr = (expr: Expr): void => {
    if (expr.with.length === 0) return;
    modified.push(expr);
    named ??= new Set();
    for (const { value } of expr.with) named.add(value);
  };
  return { checkTerm, noteExpr, modified };
}

function checkReference(term: Ref, context: CallContext): void {
  if (term.isCalled) {
    checkReadByCall(term, context);
    return;
  }
  if (term.head.kind !== "var" || term.head.name !== "data") return;
  const path = ["data"];
  for (const part of term.path) {
    if (part.kind !== "string") return;
    path.push(part.value);
    if (context.callables.arity(path) === undefined) continue;
    const message = `function ${printPath(path)} used as reference, not called`;
    context.late.push(makeProblem("rego_type_error", term.at, message, "call it: name(arguments)"));
    return;
  }
}

/** `f()` is the value of a rule `f`, if nothing is known of its type (`check-refs.ts`). */
function checkReadByCall(term: Ref, context: CallContext): void {
  const { at } = term;
  const names = termName(term) ?? [];
  if (context.callables.arity(names) !== undefined) checkCall({ at, path: names }, 0, 0, at, context);
  else if (!context.callables.isRule(names)) reportUndefined({ at, path: names }, context);
}

/** As a statement a call may name its result: f(x, y) is f(x) = y. */
function checkCallTerm(term: Extract<Term, { kind: "call-term" }>, isStatement: boolean, context: CallContext): void {
  checkCall(term.operator, term.args.length, isStatement ? 1 : 0, term.at, context);
}

function checkCall(operator: Operator, given: number, more: 0 | 1, at: Location, context: CallContext): void {
  const { path } = operator;
  const builtin = operator.isHidden || path[0] === "data" ? undefined : context.builtins.resolve(builtinName(path));
  const arity = builtin === undefined ? arityOfRule(operator, context) : builtin.arity;
  if (arity === undefined) {
    reportUndefined(operator, context);
    return;
  }
  if (builtin?.isDeprecated && !context.mayDeprecated) {
    const message = `deprecated built-in function calls in expression: ${builtin.name}`;
    context.late.push(makeProblem("rego_type_error", at, message));
  }
  if (builtin?.isVoid && more === 0) {
    const message = `${printPath(path)} used as value: it gives none`;
    context.diagnostics.push(makeProblem("rego_type_error", at, message, "write it as an expression of its own"));
    return;
  }
  const allowed = builtin?.isVoid ? 0 : more;
  if (builtin?.isVariadic || given === arity || given === arity + allowed) return;
  if (builtin === undefined) {
    const message = `function ${printPath(path)} has arity ${arity}, got ${given} argument${given === 1 ? "" : "s"}`;
    context.diagnostics.push(makeProblem("rego_type_error", at, message));
    return;
  }
  const want = builtin.args.map(printType).join(", ");
  const message = `${builtin.name}: arity mismatch: takes ${arity} argument${arity === 1 ? "" : "s"} (${want}), got ${given}`;
  context.diagnostics.push(makeProblem("rego_type_error", at, message));
}

/** What may be called without arguments takes none. */
function arityOfRule({ path, isHidden }: Operator, { callables }: CallContext): number | undefined {
  return isHidden ? undefined : (callables.arity(path) ?? (callables.isRule(path) ? 0 : undefined));
}

function reportUndefined(operator: Operator, context: CallContext): void {
  const name = printPath(operator.path);
  if (operator.isHidden) {
    const hint = `${operator.path[0]} is a variable here: take another name for it`;
    context.diagnostics.push(makeProblem("rego_type_error", operator.at, `undefined function ${name}`, hint));
    return;
  }
  const near = findNear(operator.path.join("."), context.builtins);
  const hint = near === undefined ? wayToDeclare(operator) : `did you mean ${near}?`;
  context.diagnostics.push(makeProblem("rego_type_error", operator.at, `undefined function ${name}`, hint));
}

/** Hosts of OPA have built-ins of their own, which policies for them call; a rule's place is no such name. */
function wayToDeclare({ path: [root] }: Operator): string | undefined {
  if (root === "data" || root === "input") return undefined;
  return "a built-in that a host of OPA brings is declared by --capabilities FILE, or given by --builtins FILE";
}

/** A built-in that differs in one character or two that changed places, or by what stands before its last dot. */
function findNear(name: string, builtins: BuiltinSignatures): string | undefined {
  const last = name.slice(name.lastIndexOf(".") + 1);
  let near: string | undefined;
  for (const known of builtins.names) {
    if (isOneEdit(name, known)) return known;
    if (known.slice(known.lastIndexOf(".") + 1) === last) near = known;
  }
  return near;
}

function isOneEdit(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  const [restA, restB] = [a.slice(start), b.slice(start)];
  if (a.length === b.length && restA[0] === restB[1] && restA[1] === restB[0]) return restA.slice(2) === restB.slice(2);
  return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1);
}
