/**
 * What a rule reads of input and base documents is read before its body asks other rules: OPA's
 * rule index leaves out a rule that misses what it reads, or finds another value than the constant
 * it is compared with, so that no conflict in a rule that the body asks earlier is ever met.
 *
 * Only bodies that ask something which can fail are touched. A reference becomes a variable that
 * an equation in front binds; a comparison with a constant moves as a whole. Of the operands of `and`
 * what they read is asked in front as well, of those of `or` that what one of them compares holds.
 * Like the index it leaves closures, `not` and `with` alone, and bodies that print.
 */
import type { Body, Expr, Head, Rule, Term, What } from "../resolved/ast.ts";
import { isScalar } from "../syntax/ground.ts";
import { linksOf, toChain } from "../syntax/rule-links.ts";
import { noneOf, textTest, wideTest } from "./constant-tests.ts";
import { freshVar } from "./context.ts";
import type { Asked, IndexPath } from "./index-levels.ts";
import { type Failing, mayRuleFail } from "./may-fail.ts";
import {
  type Asking,
  isConstantTest,
  keyTest,
  listTest,
  makeTest,
  memberTest,
  partTest,
  type Test,
  valuesOf,
} from "./read-tests.ts";
import {
  constantOfPart,
  constantsOf,
  noteConstant,
  noteRead,
  readKey,
  replaceReads,
  replaceSide,
  resolveRef,
} from "./reads.ts";
import { type Kept, settleTests, splitTests } from "./settle-tests.ts";
import { eachVariable, mapWhat } from "./tree.ts";
import { eachDeepTerm } from "./tree-deep.ts";
import { eachPart } from "./tree-parts.ts";

export type Reading = Failing & Pick<Asking, "generator" | "asksKeys">;

/** The rule with its `else` links; `paths` is how the index asks each. */
export function readFirst(rule: Rule, reading: Reading, paths: readonly (IndexPath | undefined)[] = []): Rule {
  const links = linksOf(rule).map((link, i) =>
    mayRuleFail(link, reading) ? hoistReads(link, reading, paths[i]) : link,
  );
  return toChain(links);
}

/** What the index asks of the rule: where it does not hold, the rule is left out. */
export function needsOf(rule: Rule, reading: Reading, path?: IndexPath): Body {
  if (rule.body.some(prints)) return [];
  const { reads, tests } = hoist(rule, reading, path);
  return [...reads, ...tests];
}

/** What the rule reads of input, base documents and its parameters, and compares with constants. */
export function askedBy(rule: Rule, reading: Reading): readonly Asked[] {
  return rule.body.some(prints) ? [] : hoist(rule, reading).asked;
}

function hoistReads(rule: Rule, reading: Reading, path?: IndexPath): Rule {
  const { head, body } = rule;
  if (body.some(prints)) return rule;
  const { reads, tests, rest, value } = hoist(rule, reading, path);
  if (reads.length === 0 && tests.length === 0) return rule;
  const front = [...reads, ...tests];
  if (!head.isSet || value === head.value) return { ...rule, head: { ...head, value }, body: [...front, ...rest] };
  // A member that is asked for is compared with what the body has found, not with what was read in front of it.
  const member = freshVar(reading.generator, value.at);
  const what: What = { kind: "unify", at: value.at, left: member, right: value };
  const last: Expr = { kind: "expr", at: value.at, isNegated: false, what, with: [] };
  return { ...rule, head: { ...head, value: member }, body: [...front, ...rest, last] };
}

type Hoisted = {
  readonly reads: Body;
  readonly tests: Body;
  readonly rest: Body;
  readonly value: Term;
  readonly asked: readonly Asked[];
};

/** All is asked, and nothing split. */
const PLAIN_PATH: Partial<IndexPath> & Pick<IndexPath, "unasked"> = { unasked: new Set() };

function hoist(rule: Rule, reading: Reading, { unasked, splits } = PLAIN_PATH): Hoisted {
  const { head, body } = rule;
  const parameters = parametersOf(rule);
  const known = new Set([...parameters].flatMap(([name, key]) => (unasked.has(key) ? [] : [name])));
  const hoist: Hoist = {
    ...reading,
    ...{ variables: new Map(), reads: [], tests: [], aliases: new Map(), sources: new Map(), asked: [], unasked },
    ...{
      known,
      parameters,
      given: givenBy(head),
      mentioned: new Set(parameters.keys()),
      constants: constantsOf(body),
      before: new Map<string, Term>(),
    },
    settled: new Set(),
  };
  const rest = body.flatMap((expr) => hoistExpr(hoist, expr));
  const value = replaceReads(hoist, head.value);
  const split = (group: readonly Test[], about: string): readonly Test[] =>
    splits === undefined ? group : splitTests(group, splits.get(keyOf(hoist, about) ?? "") ?? [], hoist.generator);
  const settled = settleTests(hoist.tests, rest, split);
  return { reads: hoist.reads, ...settled, value, asked: hoist.asked };
}

/** Variables that have a value before the body: of arguments, and where a key or member of the document is asked for. */
function givenBy({ ref, args = [], value, isSet }: Head): ReadonlySet<string> {
  const names = new Set<string>();
  for (const term of [...ref, ...args, ...(isSet ? [value] : [])]) {
    eachVariable(term, ({ name }) => void names.add(name));
  }
  return names;
}

type Hoist = Asking & {
  /** Comparisons with constants, and other names of what was read: behind the reads. */
  readonly tests: Test[];
  /** Of the constants, those that the lines before give. */
  readonly before: Map<string, Term>;
  /** What the head gives before the body: an equation with it is a test, and stays where it is. */
  readonly given: ReadonlySet<string>;
  /** Of those with a constant, the ones that have got it where a reference bound them. */
  readonly settled: Set<string>;
};

/** By name, as the index knows them. */
function parametersOf({ head }: Rule): ReadonlyMap<string, string> {
  return new Map((head.args ?? []).flatMap((arg, i) => (arg.kind === "var" ? [[arg.name, `args[${i}]`]] : [])));
}

function hoistExpr(hoist: Hoist, expr: Expr): readonly Kept[] {
  if (isJoined(expr)) {
    hoistOperands(hoist, expr.what.body);
    return [expr];
  }
  if (isEither(expr)) {
    const either = eitherTest(hoist, expr);
    if (either !== undefined) hoist.tests.push({ ...makeTest(hoist, expr, [either]), about: undefined });
    return [expr];
  }
  const { asked, tests } = hoist;
  const [askedBefore, testsBefore] = [asked.length, tests.length];
  const reading = withConstants(hoist, expr);
  const isNamed = isNewName(reading, expr);
  const replaced = isNamed ? expr : replaceInExpr(reading, expr);
  noteConstant(hoist.before, expr);
  const isSame = replaced === expr && !isNamed;
  const bound = isSame || hoist.constants.size === 0 ? [] : constantsBoundBy(hoist, expr);
  if (isNamed) return bound;
  const kept = keepExpr(hoist, expr, replaced);
  for (const test of tests.slice(testsBefore)) noteTest(hoist, test, askedBefore);
  return [...bound, ...kept];
}

type Joined = Expr & { readonly what: Extract<What, { readonly kind: "body" }> };

/** `a and b` is a body of its operands: each must hold, and so the index asks what they read. */
function isJoined(expr: Expr): expr is Joined {
  return expr.what.kind === "body" && !expr.isNegated && expr.with.length === 0;
}

/** Operands stay as they are, and what they bind is theirs. */
function hoistOperands(hoist: Hoist, operands: Body): void {
  for (const operand of operands) hoistExpr(hoist, operand);
}

/** `a or b` is a negated body of negated operands. */
function isEither(expr: Expr): expr is Joined {
  return expr.what.kind === "body" && expr.isNegated && expr.with.length === 0 && expr.what.logical?.word === "or";
}

/**
 * One of the operands holds what it compares; undefined where one of them compares nothing that the index knows: what is
 * read and not compared it asks of the whole rule alone.
 */
function eitherTest(hoist: Hoist, { at, what }: Joined): Expr | undefined {
  const refused: Expr[] = [];
  for (const operand of what.body) {
    const own: Hoist = {
      ...hoist,
      ...{ variables: new Map(hoist.variables), aliases: new Map(hoist.aliases), sources: new Map(hoist.sources) },
      ...{ known: new Set(hoist.known), mentioned: new Set(hoist.mentioned), reads: [], tests: [], asked: [] },
    };
    hoistOperands(own, operand.what.kind === "body" ? operand.what.body : []);
    const { tests } = settleTests(own.tests, [], (group) => group);
    if (own.tests.every(({ about, original }) => about === undefined && !isEither(original))) return undefined;
    const asked = new Set<string>();
    for (const test of tests) noteMentioned(test, asked);
    const reads = own.reads.filter((read) => read.what.kind === "unify" && isNamed(read.what.left, asked));
    refused.push(noneOf(at, [...reads, ...tests]));
  }
  return noneOf(at, refused);
}

function isNamed(term: Term, names: ReadonlySet<string>): boolean {
  return term.kind === "var" && names.has(term.name);
}

/** Of what is compared with a constant the index knows all constants, of what is read alone those of the lines before it. */
function withConstants(hoist: Hoist, { what }: Expr): Hoist {
  const { constants, before } = hoist;
  if (constants.size === before.size) return hoist;
  const isConstant = (side: Term): boolean => isScalar((side.kind === "var" && before.get(side.name)) || side);
  if (what.kind === "unify" && (isConstant(what.left) || isConstant(what.right))) return hoist;
  return { ...hoist, constants: before };
}

/** As the index knows what a variable stands for. */
function keyOf(hoist: Hoist, about: string): string | undefined {
  const source = hoist.sources.get(about);
  return hoist.parameters.get(about) ?? (source && readKey(hoist, source));
}

/** An equation reads what it compares no second time. */
function noteTest(hoist: Hoist, test: Test, start: number): void {
  const { asked, parameters } = hoist;
  const values = valuesOf(test);
  const { about } = test;
  if (about === undefined || values.length === 0) return;
  const parameter = parameters.get(about);
  const key = keyOf(hoist, about);
  if (key === undefined) return;
  const found = asked.findIndex((each, i) => i >= start && each.key === key && each.values.length === 0);
  const at = asked[found]?.at ?? (parameter === undefined ? test.at : undefined);
  const isEquation = test.original.what.kind === "unify" && found >= 0;
  asked.splice(isEquation ? found : asked.length, isEquation ? 1 : 0, { key, at, values });
}

/** The brackets of a reference bind a variable that has its constant further on only: without the reference an equation does. */
function constantsBoundBy(hoist: Hoist, expr: Expr): Body {
  const { mentioned, settled } = hoist;
  const bound: Expr[] = [];
  eachPart(expr, (term) => {
    if (term.kind !== "ref") return;
    for (const part of term.path) {
      const value = constantOfPart(hoist, term, part);
      if (part.kind !== "var" || value === undefined) continue;
      if (mentioned.has(part.name) || settled.has(part.name)) continue;
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
  const wide = wideTest(replaced, hoist.generator);
  const test = makeTest(hoist, replaced, [...textTest(replaced), wide ?? replaced]);
  hoist.tests.push(isConstant ? test : { ...test, about: undefined });
  return wide === undefined ? [test] : [replaced];
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
  noteRead(hoist, key, source);
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

function prints(expr: Expr): boolean {
  return expr.what.kind === "call" && expr.what.operator.path.join(".") === "internal.print";
}
