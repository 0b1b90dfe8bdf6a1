/**
 * Terms: names become variables of their own or references from a root, calls get whole
 * names, template strings become calls.
 */
import type { Body, Ref, Term } from "../syntax/ast.ts";
import { isScalar } from "../syntax/ground.ts";
import { resolveCalled } from "./called.ts";
import { freshName, freshVar, type RewriteContext } from "./context.ts";
import { makeGlobalRef, makeVar } from "./names.ts";
import type { Rewriter } from "./rewriter.ts";
import { declaredNames, findName, mentionedNames, type Scope } from "./scope.ts";
import { patternNames } from "./some-in.ts";

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
    case "set":
      return { ...term, items: rewriteTerms(rewriter, scope, term.items) };
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

/** The same array where all of them are constants, as most keys are. */
function rewriteTerms(rewriter: Rewriter, scope: Scope, terms: readonly Term[]): readonly Term[] {
  let rewritten: Term[] | undefined;
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    const other = term.kind === "string" ? term : rewriteTerm(rewriter, scope, term);
    if (other !== term) rewritten ??= terms.slice(0, i);
    rewritten?.push(other);
  }
  return rewritten ?? terms;
}

function rewriteRef(rewriter: Rewriter, scope: Scope, term: Ref): Ref {
  const head = rewriteTerm(rewriter, scope, term.head);
  const hasTemplate = term.path.some(({ kind }) => kind === "template");
  const path = hasTemplate
    ? term.path.map((part) => (part.kind === "template" ? rewriteUnresolved : rewriteTerm)(rewriter, scope, part))
    : rewriteTerms(rewriter, scope, term.path);
  const { at } = term;
  if (head.kind !== "ref") return { kind: "ref", at, head, path };
  // A name that stands for a path: `roles.admin` is `data.a.roles.admin`.
  return { kind: "ref", at, head: head.head, path: head.path.length === 0 ? path : [...head.path, ...path] };
}

/** The scope of a closure: names that nothing around it knows belong to it. */
export function openScope(
  context: RewriteContext,
  parent: Scope,
  heads: readonly Term[],
  body: Body,
  declared: readonly string[] = [],
): Scope {
  const pending = new Set([...declaredNames(body), ...declared]);
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
  const patterns = patternNames(body);
  const isGlobal = (name: string): boolean => ROOTS.has(name) || (context.globals.has(name) && !patterns.has(name));
  for (const [name, at] of mentionedNames(heads, body)) {
    if (name === "_" || scope.pending.has(name)) continue;
    const found = findName(scope, name);
    if (found.kind === "local" || (!found.isPending && isGlobal(name))) continue;
    scope.names.set(name, { name: rename(name), how: "implicit", at, isUsed: true });
  }
}

function rewriteName(context: RewriteContext, scope: Scope, term: Extract<Term, { kind: "var" }>): Term {
  const { name, at } = term;
  if (name === "_") return freshVar(context, at);
  const found = findName(scope, name);
  if (found.kind === "local") {
    found.local.isUsed = true;
    return found.local.name === name ? term : makeVar(at, found.local.name);
  }
  if (scope.pending.has(name)) scope.mentioned.add(name);
  if (found.isPending) return term;
  const path = context.globals.get(name);
  if (path !== undefined) return makeGlobalRef(at, path);
  return ROOTS.has(name) ? makeGlobalRef(at, [name]) : term;
}

/** `isExpression`: of its own, or what a template string holds. */
export function rewriteCall(rewriter: Rewriter, scope: Scope, term: CallTerm, isExpression: boolean): Term {
  const operator = resolveCalled(rewriter.context, scope, { operator: term.operator, at: term.at, isExpression });
  const name = operator.path[0] === "rego" && !operator.isHidden ? operator.path.join(".") : "";
  if (name === "rego.metadata.chain" || name === "rego.metadata.rule") {
    const constant = rewriter.context.metadata(name === "rego.metadata.rule" ? "rule" : "chain", term.at);
    if (constant !== undefined) return constant;
  }
  // No function takes nothing: what is called without arguments is a rule, which is read.
  if (term.args.length === 0 && operator.path[0] === "data") {
    return { ...makeGlobalRef(term.at, operator.path), isCalled: true };
  }
  return { kind: "call-term", at: term.at, operator, args: rewriteTerms(rewriter, scope, term.args) };
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
