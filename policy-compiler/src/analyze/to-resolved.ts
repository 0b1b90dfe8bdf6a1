/**
 * From the written tree to the resolved one, once bodies are in order: nothing changes but what the types say. That
 * the forms are gone which they leave out is looked at, not believed: one that is left is a fault of ours.
 */
import type * as Resolved from "../resolved/ast.ts";
import type { Body, Expr, Module, Rule, Term, What } from "../syntax/ast.ts";
import { eachDeepTerm, eachRuleTerm } from "./tree-deep.ts";

export function toResolvedModule(module: Module): Resolved.Module {
  return { ...module, imports: [], rules: module.rules.map(toResolvedRule) };
}

function toResolvedRule(rule: Rule): Resolved.Rule {
  eachRuleTerm(rule, requireResolved, requireResolvedExpr);
  return rule as Resolved.Rule;
}

export function toResolvedBody(body: Body): Resolved.Body {
  for (const expr of body) eachDeepTerm(expr, requireResolved, requireResolvedExpr);
  return body as Resolved.Body;
}

function requireResolvedExpr({ what }: Expr): void {
  requireResolved(what);
}

function requireResolved({ kind }: Term | What): void {
  switch (kind) {
    case "some":
    case "some-in":
    case "assign":
    case "template":
      throw new Error(`${kind} is left, which analysis rewrites`);
    default:
      return;
  }
}
