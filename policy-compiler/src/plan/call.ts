/** Calls: built-ins, functions of the policy, and what `with` puts in their place. */
import type { IrOperand } from "../ir/policy.ts";
import type { Term } from "../resolved/ast.ts";
import { dataName, type RuleNode } from "../resolved/rule-tree.ts";
import { type Environment, type Mock, resolveEnvironment } from "./environment.ts";
import { requireBuiltin } from "./planner.ts";
import { callFunction } from "./rule.ts";
import { append, bool, local, newLocal, planTerm, type Site, scan } from "./site.ts";

/** The value of a call. A relation iterates over its answers. */
export function planCall(site: Site, operator: readonly string[], args: readonly Term[]): IrOperand {
  return invoke(site, callName(operator), planArguments(site, args));
}

/** As OPA does, calls among the arguments are evaluated before references: where one is in conflict, none is asked. */
function planArguments(site: Site, args: readonly Term[]): readonly IrOperand[] {
  const planned = new Array<IrOperand>(args.length);
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as Term;
    if (arg.kind === "call-term") planned[i] = planTerm(site, arg);
  }
  for (let i = 0; i < args.length; i++) planned[i] ??= planTerm(site, args[i] as Term);
  return planned;
}

/**
 * A call as an expression: it holds if its value is not false. One more argument than
 * there are parameters is what the value must match.
 */
export function planCallExpression(site: Site, operator: readonly string[], args: readonly Term[]): void {
  const name = callName(operator);
  const own = site.planner.functions.get(name);
  const { arity, isVoid } = own === undefined ? requireSignature(site, name) : { arity: arityOf(own), isVoid: false };
  const operands = planArguments(site, args.slice(0, arity));
  const value = invoke(site, name, operands);
  if (isVoid) return;
  const pattern = args[arity];
  if (pattern !== undefined) site.planner.constructs.unifyOperand(site, value, pattern);
  else append(site, { type: "NotEqualStmt", stmt: { a: value, b: bool(false) } });
}

/** The name of a call's operator, as `with` targets and functions are known by. */
export function callName(operator: readonly string[]): string {
  return operator[0] === "data" ? dataName(operator.slice(1)) : operator.join(".");
}

function arityOf({ rules: [first] }: RuleNode): number {
  return first?.head.args?.length ?? 0;
}

function requireSignature(site: Site, name: string) {
  const signature = site.planner.builtins.resolve(name);
  if (signature === undefined) throw new Error(`the planner was given a call of ${name}, which nothing defines`);
  return signature;
}

function invoke(site: Site, name: string, args: readonly IrOperand[]): IrOperand {
  const mock = site.environment.mocks.get(name);
  if (mock === undefined) return invokeOriginal(site, name, args);
  return invokeMock(site, name, mock, args);
}

function invokeMock(site: Site, name: string, mock: Mock, args: readonly IrOperand[]): IrOperand {
  switch (mock.kind) {
    case "value":
      return site.passed.get(name) as IrOperand;
    case "callable":
      // What takes a function's place sees no replacement itself, so it can call the original.
      return invokeOriginal({ ...site, environment: withoutMocks(site), passed: new Map() }, mock.name, args);
  }
}

function withoutMocks(site: Site): Environment {
  return resolveEnvironment(site.planner.generations, site.environment.hidden, new Map());
}

function invokeOriginal(site: Site, name: string, args: readonly IrOperand[]): IrOperand {
  const own = site.planner.functions.get(name);
  if (own !== undefined) return callFunction(site, own, args);
  const { isRelation } = requireBuiltin(site.planner, name);
  const result = newLocal(site);
  append(site, { type: "CallStmt", stmt: { func: name, args, result } });
  return isRelation ? scan(site, local(result)).value : local(result);
}
