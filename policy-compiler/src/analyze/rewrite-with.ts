/**
 * `with T as V`: the target from its root. Whether it names input, data or a function shows
 * once all rules are known (`check-with.ts`); a value that names a built-in stays as written.
 *
 * A value that must be evaluated is an equation of its own in front of the expression: where it
 * is undefined so is the body, whatever the expression negates, and where it iterates so does
 * the body. What may name a function waits for `safety.ts`, which knows them.
 */
import type { Expr, Ref, Term, With } from "../syntax/ast.ts";
import { freshVar, type Generator, type RewriteContext } from "./context.ts";
import { makeGlobalRef, makeVar } from "./names.ts";
import { splitCalls } from "./negation.ts";
import { rewriteTerm } from "./rewrite-term.ts";
import type { Lifted, Rewriter } from "./rewriter.ts";
import { findName, type Scope } from "./scope.ts";
import { subterms } from "./tree.ts";

export function rewriteModifiers(rewriter: Rewriter, scope: Scope, modifiers: readonly With[]): Lifted {
  const rewritten = modifiers.map((modifier) => {
    const target = rewriteTarget(rewriter, scope, modifier.target);
    const isFunction = target.head.kind === "var" && target.head.name !== "input";
    const builtin = isFunction ? namedBuiltin(rewriter.context, scope, modifier.value) : undefined;
    const value = builtin ?? rewriteTerm(rewriter, scope, modifier.value);
    return { ...modifier, target, value };
  });
  // They are evaluated in their order: behind one that waits until functions are known, the others wait, too.
  let isWaiting = false;
  return liftValues(rewriter.context, rewritten, (modifier) => {
    isWaiting ||= mayNameFunction(modifier);
    return isWaiting;
  });
}

/** The values that need evaluation as equations, the calls of all of them in front, and the modifiers with their variables. */
export function liftValues(
  context: Generator,
  modifiers: readonly With[],
  staysAsWritten: (modifier: With) => boolean,
): Lifted {
  const calls: Expr[] = [];
  const before: Expr[] = [];
  const lifted = modifiers.map((modifier) => {
    const { value } = modifier;
    if (isEvaluated(value) || staysAsWritten(modifier)) return modifier;
    const variable = freshVar(context, value.at);
    const what = { kind: "unify", at: value.at, left: variable, right: value } as const;
    const expr: Expr = { kind: "expr", at: value.at, isNegated: false, what, with: [] };
    if (value.kind === "call-term") calls.push(expr);
    else {
      const split = splitCalls(context, expr);
      calls.push(...split.slice(0, -1));
      before.push(...split.slice(-1));
    }
    return { ...modifier, value: variable };
  });
  return { before: [...calls, ...before], modifiers: lifted };
}

/** A variable, or a term of constants and variables: nothing to evaluate. */
function isEvaluated(value: Term): boolean {
  if (value.kind === "var") return true;
  return subterms(value).every(isEvaluated) && !EVALUATED_KINDS.has(value.kind);
}

const EVALUATED_KINDS: ReadonlySet<Term["kind"]> = new Set([
  "ref",
  "call-term",
  "template",
  "array-comprehension",
  "set-comprehension",
  "object-comprehension",
]);

/** A replacement of data or a function by what may be a function: a name below data, or a built-in's. */
function mayNameFunction({ target, value }: With): boolean {
  if (target.head.kind === "var" && target.head.name === "input") return false;
  if (value.kind !== "ref" || value.head.kind !== "var" || value.head.name === "input") return false;
  return value.path.every((part) => part.kind === "string");
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
  const isLocal = typeof found === "object" && found.how !== "implicit";
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
