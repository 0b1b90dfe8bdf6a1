/** A package, a document and the packages below one have one annotation each. */
import { type Diagnostic, type Location, positionAt } from "@regomesh/base";
import { constantPath } from "../resolved/rule-tree.ts";
import type { Annotation, Module } from "../syntax/ast.ts";
import { makeProblem } from "./problem.ts";

/** `modules` with heads that begin at the root. */
export function checkAnnotations(modules: readonly Module[]): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const first = new Map<string, Location>();
  for (const module of modules) {
    for (const annotation of module.annotations) {
      const name = nameOf(annotation, module);
      if (name === undefined) continue;
      const before = first.get(name);
      if (before === undefined) first.set(name, annotation.at);
      else {
        const place = `${before.source.name}:${positionAt(before.source, before.span.start).row}`;
        const message = `${annotation.scope} annotation redeclared: ${place}`;
        diagnostics.push(makeProblem("rego_type_error", annotation.at, message, "make them one"));
      }
    }
  }
  return diagnostics;
}

/** What there is one annotation of; undefined where there may be several. */
function nameOf({ scope, rule }: Annotation, module: Module): string | undefined {
  if (scope === "package") return `package ${JSON.stringify(module.package.path)}`;
  if (scope === "subpackages") return `path ${JSON.stringify(module.package.path)}`;
  const head = rule === undefined ? undefined : module.rules[rule]?.head;
  if (scope === "rule" || head === undefined) return undefined;
  return `path ${JSON.stringify(constantPath(head.ref))}`;
}
