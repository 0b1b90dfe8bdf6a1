/** Terms contain bodies and bodies terms: each is handed the other. */
import type { Body, With } from "../syntax/ast.ts";
import type { RewriteContext } from "./context.ts";
import type { Scope } from "./scope.ts";

export type Rewriter = {
  readonly context: RewriteContext;
  readonly body: (rewriter: Rewriter, scope: Scope, body: Body) => Body;
  readonly modifiers: (rewriter: Rewriter, scope: Scope, modifiers: readonly With[]) => readonly With[];
  /** Ends a closure's scope: what it declared must have been used. */
  readonly close: (context: RewriteContext, scope: Scope) => void;
};
