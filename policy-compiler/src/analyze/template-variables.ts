/**
 * Variables in template strings. An expression there binds none: those that it mentions are declared by the body
 * around it, or reported. A variable that is all of an expression is one of that body, and safe or not as there.
 */
import type { Diagnostic } from "@regomesh/base";
import { builtinName } from "../builtins/table.ts";
import type { Term } from "../syntax/ast.ts";
import { userName } from "../syntax/print-term.ts";
import { isRootName } from "./outputs.ts";
import { makeProblem } from "./problem.ts";
import { subterms } from "./tree.ts";

/** What was said of a rule before. */
export type Told = {
  readonly diagnostics: Diagnostic[];
  /** Variables reported as undeclared already: each once in a rule. */
  readonly undeclared: Set<string>;
  /** Variables of lines that cannot be placed, which would bind them: these are at fault, and not who reads the variable. */
  readonly awaited: Set<string>;
};

/** True where a variable of the term, where that is a template string, is not declared. */
export function reportUndeclared(term: Term, declared: ReadonlySet<string>, context: Told): boolean {
  const parts = isTemplate(term) ? term.args[0] : undefined;
  if (parts?.kind !== "array") return false;
  const { length } = context.diagnostics;
  for (const part of parts.items) {
    const what = part.kind === "set-comprehension" ? part.body.at(-1)?.what : undefined;
    if (what?.kind !== "unify") continue;
    eachOwnTerm(what.right, (inner) => {
      reportUndeclared(inner, declared, context);
      if (inner.kind !== "var" || isRootName(inner.name) || declared.has(inner.name)) return;
      if (context.undeclared.has(inner.name) || context.awaited.has(inner.name)) return;
      context.undeclared.add(inner.name);
      const message = `var ${userName(inner.name)} is undeclared`;
      const hint = "bind it in the body, before the template string";
      context.diagnostics.push(makeProblem("rego_compile_error", inner.at, message, hint));
    });
  }
  return context.diagnostics.length > length;
}

/** What stands in a template string inside of it is looked at as that one's. */
function eachOwnTerm(term: Term, visit: (term: Term) => void): void {
  visit(term);
  if (!isTemplate(term)) for (const part of subterms(term)) eachOwnTerm(part, visit);
}

function isTemplate(term: Term): term is Extract<Term, { kind: "call-term" }> {
  return term.kind === "call-term" && builtinName(term.operator.path) === "internal.template_string";
}
