/** Terms contain bodies and bodies terms: each is handed the other. */
import type { Body, Expr, With } from "../syntax/ast.ts";
import type { RewriteContext } from "./context.ts";
import type { Scope } from "./scope.ts";

/** Modifiers whose values need no evaluation any more, behind the equations that evaluate them. */
export type Lifted = { readonly before: readonly Expr[]; readonly modifiers: readonly With[] };

export type Rewriter = {
  readonly context: RewriteContext;
  readonly body: (rewriter: Rewriter, scope: Scope, body: Body) => Body;
  /** Rewritten, with the equations of values that need evaluation. */
  readonly modifiers: (rewriter: Rewriter, scope: Scope, modifiers: readonly With[]) => Lifted;
  /** Ends a closure's scope: what it declared must have been used. */
  readonly close: (context: RewriteContext, scope: Scope) => void;
};
