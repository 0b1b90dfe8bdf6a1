/**
 * Safety: every variable is bound by a positive expression before it is needed. Bodies are
 * put into an order in which that holds, keeping the text's where they can; what can't be
 * placed is reported. Closures see what is bound before the expression that contains them.
 */
import type { Diagnostic, Location } from "@regomesh/base";
import type { Body, Expr, Rule, Term, Variable } from "../syntax/ast.ts";
import { isScalar } from "../syntax/ground.ts";
import { toChain } from "../syntax/rule-links.ts";
import { closesOverItself } from "./closes-over-itself.ts";
import { freshVar } from "./context.ts";
import { findOrder, type Step } from "./find-order.ts";
import { boundByRefs, needsBeside, needsOwnIteration, splitIteration, toEquation } from "./iteration.ts";
import { addLevel, addOwn, addTerm, addVariable, eachClosed } from "./needs.ts";
import { isInOnePiece, liftRefs, splitCalls } from "./negation.ts";
import { type Arity, type Bound, bindRefs, isKnownName, isRootName, outputsOf } from "./outputs.ts";
import { liftValues, termName } from "./rewrite-with.ts";
import { reportUndeclared, type Told } from "./template-variables.ts";
import {
  closureOfTerm,
  closuresOfExpr,
  eachTerm,
  eachVariable,
  hasClosure,
  mapSubterms,
  mapTerms,
  subterms,
  termsOfExpr,
} from "./tree.ts";
import { deepTerm, eachDeepTerm } from "./tree-deep.ts";
import { makeUnsafe, noteAssigned, noteUnsafe, reportUnsafe, type Unsafe } from "./unsafe.ts";

type Context = Told & {
  readonly arity: Arity;
  readonly counter: { generated: number };
  readonly unsafe: Unsafe;
};

function makeContext(arity: Arity, diagnostics: Diagnostic[], counter: Context["counter"]): Context {
  return { arity, diagnostics, counter, unsafe: makeUnsafe(), undeclared: new Set(), awaited: new Set() };
}

/** Orders the bodies of a rule and of its `else` links, and checks its head. */
export function orderRule(rule: Rule, arity: Arity, diagnostics: Diagnostic[], counter: { generated: number }): Rule {
  const links: Rule[] = [];
  for (let link: Rule | undefined = rule; link !== undefined; link = link.else) {
    const context = makeContext(arity, diagnostics, counter);
    links.push(orderLink(link, context));
    reportUnsafe(context.unsafe, diagnostics);
  }
  return toChain(links);
}

/**
 * A variable of the head that its body never mentions is unsafe whatever the body's order. What the
 * head evaluates is read as the body's last part.
 */
export function checkHeads(rule: Rule, diagnostics: Diagnostic[]): void {
  for (let link: Rule | undefined = rule; link !== undefined; link = link.else) {
    const { head } = link;
    if (isPlainHead(head)) continue;
    const names = new Set<string>();
    for (const arg of head.args ?? []) addTerm(arg, names);
    for (const expr of link.body) addOwn(expr, names);
    const outputs = new Set<string>();
    const known: Bound = { has: (name) => isKnownName(name, names, outputs) };
    const heads = [...head.ref, head.value].filter((term) => !isEvaluated(term));
    bindRefs(heads, names, outputs);
    const unsafe = makeUnsafe();
    for (const term of heads) noteUnbound([term], known, unsafe, term.at);
    reportUnsafe(unsafe, diagnostics);
  }
}

function isEvaluated(term: Term): boolean {
  let found = false;
  eachTerm(term, (part) => {
    const { kind } = part;
    if (kind !== "var" && kind !== "array" && kind !== "set" && kind !== "object" && !isScalar(part)) found = true;
  });
  return found;
}

/** It needs no variable, and evaluates nothing. */
function isPlainHead({ ref, value }: Rule["head"]): boolean {
  return isScalar(value) && ref.every(isScalar);
}

function orderLink(given: Rule, context: Context): Rule {
  const bound = new Set<string>();
  for (const arg of given.head.args ?? []) eachVariable(arg, ({ name }) => void bound.add(name));
  const link = orderArguments(given, bound, context);
  const { head } = link;
  if (isPlainHead(head)) return { ...link, body: orderBody(link.body, bound, copyOf(bound), context) };
  const outer = new Set(bound);
  // What the head evaluates is an expression of the body: a closure that mentions its variables means them.
  const visible = new Set(bound);
  for (const term of [...head.ref, head.value]) if (isEvaluated(term)) addTerm(term, visible);
  const body = orderBody(link.body, bound, visible, context);
  const mentioned = new Set<string>();
  const isWrong = context.unsafe.found.size > 0;
  // What the body can't bind is its own fault, and reported: the head has it from there.
  if (isWrong) for (const expr of link.body) addLevel(expr, mentioned);
  const heads = [...head.ref, head.value];
  const outputs = new Set<string>();
  const known: Bound = { has: (name) => isKnownName(name, bound, outputs) };
  bindRefs(heads, bound, outputs);
  const isInBody: Bound = { has: (name) => known.has(name) || mentioned.has(name) };
  for (const term of heads) {
    if (!isEvaluated(term)) noteUnbound([term], isInBody, context.unsafe, term.at);
    else if (isWrong || !isBound(term, known)) {
      const around = { outer, level: mentioned };
      const here = new Set([...bound, ...mentioned]);
      orderBody(splitCalls(context, evaluate(term, context)), new Set(bound), here, context, around);
    }
  }
  const isRight = context.unsafe.found.size === 0;
  if (isRight && heads.some(isEvaluated) && !isInTextOrder(body)) return orderWithHead(link, outer, visible, context);
  const value = isRight ? orderTerm(head.value, bound, bound, context) : head.value;
  return { ...link, body, head: { ...head, value } };
}

/** Keys of an argument's objects are evaluated: there may be closures in them. */
function orderArguments(link: Rule, bound: ReadonlySet<string>, context: Context): Rule {
  const { args } = link.head;
  if (args === undefined || !args.some(hasClosure)) return link;
  return { ...link, head: { ...link.head, args: args.map((arg) => orderTerm(arg, bound, bound, context)) } };
}

function isInTextOrder(body: Body): boolean {
  return body.every(({ at }, i) => i === 0 || (body[i - 1] as Expr).at.span.start <= at.span.start);
}

/** What the head evaluates stands behind the text's last line, and in front of those that had to wait for a later one. */
function orderWithHead(link: Rule, outer: ReadonlySet<string>, visible: ReadonlySet<string>, context: Context): Rule {
  const { head } = link;
  const equations: Expr[] = [];
  const move = (term: Term): Term => {
    if (!isEvaluated(term)) return term;
    const expr = evaluate(term, context);
    equations.push(expr);
    return expr.what.kind === "unify" ? expr.what.left : term;
  };
  const ref = head.ref.map(move);
  const value = move(head.value);
  const body = orderBody([...link.body, ...equations], new Set(outer), visible, context);
  return { ...link, body, head: { ...head, ref, value } };
}

/** What a head evaluates, as the body's last expression. */
function evaluate(term: Term, context: Context): Expr {
  const what = { kind: "unify", at: term.at, left: freshVar(context, term.at), right: term } as const;
  return { kind: "expr", at: term.at, isNegated: false, what, with: [] };
}

function isBound(term: Term, known: Bound): boolean {
  let found = true;
  eachVariable(term, ({ name }) => {
    if (!known.has(name)) found = false;
  });
  return found;
}

/** The bodies of a query; its variables are bound by itself. */
export function orderQuery(body: Body, arity: Arity, diagnostics: Diagnostic[], counter: { generated: number }): Body {
  const bound = new Set<string>();
  const context = makeContext(arity, diagnostics, counter);
  const ordered = orderBody(body, bound, bound, context);
  reportUnsafe(context.unsafe, diagnostics);
  return ordered;
}

/**
 * The body in an order that is safe. What it binds is added to `bound`. `visible` are the
 * variables of the levels around it: a closure that mentions one means that one. Where a line has to wait
 * for another, the calls in them are lines of their own, as OPA has them from the start: each stands as far in front as it can.
 */
function orderBody(
  body: Body,
  bound: Set<string>,
  visible: ReadonlySet<string>,
  context: Context,
  around?: { readonly outer: ReadonlySet<string>; readonly level: ReadonlySet<string> },
): Body {
  const isModified = body.some((expr) => expr.with.length > 0);
  const exprs = isModified ? body.flatMap((expr) => evaluateModifiers(expr, context)) : body;
  const outer = around?.outer ?? copyOf(bound);
  const whole = findOrder(exprs, { bound, visible, outer, around: around?.level }, context);
  const isSplit = around === undefined && whole.hasWaited && !exprs.every(isInOnePiece);
  const split = isSplit ? exprs.flatMap((expr) => splitCalls(context, expr)) : exprs;
  const { steps, left, here, isOuter } = isSplit ? findOrder(split, { bound, visible, outer }, context) : whole;
  const placed: Expr[] = [];
  for (let i = 0; i < steps.length; i++) {
    const { expr: tried, outputs, isClosed } = steps[i] as Step;
    const expr = equate(tried);
    const parts = splitIteration(expr, outputs, context);
    if (parts !== undefined) placed.push(...orderBody(parts, new Set(bound), here(), context));
    else finish(isClosed ? orderClosures(expr, bound, here(), context) : expr, context, placed);
    if (outputs.size > 0) for (const name of outputs) bound.add(name);
  }
  if (left.length === 0) return placed.slice();
  const { length } = context.diagnostics;
  const declared = new Set(bound);
  for (const expr of left) {
    for (const name of outputsOf(expr, declared, context.arity)) {
      declared.add(name);
      context.awaited.add(name);
    }
  }
  for (const expr of left) noteLeft(expr, { here: here(), bound, isOuter }, context);
  // What is not placed is never left out in silence.
  const [first] = left;
  const isTold = context.unsafe.found.size > 0 || context.diagnostics.length > length;
  if (first !== undefined && !isTold) {
    noteUnsafe(context.unsafe, { variable: freshVar(context, first.what.at), place: first.what.at });
  }
  return placed;
}

type Left = {
  readonly here: ReadonlySet<string>;
  readonly bound: ReadonlySet<string>;
  readonly isOuter: Bound;
};

/** What keeps an expression from being placed: what its closures need, or else what it needs itself. */
function noteLeft(expr: Expr, { here, bound, isOuter }: Left, context: Context): void {
  const { unsafe, arity } = context;
  const outputs = outputsOf(expr, bound, arity);
  for (const term of termsOfExpr(expr)) eachTerm(term, (part) => reportUndeclared(part, bound, context));
  if (expr.what.kind === "assign") noteAssigned(unsafe, expr.what.left);
  const place = expr.what.at;
  const known: Bound = { has: (name) => isKnownName(name, bound, outputs) };
  if (closesOverItself(expr, isOuter, bound)) {
    const outside: Bound = { has: (name) => isOuter.has(name) || isRootName(name) };
    noteUnbound(termsOfExpr(expr), outside, unsafe, place, SELF_HINT);
  } else {
    // What `every` iterates is read in front of it.
    if (expr.what.kind === "every") noteUnbound([expr.what.domain], known, unsafe, place);
    const missing = closedVariables(expr).filter(({ name }) => here.has(name) && !known.has(name));
    for (const variable of missing) noteUnsafe(unsafe, { variable, place });
    // Where its closures have what they need, the expression is refused for what it lacks itself: OPA forgets that.
    if (missing.length === 0) noteUnbound(termsOfExpr(expr), known, unsafe, place);
  }
}

function closedVariables(expr: Expr): readonly Variable[] {
  const found: Variable[] = [];
  for (const closure of closuresOfExpr(expr)) {
    eachClosed(closure, (term) => {
      if (term.kind === "var") found.push(term);
    });
  }
  return found;
}

const SELF_HINT = "an expression cannot iterate the variables that its closures use: iterate in a line before it";

/** What replaces a document is evaluated before the expression, unless it turns out to be a function. */
function evaluateModifiers(expr: Expr, context: Context): readonly Expr[] {
  if (expr.with.length === 0) return [expr];
  const isFunction = (term: Term): boolean => {
    const name = termName(term);
    return name !== undefined && context.arity(name[0] === "data" ? name : [name.join(".")]) !== undefined;
  };
  const { before, modifiers } = liftValues(context, expr.with, ({ value }) => isFunction(value));
  return [...before, { ...expr, with: modifiers }];
}

/** `==` as an expression is `=`, now that its variables are known to be bound elsewhere. */
function equate(expr: Expr): Expr {
  const { what } = expr;
  if (what.kind !== "call" || what.args.length !== 2) return expr;
  const { path } = what.operator;
  if (path.length !== 1 || path[0] !== "equal") return expr;
  return { ...expr, what: { kind: "unify", at: what.at, left: what.args[0] as Term, right: what.args[1] as Term } };
}

/** Once in place, `:=` is `=`, `f(x, y)` is `f(x) = y`, and what a plain `not` evaluates first stands in front of it. */
function finish(expr: Expr, context: Context, placed: Expr[]): void {
  if (!expr.isNegated) placed.push(asEquation(expr, context));
  else for (const each of liftRefs(context, expr)) placed.push(asEquation(each, context));
}

function asEquation(expr: Expr, { arity }: Context): Expr {
  const what = toEquation(expr.what, arity);
  return what === expr.what ? expr : { ...expr, what };
}

/** The same expression with the bodies of its closures in order. */
function orderClosures(expr: Expr, bound: ReadonlySet<string>, visible: ReadonlySet<string>, context: Context): Expr {
  const term = (inner: Term): Term => orderTerm(inner, bound, visible, context);
  const { what } = expr;
  const modifiers =
    expr.with.length === 0 ? expr.with : expr.with.map((modifier) => ({ ...modifier, value: term(modifier.value) }));
  switch (what.kind) {
    case "term":
      return { ...expr, with: modifiers, what: { ...what, term: term(what.term) } };
    case "call":
      return { ...expr, with: modifiers, what: { ...what, args: mapTerms(what.args, term) } };
    case "assign":
    case "unify":
      return { ...expr, with: modifiers, what: { ...what, left: term(what.left), right: term(what.right) } };
    case "every": {
      const inner = namesFor([], what.body, bound);
      inner.add(what.value.name);
      if (what.key !== undefined) inner.add(what.key.name);
      const around = new Set([...namesFor([], what.body, visible), ...inner]);
      const body = orderBody(what.body, inner, around, context);
      return { ...expr, with: modifiers, what: { ...what, domain: term(what.domain), body } };
    }
    case "body": {
      const body = orderBody(what.body, namesFor([], what.body, bound), visible, context);
      return { ...expr, with: modifiers, what: { ...what, body } };
    }
    case "some":
    case "some-in":
      return expr;
  }
}

function orderTerm(term: Term, bound: ReadonlySet<string>, visible: ReadonlySet<string>, context: Context): Term {
  switch (term.kind) {
    case "call-term":
      if (reportUndeclared(term, visible, context)) return term;
      break;
    case "array-comprehension":
    case "set-comprehension": {
      const { body, heads } = orderComprehension([term.value], term.body, bound, visible, context);
      return { ...term, body, value: heads[0] as Term };
    }
    case "object-comprehension": {
      const { body, heads } = orderComprehension([term.key, term.value], term.body, bound, visible, context);
      return { ...term, body, key: heads[0] as Term, value: heads[1] as Term };
    }
    case "null":
    case "boolean":
    case "number":
    case "string":
    case "var":
      return term;
    default:
      break;
  }
  return mapSubterms(term, (part) => orderTerm(part, bound, visible, context));
}

/** So many names of a body are copied for each of its closures; of more those alone that the closure mentions. */
const COPIED_MAX = 64;

/** Those of some names that count for a closure, in a set of its own. */
function namesFor(heads: readonly Term[], body: Body, names: ReadonlySet<string>): Set<string> {
  if (names.size <= COPIED_MAX) return new Set(names);
  const found = new Set<string>();
  const add = (term: Term): void => {
    if (term.kind === "var" && names.has(term.name)) found.add(term.name);
  };
  for (const head of heads) deepTerm(head, add);
  for (const expr of body) eachDeepTerm(expr, add);
  return found;
}

function orderComprehension(
  heads: readonly Term[],
  body: Body,
  bound: ReadonlySet<string>,
  visible: ReadonlySet<string>,
  context: Context,
): { readonly heads: readonly Term[]; readonly body: Body } {
  const inner = namesFor(heads, body, bound);
  const around = namesFor(heads, body, visible);
  for (const head of heads) addTerm(head, around);
  const moved = heads.map((head) =>
    needsOwnIteration(head) || bindsForOthers(head, heads, body, bound, context) ? evaluate(head, context) : undefined,
  );
  const yielded = heads.map((head, i) => {
    const what = moved[i]?.what;
    return what?.kind === "unify" ? what.left : head;
  });
  const whole = [...body, ...moved.filter((expr) => expr !== undefined)];
  const ordered = orderBody(whole, inner, around, context);
  const outputs = new Set<string>();
  const known: Bound = { has: (name) => isKnownName(name, inner, outputs) };
  bindRefs(yielded, inner, outputs);
  for (const term of yielded) noteUnbound([term], known, context.unsafe, term.at);
  for (const expr of whole) addLevel(expr, around);
  return { heads: yielded.map((head) => orderTerm(head, inner, around, context)), body: ordered };
}

/** `[xs[i] | i > 1]`, `[[i, xs[i]] | true]`: the body, or what is yielded, needs a variable that the references of the head alone bind. */
function bindsForOthers(
  head: Term,
  heads: readonly Term[],
  body: Body,
  bound: ReadonlySet<string>,
  context: Context,
): boolean {
  const names = boundByRefs(head);
  for (const name of names) if (bound.has(name)) names.delete(name);
  if (names.size === 0) return false;
  const mentioned = new Set<string>();
  for (const expr of body) eachDeepTerm(expr, (term) => addVariable(term, mentioned));
  const needed = [...names].filter((name) => {
    return mentioned.has(name) || heads.some((each) => needsBeside(each, new Set([name])));
  });
  if (needed.length === 0) return false;
  const known = new Set(bound);
  for (let before = -1; before !== known.size; ) {
    before = known.size;
    for (const expr of body) for (const name of outputsOf(expr, known, context.arity)) known.add(name);
  }
  return needed.some((name) => !known.has(name));
}

function noteUnbound(terms: readonly Term[], known: Bound, unsafe: Unsafe, place: Location, hint?: string): void {
  for (const term of terms) {
    if (closureOfTerm(term) !== undefined) continue;
    if (term.kind === "var" && !known.has(term.name)) {
      noteUnsafe(unsafe, hint === undefined ? { variable: term, place } : { variable: term, place, hint });
    }
    noteUnbound(subterms(term), known, unsafe, place, hint);
  }
}

function copyOf(names: ReadonlySet<string>): ReadonlySet<string> {
  return names.size === 0 ? NOTHING : new Set(names);
}

const NOTHING: ReadonlySet<string> = new Set();
