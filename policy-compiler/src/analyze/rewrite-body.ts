/**
 * Bodies: declarations rename, `some … in` becomes a reference that iterates, print is kept
 * or erased, and what a plain `not` evaluates before it negates is moved in front of it.
 */
import type { Location } from "@regomesh/base";
import type { Body, Expr, Term, What } from "../syntax/ast.ts";
import { findHiding } from "./called.ts";
import { freshName, freshVar, type RewriteContext, report } from "./context.ts";
import { makeGlobalRef } from "./names.ts";
import { liftCalls } from "./negation.ts";
import { type CallTerm, openScope, rewriteCall, rewriteTerm, rewriteUnresolved } from "./rewrite-term.ts";
import { rewriteModifiers } from "./rewrite-with.ts";
import type { Rewriter } from "./rewriter.ts";
import { type Declared, isAssignment, type Local, noteMentions, patternVariables, type Scope } from "./scope.ts";
import { declaredBySomeIn, mentions, mentionsDeep, openVariables, patternsOf, type SomeIn } from "./some-in.ts";

export function makeRewriter(context: RewriteContext): Rewriter {
  return { context, body: rewriteBody, modifiers: rewriteModifiers, close: closeScope };
}

export function rewriteBody(rewriter: Rewriter, scope: Scope, body: Body): Body {
  const rewritten: Expr[] = [];
  for (const expr of body) rewriteExpr(rewriter, scope, expr, rewritten);
  if (rewritten.length > 0 || body[0] === undefined) return rewritten.slice();
  const { at } = body[0];
  return [
    {
      kind: "expr",
      at,
      isNegated: false,
      what: { kind: "term", at, term: { kind: "boolean", at, value: true } },
      with: [],
    },
  ];
}

/** What becomes of the expression is added to `rewritten`: itself, where nothing in it changes. */
function rewriteExpr(rewriter: Rewriter, scope: Scope, expr: Expr, rewritten: Expr[]): void {
  let modifiers = expr.with;
  if (modifiers.length > 0) {
    const lifted = rewriteModifiers(rewriter, scope, modifiers);
    rewritten.push(...lifted.before);
    modifiers = lifted.modifiers;
  }
  const { what } = expr;
  if (what.kind === "some-in") {
    for (const each of rewriteSomeIn(rewriter, scope, what)) rewritten.push({ ...expr, what: each, with: modifiers });
    return;
  }
  const other = rewriteWhat(rewriter, scope, what, expr.isNegated);
  if (other === undefined) return;
  const made = other === what && modifiers === expr.with ? expr : { ...expr, what: other, with: modifiers };
  if (expr.isNegated) rewritten.push(...liftCalls(rewriter.context, made));
  else rewritten.push(made);
}

/** Undefined where nothing is left to evaluate. */
function rewriteWhat(
  rewriter: Rewriter,
  scope: Scope,
  what: Exclude<What, SomeIn>,
  isNegated: boolean,
): What | undefined {
  const { context } = rewriter;
  switch (what.kind) {
    case "some":
      for (const variable of what.variables) declare(context, scope, variable, "declared");
      return undefined;
    case "assign":
      if (isNegated) {
        report(context, "rego_compile_error", what.at, "cannot assign vars inside negated expression");
        return undefined;
      }
      if (context.globals.has("assign")) return rewriteCallExpr(rewriter, scope, toCall(what, "assign"));
      return rewriteAssign(rewriter, scope, what);
    case "call": {
      const equation = asEquation(context, scope, what);
      if (equation !== undefined) return rewriteWhat(rewriter, scope, equation, isNegated);
      return rewriteCallExpr(rewriter, scope, what);
    }
    case "unify": {
      if (scope.pending.has("eq")) scope.mentioned.add("eq");
      if (context.globals.has("eq") || findHiding(scope, "eq"))
        return rewriteCallExpr(rewriter, scope, toCall(what, "eq"));
      const left = rewriteTerm(rewriter, scope, what.left);
      const right = rewriteTerm(rewriter, scope, what.right);
      return left === what.left && right === what.right ? what : { ...what, left, right };
    }
    case "term": {
      const term = rewriteTerm(rewriter, scope, what.term);
      return term === what.term ? what : { ...what, term };
    }
    case "every":
      return rewriteEvery(rewriter, scope, what);
    case "body": {
      if (reportAssignments(context, what)) return undefined;
      const inner = what.isImplicit ? scope : openScope(context, scope, [], what.body);
      const body = rewriteBody(rewriter, inner, what.body);
      if (!what.isImplicit) closeScope(context, inner);
      if (what.logical !== undefined) noteMentions(scope, what.logical.operands);
      return { ...what, body };
    }
  }
}

/** Only bodies in braces declare variables: true where an operand without any, or what is negated without any, assigns one. */
function reportAssignments(context: RewriteContext, what: Extract<What, { kind: "body" }>): boolean {
  if (!what.isImplicit) return false;
  const { logical, body } = what;
  const found = (logical?.operands ?? body).filter((expr) => expr.what.kind === "assign");
  const [message, hint] =
    logical === undefined
      ? ["cannot assign vars inside negated expression", "negate a body: not { x := … }"]
      : [`cannot assign vars inside implicit ${logical.word} operand`, "put the operand in braces: { x := … }"];
  for (const { at } of found) report(context, "rego_compile_error", at, message, hint);
  return found.length > 0;
}

/** `=` and `:=` are calls where the package has rules of their names; `=` is one that is refused where a variable hides it. */
function toCall(what: Extract<What, { kind: "assign" | "unify" }>, name: "assign" | "eq"): CallExpression {
  return { kind: "call", at: what.at, operator: { at: what.at, path: [name] }, args: [what.left, what.right] };
}

/** `assign(x, 1)` and `eq(x, 1)` are what is written with signs, unless they name something else. */
function asEquation({ globals }: RewriteContext, scope: Scope, what: CallExpression): Equation | undefined {
  const { at, operator, args } = what;
  const [left, right, ...more] = args;
  const [name = "", ...parts] = operator.path;
  if (left === undefined || right === undefined || more.length > 0 || parts.length > 0) return undefined;
  if (globals.has(name)) return undefined;
  if (isAssignment(what)) return { kind: "assign", at, left, right };
  return name === "eq" && findHiding(scope, name) === undefined ? { kind: "unify", at, left, right } : undefined;
}

type Equation = Extract<What, { kind: "assign" | "unify" }>;
type CallExpression = Extract<What, { kind: "call" }>;

function rewriteCallExpr(rewriter: Rewriter, scope: Scope, what: CallExpression): What | undefined {
  const { context } = rewriter;
  if (isPrint(context, scope, what)) return rewritePrint(rewriter, scope, what);
  const { at } = what;
  const written: CallTerm = { kind: "call-term", at, operator: what.operator, args: what.args };
  const term = rewriteCall(rewriter, scope, written, true);
  // rego.metadata.rule() as a statement is the constant it stands for.
  if (term.kind !== "call-term") return { kind: "term", at, term };
  const { operator, args } = term;
  // A rule takes no arguments: one more is what its value must match.
  if (args.length === 1 && operator.path[0] === "data" && context.isDocument(operator.path)) {
    const left: Term = { ...makeGlobalRef(at, operator.path), isCalled: true };
    return { kind: "unify", at, left, right: args[0] as Term };
  }
  return term === written ? what : { kind: "call", at, operator, args };
}

function isPrint({ globals }: RewriteContext, scope: Scope, { operator: { path } }: CallExpression): boolean {
  if (path.length !== 1 || path[0] !== "print") return false;
  return !globals.has("print") && findHiding(scope, "print") === undefined;
}

/** `print(x)` is `internal.print([{$1 | $1 = x}])`: an argument may be undefined. */
function rewritePrint(rewriter: Rewriter, scope: Scope, what: CallExpression): What | undefined {
  const { context } = rewriter;
  if (!context.print) {
    // Erased, its arguments still count as uses of their variables.
    for (const arg of what.args) rewriteTerm(rewriter, scope, arg);
    return undefined;
  }
  const items = what.args.map((arg): Term => {
    const value = freshVar(context, arg.at);
    const right = rewriteTerm(rewriter, scope, arg);
    const equation: What = { kind: "unify", at: arg.at, left: value, right };
    const body: Body = [{ kind: "expr", at: arg.at, isNegated: false, what: equation, with: [] }];
    return { kind: "set-comprehension", at: arg.at, value, body };
  });
  const operator = { at: what.operator.at, path: ["internal", "print"] };
  return { kind: "call", at: what.at, operator, args: [{ kind: "array", at: what.at, items }] };
}

/** The right side is read before the left declares: `x := x + 1` reads an outer `x`. */
function rewriteAssign(rewriter: Rewriter, scope: Scope, what: Extract<What, { kind: "assign" }>): What {
  const right = rewriteTerm(rewriter, scope, what.right);
  checkAssignable(rewriter.context, what.left);
  for (const variable of patternVariables(what.left)) declare(rewriter.context, scope, variable, "assigned");
  const left = rewritePattern(rewriter, scope, what.left);
  return { ...what, left, right };
}

function checkAssignable(context: RewriteContext, left: Term): void {
  switch (left.kind) {
    case "var":
      return;
    case "array":
      for (const item of left.items) checkAssignable(context, item);
      return;
    case "object":
      for (const [, value] of left.entries) checkAssignable(context, value);
      return;
    default:
      report(
        context,
        "rego_compile_error",
        left.at,
        `cannot assign to ${left.kind === "call-term" ? "call" : left.kind}`,
      );
  }
}

/** Rewrites what was just declared, without counting it as a use. */
function rewritePattern(rewriter: Rewriter, scope: Scope, pattern: Term): Term {
  const used = patternVariables(pattern).map(({ name }) => scope.names.get(name));
  const before = used.map((local) => local?.isUsed ?? true);
  const rewritten = rewriteTerm(rewriter, scope, pattern);
  for (const [i, local] of used.entries()) if (local !== undefined) local.isUsed = before[i] as boolean;
  return rewritten;
}

/** `some k, v in xs` is `xs[k] = v`; a key that is no variable or constant is matched with a new one. */
function rewriteSomeIn(rewriter: Rewriter, scope: Scope, what: SomeIn): readonly What[] {
  const { context } = rewriter;
  const declared = declaredBySomeIn(what);
  // The domain is read before the variables are there; it mentions none that is declared.
  const isOne = what.key === undefined && declared[0] === what.value;
  const known = isOne ? [] : [...openNames(what)].filter((name) => !ROOTS.has(name) && mentions(what.domain, name));
  for (const name of known) {
    report(context, "rego_compile_error", what.at, `var ${name} assigned before`, "take another name");
  }
  const reading = known.length === 0 ? rewriter : { ...rewriter, context: { ...context, diagnostics: [] } };
  const domain = rewriteTerm(reading, scope, what.domain);
  const variables = declared.length < 2 ? declared : new Map(declared.map((each) => [each.name, each])).values();
  for (const variable of variables) {
    const local = declare(context, scope, variable, "declared");
    if (local !== undefined) local.isUsed = true;
  }
  const rewriteValue = what.value.kind === "template" ? rewriteUnresolved : rewriteTerm;
  const value = rewriteValue(rewriter, scope, what.value);
  const key = what.key === undefined ? freshVar(context, what.at) : rewriteTerm(rewriter, scope, what.key);
  const isKey = key.kind === "var" || key.kind === "string" || key.kind === "number";
  const index = isKey ? key : freshVar(context, key.at);
  const path = domain.kind === "ref" ? [...domain.path, index] : [index];
  const head = domain.kind === "ref" ? domain.head : domain;
  const element: Term = { kind: "ref", at: what.domain.at, head, path };
  const iteration: What = { kind: "unify", at: what.at, left: element, right: value };
  return isKey ? [iteration] : [iteration, { kind: "unify", at: key.at, left: key, right: index }];
}

const ROOTS: ReadonlySet<string> = new Set(["input", "data"]);

function openNames(what: SomeIn): Iterable<string> {
  if (what.key === undefined && what.value.kind === "var") return [what.value.name];
  const variables = patternsOf(what).flatMap(openVariables);
  return new Set(variables.map(({ name }) => name));
}

function rewriteEvery(rewriter: Rewriter, scope: Scope, what: Extract<What, { kind: "every" }>): What {
  const { context } = rewriter;
  const inner = openScope(context, scope, [], what.body, patternNames(what));
  const declareOne = (variable: Extract<Term, { kind: "var" }>): Extract<Term, { kind: "var" }> => {
    if (variable.name === "_") return freshVar(context, variable.at);
    const local = declare(context, inner, variable, "declared");
    if (local === undefined) return variable;
    return { ...variable, name: local.name };
  };
  const key = what.key === undefined ? undefined : declareOne(what.key);
  const value = declareOne(what.value);
  const domain = rewriteTerm(rewriter, domainScope(scope, inner, what), what.domain);
  const body = rewriteBody(rewriter, inner, what.body);
  closeScope(context, inner);
  return { ...what, key, value, domain, body };
}

/** What the domain names as `every` does is declared around it, or the variable of `every` itself, which nothing binds there. */
function domainScope(scope: Scope, inner: Scope, what: Extract<What, { kind: "every" }>): Scope {
  const own = patternNames(what).filter((name) => inner.names.has(name) && !findHiding(scope, name));
  const mentioned = own.filter((name) => mentionsDeep(what.domain, name));
  if (mentioned.length === 0) return scope;
  const names = new Map(mentioned.map((name) => [name, inner.names.get(name) as Local]));
  return { parent: scope, names, pending: new Set(), mentioned: new Set() };
}

function patternNames(what: Extract<What, { kind: "every" }>): readonly string[] {
  return [what.key, what.value].flatMap((variable) => (variable === undefined ? [] : [variable.name]));
}

/** Declares a variable; undefined where that is wildcard or a fault. */
function declare(
  context: RewriteContext,
  scope: Scope,
  variable: { readonly name: string; readonly at: Location },
  how: Declared,
): Local | undefined {
  const { name, at } = variable;
  if (name === "_") return undefined;
  if ((name === "input" || name === "data") && !context.mayShadow) {
    report(context, "rego_compile_error", at, `variables must not shadow ${name} (use a different variable name)`);
    return undefined;
  }
  const known = scope.names.get(name);
  const isFree = known === undefined || (known.how === "unbound" && !known.isUsed);
  if (!isFree || scope.mentioned.has(name)) {
    report(context, "rego_compile_error", at, describeConflict(name, known));
    if (known !== undefined) known.isUsed = true;
    return undefined;
  }
  const local: Local = { name: freshName(context, name), how, at, isUsed: false };
  scope.names.set(name, local);
  return local;
}

function describeConflict(name: string, known: Local | undefined): string {
  switch (known?.how) {
    case "argument":
      return `arg ${name} redeclared`;
    case "declared":
      return `var ${name} declared above`;
    case "assigned":
      return `var ${name} assigned above`;
    case "implicit":
    case "hiding":
    case "unbound":
    case undefined:
      return `var ${name} referenced above`;
  }
}

/** Where a scope ends, what it declared must have been used. */
export function closeScope(context: RewriteContext, scope: Scope): void {
  for (const { isUsed } of scope.names.values()) {
    if (isUsed) continue;
    reportUnused(context, scope);
    return;
  }
}

function reportUnused(context: RewriteContext, scope: Scope): void {
  for (const [name, local] of scope.names) {
    if (local.isUsed) continue;
    const unused = { ...context, diagnostics: context.minor };
    if (local.how === "declared") {
      report(unused, "rego_compile_error", local.at, `declared var ${name} unused`, "use it, or leave it out");
    } else if (local.how === "assigned" && context.strict) {
      report(unused, "rego_compile_error", local.at, `assigned var ${name} unused`, "use it, or assign to _");
    }
  }
}

/** Once all links of a rule are rewritten: what one of them uses is used. */
export function closeArguments(context: RewriteContext, locals: ReadonlyMap<string, Local>): void {
  if (!context.strict) return;
  const unused = { ...context, diagnostics: context.minor };
  for (const [name, { isUsed, how, at }] of locals) {
    if (isUsed || how !== "argument") continue;
    report(unused, "rego_compile_error", at, `unused argument ${name}`, "use _ (wildcard variable) instead");
  }
}
