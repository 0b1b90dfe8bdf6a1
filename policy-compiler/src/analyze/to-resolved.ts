/**
 * From the written tree to the resolved one, once bodies are in order: nothing changes but what the types say. That
 * the forms are gone which they leave out is looked at, not believed: one that is left is a fault of ours. Of modules
 * that is seen where each rule is walked for what it needs (`dependencies.ts`).
 */
import type * as Resolved from "../resolved/ast.ts";
import type { Body, Expr, Module, Term, What } from "../syntax/ast.ts";
import { eachPart } from "./tree-parts.ts";

export function toResolvedModule(module: Module): Resolved.Module {
  return { ...module, imports: [] } as Resolved.Module;
}

export function toResolvedBody(body: Body): Resolved.Body {
  const visitExpr = ({ what }: Expr): void => requireResolved(what);
  for (const expr of body) eachPart(expr, requireResolved, visitExpr);
  return body as Resolved.Body;
}

export function requireResolved({ kind }: Term | What): void {
  if (UNRESOLVED.has(kind)) throw new Error(`${kind} is left, which analysis rewrites`);
}

const UNRESOLVED: ReadonlySet<string> = new Set(["some", "some-in", "assign", "template"]);
