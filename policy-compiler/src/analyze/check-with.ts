/** `with` replaces input, data that are no part of a rule, or a function by one that takes as many arguments. */
import type { Diagnostic } from "@regomesh/base";
import type { BuiltinSignatures } from "../builtins/table.ts";
import { constantPath, dataName, findNode, hasConstantHead, type RuleNode } from "../resolved/rule-tree.ts";
import type { Expr, Rule, Term, With } from "../syntax/ast.ts";
import { printPath } from "../syntax/print-term.ts";
import type { Callables } from "./check-calls.ts";
import { makeProblem } from "./problem.ts";
import { termName } from "./rewrite-with.ts";

export type WithContext = {
  readonly root: RuleNode<Rule>;
  readonly callables: Callables;
  readonly builtins: BuiltinSignatures;
  readonly diagnostics: Diagnostic[];
};

const NOT_REPLACED: ReadonlySet<string> = new Set(["eq", "assign", "walk", "print"]);

export function checkModifiers(expr: Expr, context: WithContext): void {
  for (const modifier of expr.with) {
    const fault = findFault(modifier, context);
    if (fault !== undefined) context.diagnostics.push(fault);
  }
}

function findFault(modifier: With, context: WithContext): Diagnostic | undefined {
  const { target } = modifier;
  const root = target.head.kind === "var" ? target.head.name : "";
  if (root === "input" || root === "data") {
    if (!target.path.every(isConstant)) {
      return makeProblem("rego_type_error", target.at, "with keyword target must be ground", "name each part");
    }
    return root === "input" ? undefined : findDataFault(modifier, context);
  }
  const name = termName(target)?.join(".");
  if (name === undefined || context.builtins.resolve(name) === undefined) {
    const message = "with keyword target must reference existing input, data, or a function";
    return makeProblem("rego_type_error", target.at, message);
  }
  if (NOT_REPLACED.has(name) || name.startsWith("internal.") || name.startsWith("rego.metadata.")) {
    const signature = context.builtins.resolve(name);
    const why = signature?.isVoid
      ? "target must not be a void function"
      : signature?.isRelation
        ? "target must not be a relation"
        : name.startsWith("internal.")
          ? `replacement of internal function ${JSON.stringify(name)} invalid`
          : `replacement of ${JSON.stringify(name)} invalid`;
    return makeProblem("rego_compile_error", target.at, `with keyword replacing built-in function: ${why}`);
  }
  return findArityFault(modifier, [name], context);
}

function isConstant({ kind }: Term): boolean {
  return kind === "string" || kind === "number";
}

function findDataFault(modifier: With, context: WithContext): Diagnostic | undefined {
  const { path } = modifier.target;
  const names = constantPath(path);
  for (let length = 1; length <= names.length && length < path.length; length++) {
    const node = findNode(context.root, names.slice(0, length));
    if (node?.rules.some(hasConstantHead)) {
      const message = "with keyword cannot partially replace virtual document(s)";
      return makeProblem(
        "rego_compile_error",
        modifier.target.at,
        message,
        `replace ${dataName(node.path)} as a whole`,
      );
    }
  }
  const isFunction = findNode(context.root, names)?.rules.some(({ head }) => head.args !== undefined);
  return isFunction ? findArityFault(modifier, ["data", ...names], context) : findNamedBuiltin(modifier);
}

/** A built-in takes the place of functions alone: anywhere else its name is a variable's. */
function findNamedBuiltin({ value }: With): Diagnostic | undefined {
  if (value.kind !== "ref" || value.path.length > 0 || value.head.kind !== "var") return undefined;
  const [name = ""] = value.head.name.split(".");
  return makeProblem(
    "rego_unsafe_var_error",
    value.at,
    `var ${name} is unsafe`,
    "a built-in replaces a function alone",
  );
}

/** A function's replacement is a function of as many arguments, or a value. */
function findArityFault(modifier: With, path: readonly string[], context: WithContext): Diagnostic | undefined {
  const name = termName(modifier.value);
  if (name === undefined) return undefined;
  const operator = name[0] === "data" ? name : [name.join(".")];
  const arity = context.callables.arity(operator);
  const wanted = context.callables.arity(path);
  if (arity === undefined || wanted === undefined || arity === wanted) return undefined;
  const message = `${printPath(path)}: arity mismatch: ${printPath(operator)} takes ${arity} arguments, not ${wanted}`;
  return makeProblem("rego_type_error", modifier.at, message);
}
