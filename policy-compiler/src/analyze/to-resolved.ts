/**
 * From the written tree to the resolved one, once bodies are in order: nothing changes but what the types say. That
 * the forms are gone which they leave out is looked at, not believed: one that is left is a fault of ours.
 */
import type * as Resolved from "../resolved/ast.ts";
import type { Body, Module, Rule, Term } from "../syntax/ast.ts";
import { eachDeepExpr, eachDeepTerm, eachRuleExpr, eachRuleTerm } from "./tree.ts";

export function toResolvedModule(module: Module): Resolved.Module {
  return { ...module, imports: [], rules: module.rules.map(toResolvedRule) };
}

function toResolvedRule(rule: Rule): Resolved.Rule {
  eachRuleExpr(rule, ({ what }) => requireResolved(what.kind));
  eachRuleTerm(rule, requireResolvedTerm);
  return rule as Resolved.Rule;
}

export function toResolvedBody(body: Body): Resolved.Body {
  eachDeepExpr(body, ({ what }) => requireResolved(what.kind));
  for (const expr of body) eachDeepTerm(expr, requireResolvedTerm);
  return body as Resolved.Body;
}

function requireResolvedTerm({ kind }: Term): void {
  requireResolved(kind);
}

const WRITTEN_ONLY: ReadonlySet<string> = new Set(["some", "some-in", "assign", "template"]);

function requireResolved(kind: string): void {
  if (WRITTEN_ONLY.has(kind)) throw new Error(`${kind} is left, which analysis rewrites`);
}
