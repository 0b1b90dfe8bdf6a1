/** What OPA's rule index asks of a value that a body reads: the expressions that test it, or what the index knows of one. */
import type { Location } from "@regomesh/base";
import type { Body, Expr, Term, What } from "../resolved/ast.ts";
import { constantText } from "../syntax/constant-text.ts";
import { isScalar } from "../syntax/ground.ts";
import { printTerm } from "../syntax/print-term.ts";
import {
  AFFIX_TESTS,
  askedOf,
  type Glob,
  hasTexts,
  LIST_TESTS,
  type List,
  listOf,
  membersOf,
  noneOf,
  plainGlob,
  shapeTest,
  textTest,
  wideTest,
} from "./constant-tests.ts";
import { freshVar } from "./context.ts";
import type { IndexValue } from "./index-levels.ts";
import { isFlat, isRootVar, type Reader, readKey, replaceReads, resolveRef } from "./reads.ts";
import { termsOfWhat } from "./tree.ts";

/**
 * `about` is the variable of the value that is asked; another name asks nothing. Of what has no `body` the index lets the
 * value be anything. `original` stands in the body where it is not moved.
 */
export type Test = {
  readonly kind: "test";
  readonly at: Location;
  readonly about: string | undefined;
  readonly body: Body;
  readonly original: Expr;
};

/** What has been read so far, and what may be asked of it. */
export type Asking = Reader & {
  /** Collections are asked for their keys: where all rules of the path are looked at, not the first that holds. */
  readonly asksKeys: boolean;
  /** By name, as the index knows them. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Variables of the expressions so far. */
  readonly mentioned: Set<string>;
};

export function makeTest({ known, aliases }: Asking, original: Expr, body: Body): Test {
  const asked = termsOfWhat(original.what).find((term) => term.kind === "var" && known.has(term.name));
  const name = asked?.kind === "var" ? asked.name : undefined;
  return { kind: "test", at: original.at, about: aliases.get(name ?? "") ?? name, body, original };
}

/** What the test compares a value with, as the index keeps it. */
export function valuesOf({ original: { what } }: Test): readonly IndexValue[] {
  if (what.kind === "unify") {
    const { left, right } = what;
    return [wholeValue(left.kind === "var" ? right : left)];
  }
  if (what.kind !== "call") return [];
  const [left, right] = what.args as readonly [Term, Term];
  const name = what.operator.path.join(".");
  const glob = globOf(what);
  if (glob !== undefined) return [{ ...listValue(glob.list), delimiters: glob.delimiters }];
  const end = AFFIX_TESTS.get(name) ?? LIST_TESTS.get(name);
  if (end !== undefined) {
    const texts = right.kind === "string" ? [right] : membersOf(right);
    return texts.map((text) => ({ ...wholeValue(text), kind: end }));
  }
  if (name !== "internal.member_2") return [];
  return isScalar(left) ? [{ ...wholeValue(left), kind: "member" }] : membersOf(right).map(wholeValue);
}

function wholeValue(term: Term): IndexValue {
  const list = listOf(term)?.map((item) => item && constantText(item));
  return { kind: "whole", text: constantText(term) ?? printTerm(term), isScalar: isScalar(term), list };
}

function listValue(given: List): IndexValue {
  const list = given.map((item) => item && constantText(item));
  const text = list.includes(undefined) ? `glob ${JSON.stringify(list)}` : `[${list.join(",")}]`;
  return { kind: "whole", text, isScalar: false, list };
}

export function globOf(what: What): Glob | undefined {
  if (what.kind !== "call" || what.operator.path.join(".") !== "glob.match") return undefined;
  const [pattern, delimiters] = what.args;
  return plainGlob(pattern, delimiters);
}

/** A known variable beside a constant. */
export function isConstantTest({ known, parameters, aliases }: Asking, what: What): boolean {
  const isKnown = (term: Term): boolean => term.kind === "var" && known.has(term.name);
  // Of a parameter the index asks no affixes and no members.
  const isRead = (term: Term): boolean =>
    isKnown(term) && term.kind === "var" && !parameters.has(aliases.get(term.name) ?? term.name);
  if (what.kind === "unify") {
    const { left, right } = what;
    return (isKnown(left) && isScalar(right)) || (isKnown(right) && isScalar(left));
  }
  if (what.kind !== "call") return false;
  const [left, right, third] = what.args;
  const name = what.operator.path.join(".");
  if (name === "glob.match") return third !== undefined && isKnown(third) && globOf(what) !== undefined;
  if (what.args.length !== 2 || left === undefined || right === undefined) return false;
  if (AFFIX_TESTS.has(name)) return isRead(left) && isScalar(right);
  if (LIST_TESTS.has(name)) return isRead(left) && hasTexts(right);
  if (name !== "internal.member_2") return false;
  return (isKnown(left) && askedOf(membersOf(right)) === "all") || (isScalar(left) && isRead(right));
}

/**
 * What the index asks of a test that stays where it is: `x := "a"; input.b == x` leaves the rule out where the value is not
 * "a", and of `input.a in [[{}, 1]]` it knows that it is a list of two, the second 1.
 */
export function partTest(asking: Asking, expr: Expr, replaced: Expr): Test | undefined {
  const { at, what, isNegated, with: modifiers } = replaced;
  if (isNegated || modifiers.length > 0) return undefined;
  const named = namedWhat(asking, expr.what, what);
  if (named === undefined) return undefined;
  const test: Expr = { ...replaced, what: named };
  if (isConstantTest(asking, named)) return makeTest(asking, test, testBody(asking, test));
  const [value, members] = askedAndMembers(named);
  const asked = value?.kind === "var" && asking.known.has(value.name) ? askedOf(members) : undefined;
  if (value === undefined || asked === undefined) return undefined;
  return makeTest(asking, test, asked === "nothing" ? [] : [shapeTest(at, value, members, asking.generator)]);
}

/** With the constants that variables have; of an equation where it has a reference, which is no name of a value. */
function namedWhat(asking: Asking, written: What, what: What): What | undefined {
  const resolve = (term: Term): Term => namedBefore(asking, term);
  if (what.kind === "call") return what.args.length === 2 ? { ...what, args: what.args.map(resolve) } : undefined;
  if (what.kind !== "unify" || written.kind !== "unify") return undefined;
  const { left, right } = what;
  if (isReference(written.left) && right.kind === "var") return { ...what, right: resolve(right) };
  return isReference(written.right) && left.kind === "var" ? { ...what, left: right, right: resolve(left) } : undefined;
}

function isReference(term: Term): boolean {
  return term.kind === "ref" || isRootVar(term);
}

/** The value that is asked, and what it may be. */
function askedAndMembers(what: What): readonly [Term | undefined, readonly Term[]] {
  if (what.kind === "unify") return [what.left, [what.right]];
  const isMember = what.kind === "call" && what.operator.path.join(".") === "internal.member_2";
  return isMember ? [what.args[0], membersOf(what.args[1] as Term)] : [undefined, []];
}

function testBody({ generator }: Asking, test: Expr): Body {
  return [...textTest(test), wideTest(test, generator) ?? test];
}

/** The constant that a variable has in an expression before, or the term itself. */
function namedBefore(asking: Asking, term: Term): Term {
  const isBefore = term.kind === "var" && !asking.known.has(term.name) && asking.mentioned.has(term.name);
  return isBefore ? (asking.constants.get(term.name) ?? term) : term;
}

/**
 * `input.xs[_] == "a"` leaves the rule out where the value is no member, and so does `input.xs[input.i] == "a"`; the
 * iteration stays where it is.
 */
export function memberTest(asking: Asking, { at, what, isNegated, with: modifiers }: Expr): Expr | undefined {
  if (what.kind !== "unify" || isNegated || modifiers.length > 0) return undefined;
  const { left, right } = what;
  const [given, other] = left.kind === "ref" ? [left, right] : [right, left];
  const [ref, value] = [resolveRef(asking, given), namedBefore(asking, other)];
  if (ref.kind !== "ref" || !isScalar(value) || !LAST_KINDS.has(ref.path.at(-1)?.kind)) return undefined;
  const collection: Term = ref.path.length === 1 ? ref.head : { ...ref, path: ref.path.slice(0, -1) };
  if (readKey(asking, collection) === undefined) return undefined;
  const operator = { at, path: ["internal", "member_2"] };
  const test: What = { kind: "call", at, operator, args: [value, replaceReads(asking, collection)] };
  return { kind: "expr", at, isNegated: false, what: test, with: [] };
}

const LAST_KINDS: ReadonlySet<Term["kind"] | undefined> = new Set(["var", "ref"]);

/** `data.groups[input.id]` leaves the rule out where an object there has no such key; of a list the index asks nothing. */
export function keyTest(asking: Asking, { at, what, isNegated, with: modifiers }: Expr): Expr | undefined {
  if (!asking.asksKeys || isNegated || modifiers.length > 0) return undefined;
  const ref = what.kind === "term" && what.term.kind === "ref" ? what.term : undefined;
  if (ref?.head.kind !== "var" || ref.head.name !== "data" || ref.path.length < 1) return undefined;
  const key = replaceReads(asking, ref.path.at(-1) as Term);
  const collection: Term = { ...ref, path: ref.path.slice(0, -1) };
  if (key.kind !== "var" || !asking.known.has(key.name) || readKey(asking, collection) === undefined) return undefined;
  const expr = (what: What, isNegated = false): Expr => ({ kind: "expr", at, isNegated, what, with: [] });
  const isObject: What = {
    ...{ kind: "call", at, operator: { at, path: ["is_object"] } },
    args: [replaceReads(asking, collection)],
  };
  const found: Term = { ...ref, path: [...collection.path, key] };
  const present: What = { kind: "unify", at, left: freshVar(asking.generator, at), right: found };
  return noneOf(at, [expr(isObject), expr(present, true)]);
}

/** `[x, "a"] = input.pair` leaves the rule out where the value has another length, or something else than "a" there. */
export function listTest({ known, generator }: Asking, { at, what }: Expr): Expr | undefined {
  if (what.kind !== "unify") return undefined;
  const { left, right } = what;
  const [list, value] = left.kind === "array" ? [left, right] : [right, left];
  if (list.kind !== "array" || value.kind !== "var" || !known.has(value.name) || !isFlat(list)) return undefined;
  const items = list.items.map((item) => (isScalar(item) ? item : freshVar(generator, item.at)));
  const test: What = { kind: "unify", at, left: { ...list, items }, right: value };
  return { kind: "expr", at, isNegated: false, what: test, with: [] };
}
