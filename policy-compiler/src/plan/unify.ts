/**
 * `left = right`. Both sides may hold variables that the other side binds, at any depth,
 * so an equation is taken apart into smaller ones, and those that can be planned go first.
 */
import type { IrOperand } from "../ir/policy.ts";
import type { Term } from "../resolved/ast.ts";
import { inInsertionOrder } from "../resolved/object-order.ts";
import { isComprehension, planMayEqual } from "./comprehended.ts";
import { isOutsideRules } from "./document.ts";
import { termKeys } from "./path.ts";
import { isBound, isReady, openVariables } from "./readiness.ts";
import { append, bool, dot, equal, fail, integer, local, newLocal, planTerm, type Site } from "./site.ts";
import { bindVariable } from "./variables.ts";

type Side = { readonly kind: "operand"; readonly operand: IrOperand } | Term;
/** `isWhole`: an expression as it stands, not a part of one. */
type Equation = { readonly left: Side; readonly right: Term; readonly isWhole?: true };

const NONE: readonly Equation[] = [];

export function planUnify(site: Site, left: Term, right: Term): void {
  solve(site, [{ left, right, isWhole: true }]);
}

/** Matches a value with a term, binding the term's variables. */
export function planUnifyOperand(site: Site, operand: IrOperand, term: Term): void {
  solve(site, [{ left: { kind: "operand", operand }, right: term }]);
}

/** The next equation is the last of `open`: the first that can be planned, in the order of the text. */
function solve(site: Site, equations: readonly Equation[]): void {
  const open = equations.toReversed();
  const awaited = awaitedBy(site, open);
  while (open.length > 0) {
    const last = open.length - 1;
    if (failsUnbound(site, open[last] as Equation, awaited)) {
      open.pop();
      continue;
    }
    // Most stand alone.
    const index = last === 0 ? 0 : open.findLastIndex((equation) => isSolvable(site, equation, awaited));
    const later = index < 0 || index === last ? NONE : open.splice(index + 1);
    const rest = step(site, open.pop() as Equation, awaited);
    for (let i = rest.length - 1; i >= 0; i--) open.push(rest[i] as Equation);
    for (let i = 0; i < later.length; i++) open.push(later[i] as Equation);
  }
}

/** The variables that plain terms of these equations will bind. */
function awaitedBy(site: Site, equations: readonly Equation[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (let i = 0; i < equations.length; i++) {
    const { left, right } = equations[i] as Equation;
    if (left.kind !== "operand") openVariables(left, names);
    openVariables(right, names);
  }
  names.forEach((name) => {
    if (isBound(site.variables, name)) names.delete(name);
  });
  return names;
}

/**
 * As in OPA a set and an object's keys are compared as they are when their turn comes, from left to right: with a variable
 * that nothing has bound by then they match nothing. What stands on the other side is evaluated.
 */
function failsUnbound(site: Site, { left, right }: Equation, awaited: ReadonlySet<string>): boolean {
  const isLeft = left.kind !== "operand" && comparesUnbound(site, left) && !isUnbound(site, right);
  if (!isLeft && !(comparesUnbound(site, right) && !isUnbound(site, left))) return false;
  const other = isLeft ? right : left;
  if (other.kind !== "operand" && isReady(site.variables, other, awaited)) planTerm(site, other);
  fail(site);
  // Nothing reads them any more.
  for (const name of openVariables(isLeft ? left : right))
    if (!isBound(site.variables, name)) bindVariable(site.variables, name, bool(true));
  return true;
}

function comparesUnbound(site: Site, term: Term): boolean {
  if (term.kind === "set") return isOpen(site, term);
  return term.kind === "object" && term.entries.some(([key]) => key.kind !== "string" && isOpen(site, key));
}

function isOpen(site: Site, term: Term): boolean {
  return [...openVariables(term)].some((name) => !isBound(site.variables, name));
}

function isUnbound(site: Site, side: Side): boolean {
  return side.kind === "var" && !isBound(site.variables, side.name);
}

/** One side has a value, and the other can be matched with it. */
function isSolvable(site: Site, { left, right }: Equation, awaited: ReadonlySet<string>): boolean {
  if (left.kind === "operand") return mayMatch(site, right, awaited);
  return (
    (left.kind === "array" && right.kind === "array") ||
    (left.kind === "object" && recordKeys(left, right) !== undefined) ||
    (isReady(site.variables, right, awaited) && mayMatch(site, left, awaited)) ||
    (isReady(site.variables, left, awaited) && mayMatch(site, right, awaited))
  );
}

/** It is a value, or it is bound or taken apart by one; a set and a call are neither. */
function mayMatch(site: Site, term: Term, awaited: ReadonlySet<string>): boolean {
  if (term.kind === "var" || term.kind === "array") return true;
  return isReady(site.variables, term, awaited) || isRecord(site, term, awaited);
}

/** Plans what can be planned of the equation and returns what is left of it. */
function step(site: Site, equation: Equation, awaited: ReadonlySet<string>): readonly Equation[] {
  const { left, right, isWhole = false } = equation;
  if (left.kind === "operand") return matchOperand(site, left.operand, right, awaited);
  if (left.kind === "array" && right.kind === "array") return pairItems(site, left.items, right.items);
  const entries = left.kind === "object" ? recordKeys(left, right) : undefined;
  if (entries !== undefined) return entries;
  if (isWhole && isReady(site.variables, left, awaited) && isReady(site.variables, right, awaited)) {
    // A reference is looked at before a comprehension, on whichever side it stands.
    const isRightFirst = isComprehension(left) && right.kind === "ref";
    const [first, second] = isRightFirst ? [right, left] : [left, right];
    const value = planTerm(site, first);
    if (!isOfDocument(site, first)) planMayEqual(site, value, second);
    equal(site, value, planTerm(site, second));
    return [];
  }
  if (isReady(site.variables, left, awaited) || !isReady(site.variables, right, awaited)) {
    // The pattern is matched in place: binding a variable costs nothing.
    return matchOperand(site, planTerm(site, left), right, awaited);
  }
  return matchOperand(site, planTerm(site, right), left, awaited);
}

function matchOperand(site: Site, operand: IrOperand, term: Term, awaited: ReadonlySet<string>): readonly Equation[] {
  if (term.kind === "var" && !isBound(site.variables, term.name)) {
    bindVariable(site.variables, term.name, operand);
    return [];
  }
  if (isReady(site.variables, term, awaited)) {
    equal(site, operand, planTerm(site, term));
    return [];
  }
  if (term.kind === "array") {
    append(site, { type: "IsArrayStmt", stmt: { source: operand } });
    checkLength(site, operand, term.items.length);
    return term.items.map((item, i) => ({
      left: { kind: "operand", operand: dot(site, operand, integer(site, i)) },
      right: item,
    }));
  }
  if (term.kind === "object") {
    append(site, { type: "IsObjectStmt", stmt: { source: operand } });
    checkLength(site, operand, term.entries.length);
    return inInsertionOrder(term.entries).map(([key, value]) => ({
      left: { kind: "operand", operand: dot(site, operand, planTerm(site, key)) },
      right: value,
    }));
  }
  equal(site, operand, planTerm(site, term));
  return [];
}

/** With a document that no rule makes it is compared the other way round (evalTree.finish): it is evaluated in any case. */
function isOfDocument(site: Site, term: Term): boolean {
  if (term.kind !== "ref" || term.head.kind !== "var" || term.head.name !== "data") return false;
  return isOutsideRules(site, termKeys(term.path));
}

function checkLength(site: Site, operand: IrOperand, length: number): void {
  const target = newLocal(site);
  append(site, { type: "LenStmt", stmt: { source: operand, target } });
  equal(site, local(target), integer(site, length));
}

function pairItems(site: Site, lefts: readonly Term[], rights: readonly Term[]): readonly Equation[] {
  if (lefts.length !== rights.length) {
    fail(site);
    return [];
  }
  return lefts.map((item, i) => ({ left: item, right: rights[i] as Term }));
}

/** An object whose keys can be planned can be matched, whatever its values are. */
function isRecord(site: Site, term: Term, awaited: ReadonlySet<string>): boolean {
  return term.kind === "object" && term.entries.every(([key]) => isReady(site.variables, key, awaited));
}

/** Two objects with the same constant keys, paired by key. */
function recordKeys(left: Extract<Term, { kind: "object" }>, right: Term): readonly Equation[] | undefined {
  if (right.kind !== "object") return undefined;
  if (left.entries.length !== right.entries.length) return undefined;
  const rights = new Map<string, Term>();
  for (const [key, value] of right.entries) {
    if (key.kind !== "string" || rights.has(key.value)) return undefined;
    rights.set(key.value, value);
  }
  const pairs: Equation[] = [];
  for (const [key, value] of inInsertionOrder(left.entries)) {
    const other = key.kind === "string" ? rights.get(key.value) : undefined;
    if (key.kind !== "string" || other === undefined) return undefined;
    rights.delete(key.value);
    pairs.push({ left: value, right: other });
  }
  return pairs;
}
