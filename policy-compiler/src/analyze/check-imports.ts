/** Imports: none twice, none that hides input or data; no rule of that name either. Strict: none unused. */
import type { Diagnostic } from "@regomesh/base";
import type { Import, Module } from "../syntax/ast.ts";
import { printPath } from "../syntax/print-term.ts";
import { importName, isLanguageImport } from "./names.ts";
import { makeProblem } from "./problem.ts";
import { eachRuleTerm } from "./tree-deep.ts";

export function checkImports(module: Module, isStrict: boolean): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = module.isV1 || isStrict ? findShadows(module) : [];
  if (isStrict) diagnostics.push(...findUnused(module));
  return diagnostics;
}

function findShadows(module: Module): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const seen = new Map<string, Import>();
  for (const clause of module.imports) {
    if (isLanguageImport(clause)) continue;
    const name = importName(clause);
    const before = seen.get(name);
    if (before !== undefined) {
      const message = `import must not shadow ${printImport(before)}`;
      diagnostics.push(
        makeProblem("rego_compile_error", clause.at, message, "import it once, or under another name (as)"),
      );
    }
    seen.set(name, clause);
    if (clause.alias !== undefined && (name === "input" || name === "data")) {
      const message = `imports must not shadow ${name} (use a different variable name)`;
      diagnostics.push(makeProblem("rego_compile_error", clause.at, message));
    }
  }
  for (const { head } of module.rules) {
    const [first] = head.ref;
    if (first?.kind !== "string" || (first.value !== "input" && first.value !== "data")) continue;
    const message = `rules must not shadow ${first.value} (use a different rule name)`;
    diagnostics.push(makeProblem("rego_compile_error", first.at, message));
  }
  return diagnostics;
}

function findUnused(module: Module): readonly Diagnostic[] {
  const used = new Set<string>();
  for (const rule of module.rules) {
    eachRuleTerm(rule, (term) => {
      if (term.kind === "var") used.add(term.name);
      if (term.kind === "call-term") used.add(term.operator.path[0] as string);
    });
  }
  return module.imports
    .filter((clause) => !isLanguageImport(clause) && !used.has(importName(clause)))
    .map((clause) => {
      const message = `${printImport(clause)} unused`;
      return makeProblem("rego_compile_error", clause.at, message, "leave the import out");
    });
}

function printImport({ path, alias }: Import): string {
  return `import ${printPath(path)}${alias === undefined ? "" : ` as ${alias}`}`;
}
