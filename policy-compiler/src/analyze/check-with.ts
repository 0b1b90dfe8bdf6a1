/** `with` replaces input, data that are no part of a rule, or a function; by what of as many arguments, types tell. */
import type { Diagnostic } from "@regomesh/base";
import type { BuiltinSignatures } from "../builtins/table.ts";
import { constantPath, dataName, findNode, hasConstantHead, type RuleNode } from "../resolved/rule-tree.ts";
import type { Expr, Rule, Term, With } from "../syntax/ast.ts";
import { makeProblem } from "./problem.ts";
import { termName } from "./rewrite-with.ts";

export type WithContext = {
  readonly root: RuleNode<Rule>;
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
  return undefined;
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
  return isFunction ? undefined : findNamedBuiltin(modifier);
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
