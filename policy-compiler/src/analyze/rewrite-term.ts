/**
 * Terms: names become variables of their own or references from a root, calls get whole
 * names, template strings become calls.
 */
import type { Body, Operator, Term } from "../syntax/ast.ts";
import { freshName, freshVar, type RewriteContext } from "./context.ts";
import { makeGlobalRef, makeVar } from "./names.ts";
import type { Rewriter } from "./rewriter.ts";
import { declaredNames, findName, mentionedNames, type Scope } from "./scope.ts";
import { patternNames } from "./some-in.ts";

const ROOTS: ReadonlySet<string> = new Set(["data", "input"]);

export function rewriteTerm(rewriter: Rewriter, scope: Scope, term: Term): Term {
  const inner = (part: Term): Term => rewriteTerm(rewriter, scope, part);
  switch (term.kind) {
    case "null":
    case "boolean":
    case "number":
    case "string":
      return term;
    case "var":
      return rewriteName(rewriter.context, scope, term);
    case "ref": {
      const head = inner(term.head);
      const path = term.path.map((part) =>
        part.kind === "template" ? rewriteUnresolved(rewriter, scope, part) : inner(part),
      );
      // A name that stands for a path: `roles.admin` is `data.a.roles.admin`.
      if (head.kind === "ref") return { ...term, head: head.head, path: [...head.path, ...path] };
      return { ...term, head, path };
    }
    case "array":
    case "set":
      return { ...term, items: term.items.map(inner) };
    case "object":
      return { ...term, entries: term.entries.map(([key, value]) => [inner(key), inner(value)] as const) };
    case "call-term":
      return rewriteCall(rewriter, scope, term);
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
    return makeVar(at, found.local.name);
  }
  if (scope.pending.has(name)) scope.mentioned.add(name);
  if (found.isPending) return term;
  const path = context.globals.get(name);
  if (path !== undefined) return makeGlobalRef(at, path);
  return ROOTS.has(name) ? makeGlobalRef(at, [name]) : term;
}

function rewriteCall(rewriter: Rewriter, scope: Scope, term: Extract<Term, { kind: "call-term" }>): Term {
  const operator = resolveOperator(rewriter.context, term.operator);
  const name = operator.path.join(".");
  if (name === "rego.metadata.chain" || name === "rego.metadata.rule") {
    const constant = rewriter.context.metadata(name === "rego.metadata.rule" ? "rule" : "chain", term.at);
    if (constant !== undefined) return constant;
  }
  return { ...term, operator, args: term.args.map((arg) => rewriteTerm(rewriter, scope, arg)) };
}

/** The whole name of what is called; `a - b` calls minus, which may be a rule of the package too. */
export function resolveOperator(context: RewriteContext, operator: Operator): Operator {
  const [first = "", ...rest] = operator.path;
  const path = context.globals.get(first);
  return path === undefined ? operator : { ...operator, path: [...path, ...rest] };
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
    const right = rewriteTerm(rewriter, scope, part.term);
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

function isScalar(term: Term): boolean {
  return term.kind === "null" || term.kind === "boolean" || term.kind === "number" || term.kind === "string";
}
