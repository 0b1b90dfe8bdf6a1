/**
 * Terms: names become variables of their own or references from a root, calls get whole
 * names, template strings become calls.
 */
import type { Body, Ref, Term, Variable } from "../syntax/ast.ts";
import { isScalar } from "../syntax/ground.ts";
import { resolveCalled } from "./called.ts";
import { freshName, freshVar, type RewriteContext } from "./context.ts";
import { makeGlobalRef, makeVar } from "./names.ts";
import type { Rewriter } from "./rewriter.ts";
import { declaredNames, eachMentioned, findName, type Scope } from "./scope.ts";
import { patternNames } from "./some-in.ts";
import { eachVariable } from "./tree.ts";

export type CallTerm = Extract<Term, { kind: "call-term" }>;

const ROOTS: ReadonlySet<string> = new Set(["data", "input"]);

export function rewriteTerm(rewriter: Rewriter, scope: Scope, term: Term): Term {
  switch (term.kind) {
    case "null":
    case "boolean":
    case "number":
    case "string":
      return term;
    case "var":
      return rewriteName(rewriter.context, scope, term);
    case "ref":
      return rewriteRef(rewriter, scope, term);
    case "array":
    case "set": {
      const items = rewriteTerms(rewriter, scope, term.items);
      return items === term.items ? term : { ...term, items };
    }
    case "object": {
      const inner = (part: Term): Term => rewriteTerm(rewriter, scope, part);
      return { ...term, entries: term.entries.map(([key, value]) => [inner(key), inner(value)] as const) };
    }
    case "call-term":
      return rewriteCall(rewriter, scope, term, false);
    case "template":
      return rewriteTemplate(rewriter, scope, term);
    case "array-comprehension":
    case "set-comprehension": {
      const closed = openScope(rewriter.context, scope, [term.value], term.body);
      const body = rewriter.body(rewriter, closed, term.body);
      const value = rewriteTerm(rewriter, closed, term.value);
      rewriter.close(rewriter.context, closed);
      return { ...term, body, value };
    }
    case "object-comprehension": {
      const closed = openScope(rewriter.context, scope, [term.key, term.value], term.body);
      const body = rewriter.body(rewriter, closed, term.body);
      const key = rewriteTerm(rewriter, closed, term.key);
      const value = rewriteTerm(rewriter, closed, term.value);
      rewriter.close(rewriter.context, closed);
      return { ...term, body, key, value };
    }
  }
}

/** The same array where none of them changes, as most keys do not. */
export function rewriteTerms(
  rewriter: Rewriter,
  scope: Scope,
  terms: readonly Term[],
  rewriteTemplate: typeof rewriteTerm = rewriteTerm,
): readonly Term[] {
  let rewritten: Term[] | undefined;
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    if (term.kind === "string") continue;
    const other = (term.kind === "template" ? rewriteTemplate : rewriteTerm)(rewriter, scope, term);
    if (other === term) continue;
    rewritten ??= terms.slice();
    rewritten[i] = other;
  }
  return rewritten ?? terms;
}

function rewriteRef(rewriter: Rewriter, scope: Scope, term: Ref): Ref {
  const head = rewriteTerm(rewriter, scope, term.head);
  const path = rewriteTerms(rewriter, scope, term.path, rewriteUnresolved);
  // A name that stands for a path: `roles.admin` is `data.a.roles.admin`.
  const root = head.kind === "ref" ? head.head : head;
  const whole = head.kind !== "ref" || head.path.length === 0 ? path : [...head.path, ...path];
  return root === term.head && whole === term.path ? term : { kind: "ref", at: term.at, head: root, path: whole };
}

/** The scope of a closure: names that nothing around it knows belong to it. */
export function openScope(
  context: RewriteContext,
  parent: Scope,
  heads: readonly Term[],
  body: Body,
  declared: readonly string[] = [],
): Scope {
  const pending = declaredNames(body, declared);
  const scope: Scope = { parent, names: new Map(), pending, mentioned: new Set() };
  addImplicit(context, scope, heads, body, (name) => freshName(context, name));
  return scope;
}

export function addImplicit(
  context: RewriteContext,
  scope: Scope,
  heads: readonly Term[],
  body: Body,
  rename: (name: string) => string,
): void {
  let patterns: ReadonlySet<string> | undefined;
  const isPattern = (name: string): boolean => {
    patterns ??= patternNames(body);
    return patterns.has(name);
  };
  const isGlobal = (name: string): boolean => ROOTS.has(name) || (context.globals.has(name) && !isPattern(name));
  const add = ({ name, at }: Variable): void => {
    if (name === "_" || scope.pending.has(name)) return;
    const found = findName(scope, name);
    if (found === undefined ? isGlobal(name) : found !== "pending") return;
    scope.names.set(name, { name: rename(name), how: "implicit", at, isUsed: true });
  };
  for (const head of heads) eachVariable(head, add);
  eachMentioned(body, add);
}

function rewriteName(context: RewriteContext, scope: Scope, term: Extract<Term, { kind: "var" }>): Term {
  const { name, at } = term;
  if (name === "_") return freshVar(context, at);
  const found = findName(scope, name);
  if (found === "pending") {
    if (scope.pending.has(name)) scope.mentioned.add(name);
    return term;
  }
  if (found !== undefined) {
    found.isUsed = true;
    return found.name === name ? term : makeVar(at, found.name);
  }
  const path = context.globals.get(name);
  if (path !== undefined) return makeGlobalRef(at, path);
  return ROOTS.has(name) ? { kind: "ref", at, head: term, path: [] } : term;
}

/** `isExpression`: of its own, or what a template string holds. */
export function rewriteCall(rewriter: Rewriter, scope: Scope, term: CallTerm, isExpression: boolean): Term {
  const { at } = term;
  const { context } = rewriter;
  const operator = resolveCalled(context, scope, { operator: term.operator, at, isExpression });
  const { path } = operator;
  const name = path[0] === "rego" && !operator.isHidden ? path.join(".") : "";
  if (name === "rego.metadata.chain" || name === "rego.metadata.rule") {
    const constant = context.metadata(name === "rego.metadata.rule" ? "rule" : "chain", at, context.link);
    if (constant !== undefined) return constant;
  }
  // No function takes nothing: what is called without arguments is a rule, which is read.
  if (term.args.length === 0 && path[0] === "data") return { ...makeGlobalRef(at, path), isCalled: true };
  const args = rewriteTerms(rewriter, scope, term.args);
  return operator === term.operator && args === term.args ? term : { kind: "call-term", at, operator, args };
}

/** OPA does not resolve rules' names in template strings that are keys or patterns: there they are variables. */
export function rewriteUnresolved(rewriter: Rewriter, scope: Scope, term: Term): Term {
  return rewriteTerm({ ...rewriter, context: { ...rewriter.context, globals: new Map() } }, scope, term);
}

/** `$"a {x}"` is `internal.template_string(["a ", {$1 | $1 = x}])`: an undefined part is an empty set. */
function rewriteTemplate(rewriter: Rewriter, scope: Scope, term: Extract<Term, { kind: "template" }>): Term {
  const items = term.parts.map((part): Term => {
    if (typeof part === "string") return { kind: "string", at: term.at, value: part };
    if (part.with.length === 0 && isScalar(part.term)) return part.term;
    const isCall = part.term.kind === "call-term";
    const right = isCall ? rewriteCall(rewriter, scope, part.term, true) : rewriteTerm(rewriter, scope, part.term);
    // A variable always has a value: where it is unsafe that shows.
    if (right.kind === "var" && part.term.kind === "var" && part.term.name !== "_") {
      return { kind: "set", at: part.at, items: [right] };
    }
    const value = freshVar(rewriter.context, part.at);
    const what = { kind: "unify", at: part.at, left: value, right } as const;
    const { before, modifiers } = rewriter.modifiers(rewriter, scope, part.with);
    const body = [...before, { kind: "expr", at: part.at, isNegated: false, what, with: modifiers } as const];
    return { kind: "set-comprehension", at: part.at, value, body };
  });
  const operator = { at: term.at, path: ["internal", "template_string"] };
  return { kind: "call-term", at: term.at, operator, args: [{ kind: "array", at: term.at, items }] };
}
