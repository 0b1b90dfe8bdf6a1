/** What no layout makes v1 of a v0 module: deprecated built-ins, imports that repeat, names that hide input and data. */
import type { Diagnostic } from "@regomesh/base";
import { checkImports } from "../analyze/check-imports.ts";
import { makeProblem } from "../analyze/problem.ts";
import { eachRulePart } from "../analyze/tree-parts.ts";
import { BUILTINS } from "../builtins/table.ts";
import type { Expr, Module, Rule, Term, What } from "../syntax/ast.ts";

export function checkForV1(module: Module): readonly Diagnostic[] {
  const own = new Set(module.rules.flatMap(({ head }) => (head.ref[0]?.kind === "string" ? [head.ref[0].value] : [])));
  const found = [...checkImports({ ...module, isV1: true }, false)];
  for (const rule of module.rules) found.push(...findDeprecated(rule, own), ...findHiding(rule));
  return found;
}

/** `own` are the names of the module's rules, which may be those of built-ins. */
function findDeprecated(rule: Rule, own: ReadonlySet<string>): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  eachRulePart(rule, (term) => {
    if (term.kind !== "call-term" || own.has(term.operator.path[0] ?? "")) return;
    const name = term.operator.path.join(".");
    if (!BUILTINS.resolve(name)?.isDeprecated) return;
    const message = `deprecated built-in function calls in expression: ${name}`;
    found.push(makeProblem("rego_type_error", term.at, message));
  });
  return found;
}

function findHiding(rule: Rule): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const check = (term: Term, what: string): void => {
    if (term.kind !== "var" || (term.name !== "input" && term.name !== "data")) return;
    const message = `${what} must not shadow ${term.name} (use a different variable name)`;
    found.push(makeProblem("rego_compile_error", term.at, message));
  };
  for (const arg of rule.head.args ?? []) check(arg, "args");
  const checkDeclared = ({ what }: Expr): void => {
    for (const term of declaredBy(what)) check(term, "variables");
  };
  eachRulePart(rule, () => {}, checkDeclared);
  return found;
}

function declaredBy(what: What): readonly Term[] {
  switch (what.kind) {
    case "assign":
      return [what.left];
    case "some":
      return what.variables;
    case "some-in":
    case "every":
      return what.key === undefined ? [what.value] : [what.key, what.value];
    default:
      return [];
  }
}
