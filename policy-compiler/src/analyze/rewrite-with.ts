/**
 * `with T as V`: the target from its root. Whether it names input, data or a function shows
 * once all rules are known (`check-with.ts`); a value that names a built-in stays as written.
 */
import type { Ref, Term, With } from "../syntax/ast.ts";
import type { RewriteContext } from "./context.ts";
import { makeGlobalRef, makeVar } from "./names.ts";
import { rewriteTerm } from "./rewrite-term.ts";
import type { Rewriter } from "./rewriter.ts";
import { findName, type Scope } from "./scope.ts";

export function rewriteModifiers(rewriter: Rewriter, scope: Scope, modifiers: readonly With[]): readonly With[] {
  return modifiers.map((modifier) => {
    const target = rewriteTarget(rewriter, scope, modifier.target);
    const isFunction = target.head.kind === "var" && target.head.name !== "input";
    const builtin = isFunction ? namedBuiltin(rewriter.context, scope, modifier.value) : undefined;
    const value = builtin ?? rewriteTerm(rewriter, scope, modifier.value);
    return { ...modifier, target, value };
  });
}

/** Targets are global names: a variable of the rule is none. */
function rewriteTarget(rewriter: Rewriter, scope: Scope, target: Ref): Ref {
  const path = target.path.map((part) => rewriteTerm(rewriter, scope, part));
  if (target.head.kind !== "var") return { ...target, path };
  const global = rewriter.context.globals.get(target.head.name);
  if (global === undefined) return { ...target, path };
  const ref = makeGlobalRef(target.at, global);
  return { ...ref, path: [...ref.path, ...path] };
}

/** A built-in as a value: a reference of no path whose head is the whole name. No variable looks like that. */
function namedBuiltin(context: RewriteContext, scope: Scope, value: Term): Ref | undefined {
  const name = termName(value);
  if (name === undefined) return undefined;
  const [first = ""] = name;
  const found = findName(scope, first);
  const isLocal = found.kind === "local" && found.local.how !== "implicit";
  const whole = name.join(".");
  if (isLocal || context.globals.has(first) || context.builtins.resolve(whole) === undefined) return undefined;
  return { kind: "ref", at: value.at, head: makeVar(value.at, whole), path: [] };
}

/** A variable or reference as a dotted name. */
export function termName(term: Term): readonly string[] | undefined {
  if (term.kind === "var") return [term.name];
  if (term.kind !== "ref" || term.head.kind !== "var") return undefined;
  const name = [term.head.name];
  for (const part of term.path) {
    if (part.kind !== "string") return undefined;
    name.push(part.value);
  }
  return name;
}
