/**
 * What a rule reads of input and base documents is read before its body asks other rules: OPA's
 * rule index leaves out a rule that misses what it reads, or finds another value than the constant
 * it is compared with, so that no conflict in a rule that the body asks earlier is ever met.
 *
 * Only bodies that ask something which can fail are touched. A reference becomes a variable that
 * an equation in front binds; a comparison with a constant moves as a whole. Like the index it
 * leaves closures, `not` and `with` alone, and bodies that print.
 */
import type { Location } from "@regomesh/base";
import type { Body, Expr, Head, Rule, Term, What } from "../resolved/ast.ts";
import { isGround, isScalar } from "../syntax/ground.ts";
import { printTermPath } from "../syntax/print-term.ts";
import {
  AFFIX_TESTS,
  affixTest,
  askedOf,
  hasTexts,
  isPlainGlob,
  LIST_TESTS,
  membersOf,
  noneOf,
  shapeTest,
  textTest,
} from "./constant-tests.ts";
import { freshVar, type Generator } from "./context.ts";
import { type Failing, isVirtual, mayRuleFail } from "./may-fail.ts";
import { eachTerm, mapSubterms, mapWhat, termsOfWhat } from "./tree.ts";
import { eachDeepTerm } from "./tree-deep.ts";
import { eachPart } from "./tree-parts.ts";

export type Reading = Failing & {
  readonly generator: Generator;
  /** Collections are asked for their keys: where all rules of the path are looked at, not the first that holds. */
  readonly asksKeys: boolean;
};

/** The rule with its `else` links. */
export function readFirst(rule: Rule, reading: Reading): Rule {
  const links: Rule[] = [];
  for (let link: Rule | undefined = rule; link !== undefined; link = link.else) {
    links.push(mayRuleFail(link, reading) ? hoistReads(link, reading) : link);
  }
  return links.reduceRight<Rule | undefined>(
    (rest, link) => (link.else === rest ? link : { ...link, else: rest }),
    undefined,
  ) as Rule;
}

/** What the index asks of the rule: where it does not hold, the rule is left out. */
export function needsOf(rule: Rule, reading: Reading): Body {
  if (rule.body.some(prints)) return [];
  const { reads, tests } = hoist(rule, reading);
  return [...reads, ...tests];
}

function hoistReads(rule: Rule, reading: Reading): Rule {
  const { head, body } = rule;
  if (body.some(prints)) return rule;
  const { reads, tests, rest, value } = hoist(rule, reading);
  if (reads.length === 0 && tests.length === 0) return rule;
  const front = [...reads, ...tests];
  if (!head.isSet || value === head.value) return { ...rule, head: { ...head, value }, body: [...front, ...rest] };
  // A member that is asked for is compared with what the body has found, not with what was read in front of it.
  const member = freshVar(reading.generator, value.at);
  const what: What = { kind: "unify", at: value.at, left: member, right: value };
  const last: Expr = { kind: "expr", at: value.at, isNegated: false, what, with: [] };
  return { ...rule, head: { ...head, value: member }, body: [...front, ...rest, last] };
}

type Hoisted = { readonly reads: Body; readonly tests: Body; readonly rest: Body; readonly value: Term };

function hoist(rule: Rule, reading: Reading): Hoisted {
  const { head, body } = rule;
  const known = parametersOf(rule);
  const hoist: Hoist = {
    ...reading,
    ...{ variables: new Map(), reads: [], tests: [], aliases: new Map(), sources: new Map() },
    ...{
      known,
      parameters: parametersOf(rule),
      given: givenBy(head),
      mentioned: new Set(known),
      constants: constantsOf(body),
    },
    settled: new Set(),
  };
  const rest = body.flatMap((expr) => hoistExpr(hoist, expr));
  const value = replaceReads(hoist, head.value);
  return { reads: hoist.reads, ...settleTests(hoist.tests, rest), value };
}

/** What is asked of one value in several tests need hold in one of them only: all stay where they are, too. */
function settleTests(tests: readonly Test[], rest: readonly Kept[]): Pick<Hoisted, "tests" | "rest"> {
  const about = (test: Test): readonly Test[] =>
    test.about === undefined ? [test] : tests.filter((other) => other.about === test.about);
  const front = tests.flatMap((test): Body => {
    const group = about(test);
    if (group.length === 1) return test.body;
    if (group.some(({ body }) => body.length === 0)) return [];
    return group[0] === test ? [anyOf(test.at, group)] : [];
  });
  const kept = rest.flatMap((each): Body => {
    if (each.kind === "expr") return [each];
    return about(each).length === 1 ? [] : [each.original];
  });
  return { tests: front, rest: kept };
}

/** `not { not a; not b }`. */
function anyOf(at: Location, tests: readonly Test[]): Expr {
  const none = tests.map(({ body }) => noneOf(at, body));
  return noneOf(at, none);
}

/** Variables that have a value before the body: of arguments, and where a key or member of the document is asked for. */
function givenBy({ ref, args = [], value, isSet }: Head): ReadonlySet<string> {
  const names = new Set<string>();
  for (const term of [...ref, ...args, ...(isSet ? [value] : [])]) {
    eachTerm(term, (part) => {
      if (part.kind === "var") names.add(part.name);
    });
  }
  return names;
}

/** What variables of a body stand for. */
type Named = {
  /** Variables that the body gives a constant: in brackets they are as good as that. */
  readonly constants: ReadonlyMap<string, Term>;
  /** What a variable is another name of. */
  readonly aliases: Map<string, string>;
  /** What the variables of reads were read from. */
  readonly sources: Map<string, Term>;
};

type Hoist = Named &
  Reading & {
    /** By the text of the reference. */
    readonly variables: Map<string, Term>;
    readonly reads: Expr[];
    /** Comparisons with constants, and other names of what was read: behind the reads. */
    readonly tests: Test[];
    /** Parameters, and variables that stand for a read. */
    readonly known: Set<string>;
    readonly parameters: ReadonlySet<string>;
    /** What the head gives before the body: an equation with it is a test, and stays where it is. */
    readonly given: ReadonlySet<string>;
    /** Variables of the expressions so far. */
    readonly mentioned: Set<string>;
    /** Of those with a constant, the ones that have got it where a reference bound them. */
    readonly settled: Set<string>;
  };

/**
 * `about` is the variable of the value that is asked; another name asks nothing. Of what has no `body` the index lets the
 * value be anything. `original` stands in the body where it is not moved.
 */
type Test = {
  readonly kind: "test";
  readonly at: Location;
  readonly about: string | undefined;
  readonly body: Body;
  readonly original: Expr;
};
/** What stays of an expression, or a test that has left the body. */
type Kept = Expr | Test;

function constantsOf(body: Body): ReadonlyMap<string, Term> {
  const constants = new Map<string, Term>();
  const note = (left: Term, right: Term): boolean => {
    const value = right.kind === "var" ? constants.get(right.name) : right;
    if (left.kind !== "var" || value === undefined || !isGround(value)) return false;
    constants.set(left.name, value);
    return true;
  };
  for (const { what, isNegated, with: modifiers } of body) {
    if (what.kind !== "unify" || isNegated || modifiers.length > 0) continue;
    if (!note(what.left, what.right)) note(what.right, what.left);
  }
  return constants;
}

/** A reference with the constants that its variables have in brackets, below what its own variable is a name of. */
function resolveRef({ constants, aliases, sources }: Named, term: Term): Term {
  if (term.kind !== "ref") return term;
  const known = (part: Term): Term => {
    const value = part.kind === "var" ? constants.get(part.name) : undefined;
    return value !== undefined && isScalar(value) ? value : part;
  };
  const path = constants.size === 0 ? term.path : term.path.map(known);
  const isSame = path.every((part, i) => part === term.path[i]);
  const { head } = term;
  const source = head.kind === "var" ? sources.get(aliases.get(head.name) ?? head.name) : undefined;
  if (source?.kind === "ref") return { ...term, head: source.head, path: [...source.path, ...path] };
  if (source !== undefined) return { ...term, head: source, path };
  return isSame ? term : { ...term, path };
}

function parametersOf({ head }: Rule): Set<string> {
  return new Set((head.args ?? []).flatMap((arg) => (arg.kind === "var" ? [arg.name] : [])));
}

function hoistExpr(hoist: Hoist, expr: Expr): readonly Kept[] {
  const isNamed = isNewName(hoist, expr);
  const replaced = isNamed ? expr : replaceInExpr(hoist, expr);
  const isSame = replaced === expr && !isNamed;
  const bound = isSame || hoist.constants.size === 0 ? [] : constantsBoundBy(hoist, expr);
  return isNamed ? bound : [...bound, ...keepExpr(hoist, expr, replaced)];
}

/** The brackets of a reference bind a variable that has its constant further on only: without the reference an equation does. */
function constantsBoundBy({ constants, given, mentioned, settled }: Hoist, expr: Expr): Body {
  const bound: Expr[] = [];
  eachPart(expr, (term) => {
    if (term.kind !== "ref") return;
    for (const part of term.path) {
      const value = part.kind === "var" ? constants.get(part.name) : undefined;
      if (part.kind !== "var" || value === undefined || !isScalar(value)) continue;
      if (given.has(part.name) || mentioned.has(part.name) || settled.has(part.name)) continue;
      settled.add(part.name);
      const what: What = { kind: "unify", at: part.at, left: part, right: value };
      bound.push({ kind: "expr", at: part.at, isNegated: false, what, with: [] });
    }
  });
  return bound;
}

function keepExpr(hoist: Hoist, expr: Expr, replaced: Expr): readonly Kept[] {
  const isRead = replaced !== expr;
  const isConstant = isRead && isConstantTest(hoist, replaced.what);
  const isMoved = isConstant || (isRead && isAlias(hoist, replaced.what));
  const further = [memberTest(hoist, expr), isRead ? listTest(hoist, replaced) : undefined];
  const keys = keyTest(hoist, expr);
  if (keys !== undefined) hoist.tests.push({ ...makeTest(hoist, keys, [keys]), about: undefined });
  for (const test of further) if (test !== undefined) hoist.tests.push(makeTest(hoist, test, [test]));
  const part = isMoved ? undefined : partTest(hoist, expr, replaced);
  if (part !== undefined) hoist.tests.push(part);
  noteMentioned(replaced, hoist.mentioned);
  if (!isMoved) return [replaced];
  const wide = affixTest(replaced, hoist.generator);
  const test = makeTest(hoist, replaced, [...textTest(replaced), wide ?? replaced]);
  hoist.tests.push(isConstant ? test : { ...test, about: undefined });
  return wide === undefined ? [test] : [replaced];
}

function makeTest({ known, aliases }: Hoist, original: Expr, body: Body): Test {
  const asked = termsOfWhat(original.what).find((term) => term.kind === "var" && known.has(term.name));
  const name = asked?.kind === "var" ? asked.name : undefined;
  return { kind: "test", at: original.at, about: aliases.get(name ?? "") ?? name, body, original };
}

/**
 * What the index asks of a test that stays where it is: `x := "a"; input.b == x` leaves the rule out where the value is not
 * "a", and of `input.a in [[{}, 1]]` it knows that it is a list of two, the second 1.
 */
function partTest(hoist: Hoist, expr: Expr, replaced: Expr): Test | undefined {
  const { at, what, isNegated, with: modifiers } = replaced;
  if (isNegated || modifiers.length > 0) return undefined;
  const named = namedWhat(hoist, expr.what, what);
  if (named === undefined) return undefined;
  const test: Expr = { ...replaced, what: named };
  if (isConstantTest(hoist, named)) return makeTest(hoist, test, testBody(hoist, test));
  const [value, members] = askedAndMembers(named);
  const asked = value?.kind === "var" && hoist.known.has(value.name) ? askedOf(members) : undefined;
  if (value === undefined || asked === undefined) return undefined;
  return makeTest(hoist, test, asked === "nothing" ? [] : [shapeTest(at, value, members, hoist.generator)]);
}

/** With the constants that variables have; of an equation where it has a reference, which is no name of a value. */
function namedWhat(hoist: Hoist, written: What, what: What): What | undefined {
  const resolve = (term: Term): Term => namedBefore(hoist, term);
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

function testBody({ generator }: Hoist, test: Expr): Body {
  return [...textTest(test), affixTest(test, generator) ?? test];
}

/** The constant that a variable has in an expression before, or the term itself. */
function namedBefore(hoist: Hoist, term: Term): Term {
  const isBefore = term.kind === "var" && !hoist.known.has(term.name) && hoist.mentioned.has(term.name);
  return isBefore ? (hoist.constants.get(term.name) ?? term) : term;
}

/**
 * `input.xs[_] == "a"` leaves the rule out where the value is no member, and so does `input.xs[input.i] == "a"`; the
 * iteration stays where it is.
 */
function memberTest(hoist: Hoist, { at, what, isNegated, with: modifiers }: Expr): Expr | undefined {
  if (what.kind !== "unify" || isNegated || modifiers.length > 0) return undefined;
  const { left, right } = what;
  const [given, other] = left.kind === "ref" ? [left, right] : [right, left];
  const [ref, value] = [resolveRef(hoist, given), namedBefore(hoist, other)];
  if (ref.kind !== "ref" || !isScalar(value) || !LAST_KINDS.has(ref.path.at(-1)?.kind)) return undefined;
  const collection: Term = ref.path.length === 1 ? ref.head : { ...ref, path: ref.path.slice(0, -1) };
  if (readKey(hoist, collection) === undefined) return undefined;
  const operator = { at, path: ["internal", "member_2"] };
  const test: What = { kind: "call", at, operator, args: [value, replaceReads(hoist, collection)] };
  return { kind: "expr", at, isNegated: false, what: test, with: [] };
}

/** `data.groups[input.id]` leaves the rule out where an object there has no such key; of a list the index asks nothing. */
function keyTest(hoist: Hoist, { at, what, isNegated, with: modifiers }: Expr): Expr | undefined {
  if (!hoist.asksKeys || isNegated || modifiers.length > 0) return undefined;
  const ref = what.kind === "term" && what.term.kind === "ref" ? what.term : undefined;
  if (ref?.head.kind !== "var" || ref.head.name !== "data" || ref.path.length < 1) return undefined;
  const key = replaceReads(hoist, ref.path.at(-1) as Term);
  const collection: Term = { ...ref, path: ref.path.slice(0, -1) };
  if (key.kind !== "var" || !hoist.known.has(key.name) || readKey(hoist, collection) === undefined) return undefined;
  const expr = (what: What, isNegated = false): Expr => ({ kind: "expr", at, isNegated, what, with: [] });
  const isObject: What = {
    ...{ kind: "call", at, operator: { at, path: ["is_object"] } },
    args: [replaceReads(hoist, collection)],
  };
  const found: Term = { ...ref, path: [...collection.path, key] };
  const present: What = { kind: "unify", at, left: freshVar(hoist.generator, at), right: found };
  return noneOf(at, [expr(isObject), expr(present, true)]);
}

const LAST_KINDS: ReadonlySet<Term["kind"] | undefined> = new Set(["var", "ref"]);

/** `[x, "a"] = input.pair` leaves the rule out where the value has another length, or something else than "a" there. */
function listTest({ known, generator }: Hoist, { at, what }: Expr): Expr | undefined {
  if (what.kind !== "unify") return undefined;
  const { left, right } = what;
  const [list, value] = left.kind === "array" ? [left, right] : [right, left];
  if (list.kind !== "array" || value.kind !== "var" || !known.has(value.name) || !isFlat(list)) return undefined;
  const items = list.items.map((item) => (isScalar(item) ? item : freshVar(generator, item.at)));
  const test: What = { kind: "unify", at, left: { ...list, items }, right: value };
  return { kind: "expr", at, isNegated: false, what: test, with: [] };
}

function replaceInExpr(hoist: Hoist, expr: Expr): Expr {
  if (expr.isNegated || expr.with.length > 0) return expr;
  const { what } = expr;
  if (what.kind === "every") return { ...expr, what: { ...what, domain: replaceReads(hoist, what.domain) } };
  if (what.kind === "unify") {
    const { left, right } = what;
    const [first, second] = [replaceSide(hoist, left, right), replaceSide(hoist, right, left)];
    return { ...expr, what: { ...what, left: first, right: second } };
  }
  return { ...expr, what: mapWhat(what, (term) => replaceReads(hoist, term)) };
}

/** `x := input.a`, where nothing bound x before, is the equation that reads. */
function isNewName(hoist: Hoist, expr: Expr): boolean {
  const { variables, known, given, mentioned, reads } = hoist;
  const { what } = expr;
  if (what.kind !== "unify" || expr.isNegated || expr.with.length > 0) return false;
  const { left, right } = what;
  const key = readKey(hoist, right);
  if (left.kind !== "var" || given.has(left.name)) return false;
  if (key === undefined || mentioned.has(left.name) || variables.has(key)) return false;
  variables.set(key, left);
  known.add(left.name);
  mentioned.add(left.name);
  const source = resolveRef(hoist, right);
  hoist.sources.set(left.name, source);
  reads.push({ ...expr, what: { ...what, right: source } });
  return true;
}

function noteMentioned(expr: Expr, mentioned: Set<string>): void {
  eachDeepTerm(expr, (term) => {
    if (term.kind === "var") mentioned.add(term.name);
  });
}

/** `x := input.a` behind the replacement, where nothing bound x before: it is as well known as what it stands for. */
function isAlias(hoist: Hoist, what: What): boolean {
  const { known, given, mentioned } = hoist;
  if (what.kind !== "unify") return false;
  const { left, right } = what;
  if (left.kind === "var" && given.has(left.name)) return false;
  if (left.kind !== "var" || right.kind !== "var" || !known.has(right.name) || mentioned.has(left.name)) return false;
  known.add(left.name);
  hoist.aliases.set(left.name, hoist.aliases.get(right.name) ?? right.name);
  return true;
}

/** A known variable beside a constant. */
function isConstantTest({ known, parameters, aliases }: Hoist, what: What): boolean {
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
  if (name === "glob.match") return third !== undefined && isKnown(third) && isPlainGlob(left, right);
  if (what.args.length !== 2 || left === undefined || right === undefined) return false;
  if (AFFIX_TESTS.has(name)) return isRead(left) && isScalar(right);
  if (LIST_TESTS.has(name)) return isRead(left) && hasTexts(right);
  if (name !== "internal.member_2") return false;
  return (isKnown(left) && askedOf(membersOf(right)) === "all") || (isScalar(left) && isRead(right));
}

function replaceReads(hoist: Hoist, term: Term): Term {
  const key = readKey(hoist, term);
  if (key === undefined) return replaceParts(hoist, term);
  const before = hoist.variables.get(key);
  if (before !== undefined) return { ...before, at: term.at };
  const variable = freshVar(hoist.generator, term.at);
  hoist.variables.set(key, variable);
  hoist.known.add(variable.name);
  const source = resolveRef(hoist, term);
  hoist.sources.set(variable.name, source);
  const what: What = { kind: "unify", at: term.at, left: variable, right: source };
  hoist.reads.push({ kind: "expr", at: term.at, isNegated: false, what, with: [] });
  return variable;
}

/** In the parts of a term, which is the same one where nothing is read; the root of a reference is no read of its own. */
function replaceParts(hoist: Hoist, term: Term): Term {
  const isRef = term.kind === "ref";
  let isSame = true;
  const mapped = mapSubterms(term, (part) => {
    const other = isRef && isRootVar(part) ? part : replaceReads(hoist, part);
    if (other !== part) isSame = false;
    return other;
  });
  return isSame ? term : mapped;
}

/** A reference beside another one, or beside a value that is not flat, is none of the index's; what it reads below is. */
function replaceSide(hoist: Hoist, side: Term, other: Term): Term {
  const isRef = side.kind === "ref";
  return isRef && !isFlat(other) ? replaceParts(hoist, side) : replaceReads(hoist, side);
}

function isFlat(term: Term): boolean {
  if (term.kind === "array") return term.items.every((item) => isScalar(item) || FLAT_KINDS.has(item.kind));
  return isScalar(term) || term.kind === "var" || term.kind === "call-term";
}

const FLAT_KINDS: ReadonlySet<Term["kind"]> = new Set(["var", "ref", "call-term"]);

function isRootVar(term: Term): boolean {
  return term.kind === "var" && (term.name === "input" || term.name === "data");
}

/** A text for a reference of constants into input or a base document; undefined for any other term. */
function readKey(hoist: Named & Pick<Reading, "root">, given: Term): string | undefined {
  const term = resolveRef(hoist, given);
  if (term.kind === "var") return term.name === "input" ? "input" : undefined;
  if (term.kind !== "ref" || !isRootVar(term.head) || !term.path.every(isScalar)) return undefined;
  const isInput = term.head.kind === "var" && term.head.name === "input";
  if (!isInput && isVirtual(hoist.root, term.path)) return undefined;
  return `${isInput ? "input" : "data"}${printTermPath(term.path)}`;
}

function prints(expr: Expr): boolean {
  return expr.what.kind === "call" && expr.what.operator.path.join(".") === "internal.print";
}
