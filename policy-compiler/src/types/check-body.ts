/**
 * Types in bodies, expression by expression in the order of evaluation. What an expression
 * evaluates first (calls, references and comprehensions in its terms) is checked first, and a
 * variable stands for it: the same order in which OPA's rewritten bodies have them.
 *
 * As in OPA the equations and calls inside `every` and inside bodies in braces are not checked:
 * only the references and comprehensions in them are.
 */
import type { Diagnostic, Location } from "@regomesh/base";
import type { Body, Expr, Term, What } from "../resolved/ast.ts";
import { isScalar } from "../syntax/ground.ts";
import { type Call, checkArguments, checkMembership } from "./check-arguments.ts";
import { checkRef } from "./check-refs.ts";
import { checkArities, checkReplacements, replaceTypes } from "./check-with.ts";
import type { Checker } from "./checker.ts";
import { equate, equateTypes } from "./infer.ts";
import { makeArrayType, makeObjectType, makeSetType } from "./make-type.ts";
import { printType } from "./print-type.ts";
import { ANY, hasUnknown, isUnknown, type RegoType, UNKNOWN } from "./type.ts";
import { type TypeEnv, typeOf } from "./type-env.ts";

/** Checks a body; its variables' types are in `env` afterwards. */
export function checkBody(body: Body, env: TypeEnv, checker: Checker): void {
  for (const expr of body) checkExpr(expr, env, checker);
}

function checkExpr(expr: Expr, around: TypeEnv, checker: Checker): void {
  const env = expr.with.length === 0 ? around : replaceTypes(expr, around, checker);
  const { what } = expr;
  switch (what.kind) {
    case "term":
      settleSide(settleCalls(what.term, env, checker), env, checker);
      break;
    case "call":
      checkCall(what, undefined, env, checker);
      break;
    case "unify":
      checkEquation(what, env, checker);
      break;
    case "every":
      checkDomain(what.domain, env, checker);
      checkInside(what.body, env, checker);
      break;
    case "body":
      checkInside(what.body, env, checker);
      break;
  }
  if (expr.with.length > 0) checkReplacements(expr, env, checker);
}

/** What is iterated stands in an equation of its own: a variable that nothing is known of may be anything from here on. */
function checkDomain(domain: Term, env: TypeEnv, checker: Checker): void {
  const settled = settle(domain, env, checker);
  equate(checker.stand(domain), settled, env);
}

/** The references and comprehensions of a body that is not checked itself, and how many arguments a replacement takes. */
function checkInside(body: Body, env: TypeEnv, checker: Checker): void {
  for (const { what, with: modifiers } of body) {
    checkArities(modifiers, env, checker);
    const terms = termsInside(what);
    for (const term of terms) checkPartsInside(term, env, checker);
    if (what.kind === "every" || what.kind === "body") checkInside(what.body, env, checker);
  }
}

function termsInside(what: What): readonly Term[] {
  switch (what.kind) {
    case "term":
      return [what.term];
    case "call":
      return what.args;
    case "unify":
      return [what.left, what.right];
    case "every":
      return [what.domain];
    default:
      return [];
  }
}

function checkPartsInside(term: Term, env: TypeEnv, checker: Checker): void {
  switch (term.kind) {
    case "ref": {
      for (const part of [term.head, ...term.path]) checkPartsInside(part, env, checker);
      // A variable stands for any other head, in an equation that is not checked: nothing is known of it here.
      if (term.head.kind !== "var") return;
      const { kind, at, head } = term;
      const path = term.path.map((part) => standInside(part, checker));
      reportFault(checkRef({ kind, at, head, path }, env, checker), checker);
      return;
    }
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      checkClosure(term, env, checker);
      return;
    case "array":
    case "set":
      for (const item of term.items) checkPartsInside(item, env, checker);
      return;
    case "object":
      for (const part of term.entries.flat()) checkPartsInside(part, env, checker);
      return;
    case "call-term":
      for (const arg of term.args) checkPartsInside(arg, env, checker);
      return;
    default:
      return;
  }
}

/** The part of a reference with a variable for what is evaluated first, of which nothing is known here. */
function standInside(part: Term, checker: Checker): Term {
  switch (part.kind) {
    case "call-term":
    case "ref":
      return checker.stand(part);
    case "array":
    case "set":
      return { ...part, items: part.items.map((item) => standInside(item, checker)) };
    case "object":
      return {
        ...part,
        entries: part.entries.map(([key, value]) => [standInside(key, checker), standInside(value, checker)] as const),
      };
    default:
      return isComprehension(part) ? checker.stand(part) : part;
  }
}

function reportFault(fault: Diagnostic | undefined, checker: Checker): boolean {
  if (fault !== undefined) checker.diagnostics.push(fault);
  return fault !== undefined;
}

type Equation = Extract<What, { kind: "unify" }>;

function checkEquation(what: Equation, env: TypeEnv, checker: Checker): void {
  const { left, right } = what;
  // f(x, y) was written as a call whose result has a name.
  if (left.kind === "call-term" && left.at === what.at) {
    checkCall(left, right, env, checker);
    return;
  }
  const first = settleCalls(left, env, checker);
  const second = settleCalls(right, env, checker);
  const a = settleSide(first, env, checker);
  const b = settleSide(second, env, checker);
  const typeA = typeOf(a.term, env);
  const typeB = typeOf(b.term, env);
  if (equateTypes(a.term, typeA, b.term, typeB, env)) return;
  // What is wrong with a side says more.
  if ((a.isWrong || b.isWrong) && (hasUnknown(typeA) || hasUnknown(typeB))) return;
  if ((a.isWrong && isCalledRule(left)) || (b.isWrong && isCalledRule(right))) return;
  reportMatch(what.at, typeA, typeB, checker);
}

function isCalledRule(term: Term): boolean {
  return term.kind === "ref" && term.isCalled === true;
}

function reportMatch(at: Location, left: RegoType, right: RegoType, checker: Checker): void {
  const message = `match error: left is ${printType(left)}, right is ${printType(right)}`;
  const isOfOneKind = left.kind === right.kind && ["array", "object", "set"].includes(left.kind);
  const hint = isOfOneKind
    ? `both are of kind ${left.kind}, but their types differ: they are never equal`
    : "the two sides are never equal";
  checker.diagnostics.push(checker.problem(at, message, hint));
}

type CallTerm = Extract<Term, { kind: "call-term" }>;

/** The type that a call gives; `result`: where that goes, in f(x, y). */
function checkCall(
  { operator, args, at }: Pick<CallTerm, "operator" | "args" | "at">,
  result: Term | undefined,
  env: TypeEnv,
  checker: Checker,
): RegoType {
  const given = result === undefined ? args : [...args, result];
  const fronted = settleAll(given, settleCalls, env, checker);
  const settled: Call = { operator, given: settleAll(fronted, settleRest, env, checker), count: args.length, at };
  const member = checkMembership(settled, env, checker);
  if (member !== undefined) {
    checker.diagnostics.push(member);
    return UNKNOWN;
  }
  const checked = checkArguments(settled, env, checker);
  reportFault(checked.fault, checker);
  return checked.result;
}

/** The term, whose calls are settled, with its parts settled; a reference or comprehension that is the term itself stays. */
function settleSide(term: Term, env: TypeEnv, checker: Checker): Side {
  if (term.kind === "ref") {
    const ref = settleRef(term, env, checker);
    return { term: ref, isWrong: reportFault(checkRef(ref, env, checker), checker) };
  }
  if (isComprehension(term)) return { term, isWrong: isUnknown(checkClosure(term, env, checker)) };
  return { term: settleRest(term, env, checker), isWrong: false };
}

type Side = { readonly term: Term; readonly isWrong: boolean };

/** The term with a variable for everything in it that is evaluated first. */
export function settle(term: Term, env: TypeEnv, checker: Checker): Term {
  return settleRest(settleCalls(term, env, checker), env, checker);
}

/** Calls, and what references read that is no variable, stand in front of all references and comprehensions. */
function settleCalls(term: Term, env: TypeEnv, checker: Checker): Term {
  switch (term.kind) {
    case "call-term":
      return standFor(term, checkCall(term, undefined, env, checker), env, checker);
    case "ref": {
      const path = settleAll(term.path, settleCalls, env, checker);
      const head = settleHead(term.head, env, checker);
      return path === term.path && head === term.head ? term : { ...term, head, path };
    }
    case "array":
    case "set": {
      const items = settleAll(term.items, settleCalls, env, checker);
      return items === term.items ? term : { ...term, items };
    }
    case "object":
      return settleEntries(term, settleCalls, env, checker);
    default:
      return term;
  }
}

function settleHead(head: Term, env: TypeEnv, checker: Checker): Term {
  if (head.kind === "var") return head;
  // Of what a scalar has nothing is said.
  if (isScalar(head)) return checker.stand(head);
  const settled = settle(head, env, checker);
  if (settled.kind === "var") return settled;
  const variable = checker.stand(head);
  equate(variable, settled, env);
  return variable;
}

/** The same once calls are settled. */
function settleRest(term: Term, env: TypeEnv, checker: Checker): Term {
  switch (term.kind) {
    case "ref": {
      const ref = settleRef(term, env, checker);
      reportFault(checkRef(ref, env, checker), checker);
      const type = typeOf(ref, env);
      // Of what is undefined, or not wholly known, nothing more is said.
      return standFor(ref, hasUnknown(type) ? ANY : type, env, checker);
    }
    case "array":
    case "set": {
      const items = settleAll(term.items, settleRest, env, checker);
      return items === term.items ? term : { ...term, items };
    }
    case "object":
      return settleEntries(term, settleRest, env, checker);
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      return standFor(term, checkClosure(term, env, checker), env, checker);
    default:
      return term;
  }
}

type Settle = (term: Term, env: TypeEnv, checker: Checker) => Term;

/** The same array where none of them changes: most are constants. */
function settleAll(terms: readonly Term[], settle: Settle, env: TypeEnv, checker: Checker): readonly Term[] {
  let settled: Term[] | undefined;
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    if (term.kind === "string") continue;
    const other = settle(term, env, checker);
    if (other === term) continue;
    settled ??= terms.slice();
    settled[i] = other;
  }
  return settled ?? terms;
}

function settleEntries(term: Extract<Term, { kind: "object" }>, settle: Settle, env: TypeEnv, checker: Checker): Term {
  const one = (part: Term): Term => settle(part, env, checker);
  const entries = term.entries.map(([key, value]) => [one(key), one(value)] as const);
  const isSame = entries.every(([key, value], i) => key === term.entries[i]?.[0] && value === term.entries[i]?.[1]);
  return isSame ? term : { ...term, entries };
}

type RefTerm = Extract<Term, { kind: "ref" }>;

function settleRef(ref: RefTerm, env: TypeEnv, checker: Checker): RefTerm {
  const path = settleAll(ref.path, settleRest, env, checker);
  return path === ref.path ? ref : { ...ref, path };
}

function standFor(term: Term, type: RegoType, env: TypeEnv, checker: Checker): Term {
  const variable = checker.stand(term);
  env.vars.set(variable.name, type);
  return variable;
}

type Comprehension = Extract<Term, { kind: "array-comprehension" | "set-comprehension" | "object-comprehension" }>;

function isComprehension(term: Term): term is Comprehension {
  return (
    term.kind === "array-comprehension" || term.kind === "set-comprehension" || term.kind === "object-comprehension"
  );
}

/** The type of a comprehension; unknown where something in it is wrong. */
function checkClosure(term: Comprehension, around: TypeEnv, checker: Checker): RegoType {
  const { length } = checker.diagnostics;
  const env: TypeEnv = { ...around, vars: new Map(), outer: around };
  checkBody(term.body, env, checker);
  const type = typeOfClosure(term, env, checker);
  const found = checker.diagnostics.length > length ? UNKNOWN : type;
  around.closures.set(term, found);
  return found;
}

function typeOfClosure(term: Comprehension, env: TypeEnv, checker: Checker): RegoType {
  const yielded = (part: Term): RegoType => typeOf(settleYield(part, env, checker), env);
  switch (term.kind) {
    case "array-comprehension":
      return makeArrayType([], yielded(term.value));
    case "set-comprehension":
      return makeSetType(yielded(term.value));
    case "object-comprehension": {
      const [key, value] = [settleYield(term.key, env, checker), settleYield(term.value, env, checker)];
      return makeObjectType([], { key: typeOf(key, env), value: typeOf(value, env) });
    }
  }
}

/**
 * What a head or a comprehension yields, as the body's last part. Where something in it is evaluated, the whole
 * stands in an equation: variables in it that nothing is known of may be anything.
 */
export function settleYield(term: Term, env: TypeEnv, checker: Checker): Term {
  const settled = settle(term, env, checker);
  if (settled === term || settled.kind === "var") return settled;
  const variable = checker.stand(term);
  equate(variable, settled, env);
  return variable;
}
