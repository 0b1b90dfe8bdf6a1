/**
 * Tests of a value against constants, as OPA's rule index knows them: which a value can be asked
 * for, and what the index asks of a value where that is less than the test.
 */
import type { Location } from "@regomesh/base";
import type { Body, Expr, Term, What } from "../resolved/ast.ts";
import { isScalar } from "../syntax/ground.ts";
import { freshVar, type Generator } from "./context.ts";

/** What the index asks where that is wider than the test, which stays where it is. */
export function wideTest(expr: Expr, generator: Generator): Expr | undefined {
  return globTest(expr) ?? affixTest(expr, generator);
}

/**
 * To the index any delimiter is as good as another, and one of several characters, which is an error of the call, as many
 * delimiters as it has characters.
 */
function globTest(expr: Expr): Expr | undefined {
  const { at, what } = expr;
  if (what.kind !== "call" || what.operator.path.join(".") !== "glob.match") return undefined;
  const [pattern, delimiters, text] = what.args;
  const given = globDelimiters(delimiters);
  if (given === undefined || pattern?.kind !== "string" || text === undefined) return undefined;
  const { characters, isEach } = given;
  if (isEach && characters.length < 2) return undefined;
  const items = characters.map((value): Term => ({ kind: "string", at, value }));
  const list: Term = items.length === 0 ? { kind: "null", at } : { kind: "array", at, items };
  const any = `{${characters.map((character) => `\\${character}`).join(",")}}`;
  const wide = [...pattern.value].map((character) => (characters.includes(character) ? any : character)).join("");
  return { ...expr, what: { ...what, args: [{ ...pattern, value: wide }, list, text] } };
}

/** The characters of the delimiters, and whether each of these is one. */
function globDelimiters(term: Term | undefined): { characters: readonly string[]; isEach: boolean } | undefined {
  if (term?.kind !== "array") return undefined;
  if (term.items.length === 0) return { characters: ["."], isEach: true };
  const texts: string[] = [];
  for (const item of term.items) {
    if (item.kind !== "string") return undefined;
    texts.push(item.value);
  }
  return { characters: [...texts.join("")], isEach: texts.every((text) => [...text].length === 1) };
}

/** The index tells the beginning of a text, and of the texts among the members of what holds any. The test stays where it is. */
function affixTest(expr: Expr, generator: Generator): Expr | undefined {
  const { at, what } = expr;
  const [asked, affix] = what.kind === "call" ? what.args : [];
  if (what.kind !== "call" || asked === undefined || affix === undefined) return undefined;
  const name = what.operator.path.join(".");
  if (!AFFIX_TESTS.has(name) && !LIST_TESTS.has(name)) return undefined;
  const plain = (what: What): Expr => ({ kind: "expr", at, isNegated: false, what, with: [] });
  const isAffixed = (text: Term): Body => [
    plain({ kind: "call", at, operator: { at, path: ["is_string"] }, args: [text] }),
    plain({ ...what, args: [text, affix] }),
  ];
  const member = freshVar(generator, at);
  const found: Term = { kind: "ref", at, head: asked, path: [freshVar(generator, at)] };
  const ofMember = [plain({ kind: "unify", at, left: member, right: found }), ...isAffixed(member)];
  return noneOf(at, [noneOf(at, isAffixed(asked)), noneOf(at, ofMember)]);
}

/** What no glob is matched with, which would be an error, leaves the rule out, too: nothing of its body was in error. */
export function textTest({ at, what }: Expr): Body {
  const text = what.kind === "call" && what.operator.path.join(".") === "glob.match" ? what.args[2] : undefined;
  if (text === undefined) return [];
  const test: What = { kind: "call", at, operator: { at, path: ["is_string"] }, args: [text] };
  return [{ kind: "expr", at, isNegated: false, what: test, with: [] }];
}

/** The end of a text that a test asks. */
export type End = "prefix" | "suffix";

export const AFFIX_TESTS: ReadonlyMap<string, End> = new Map([
  ["startswith", "prefix"],
  ["endswith", "suffix"],
]);

export const LIST_TESTS: ReadonlyMap<string, End> = new Map([
  ["strings.any_prefix_match", "prefix"],
  ["strings.any_suffix_match", "suffix"],
]);

/** The beginnings or ends of a list test: a text, or texts alone. */
export function hasTexts(term: Term): boolean {
  if (term.kind === "string") return true;
  if (term.kind !== "array" && term.kind !== "set") return false;
  return term.items.length > 0 && term.items.every(({ kind }) => kind === "string");
}

/** Members of a list or a set, values of an object. */
export function membersOf(term: Term): readonly Term[] {
  if (term.kind === "object") return term.entries.map(([, value]) => value);
  return term.kind === "array" || term.kind === "set" ? term.items : [];
}

/**
 * How much of it the index asks, that a value is one of some: all, where these are scalars and lists of scalars; part, where
 * lists hold anything else; nothing, where an object or a set is among them. Undefined where it does not read the question:
 * one of them is no value yet, or there is none.
 */
export function askedOf(members: readonly Term[]): "all" | "part" | "nothing" | undefined {
  if (members.length === 0 || !members.every((member) => isScalar(member) || COMPOSITES.has(member.kind)))
    return undefined;
  if (members.some(({ kind }) => kind === "object" || kind === "set")) return "nothing";
  return members.every((member) => isScalar(member) || membersOf(member).every(isScalar)) ? "all" : "part";
}

const COMPOSITES: ReadonlySet<Term["kind"]> = new Set(["array", "object", "set"]);

/** That a value is one of scalars and lists, of which the index knows the length and what is scalar in them. */
export function shapeTest(at: Location, value: Term, members: readonly Term[], generator: Generator): Expr {
  const shapes = members.map((member): Expr => {
    const right: Term = member.kind === "array" ? { ...member, items: member.items.map(knownIn(generator)) } : member;
    return { kind: "expr", at, isNegated: false, what: { kind: "unify", at, left: value, right }, with: [] };
  });
  const [only] = shapes;
  return shapes.length === 1 && only !== undefined
    ? only
    : noneOf(
        at,
        shapes.map((shape) => noneOf(at, [shape])),
      );
}

function knownIn(generator: Generator): (item: Term) => Term {
  return (item) => (isScalar(item) ? item : freshVar(generator, item.at));
}

/** A list as the index compares with it: the members that are scalars; of the others it knows that they are there. */
export type List = readonly (Term | undefined)[];

export function listOf(term: Term): List | undefined {
  return term.kind === "array" ? term.items.map((item) => (isScalar(item) ? item : undefined)) : undefined;
}

/** What the index makes of a glob. */
export type Glob = {
  readonly list: List;
  /** Each a character. */
  readonly delimiters: string;
};

/** Between its delimiters the pattern has texts, or `*` alone: what is less plain the index does not read. */
export function plainGlob(pattern: Term | undefined, delimiters: Term | undefined): Glob | undefined {
  const given = globDelimiters(delimiters);
  if (pattern?.kind !== "string" || given === undefined) return undefined;
  let parts = [pattern.value];
  for (const character of given.characters) parts = parts.flatMap((part) => part.split(character));
  if (!parts.every((part) => part === "*" || !/[[?{*\\]/.test(part))) return undefined;
  const list = parts.map((value): Term | undefined =>
    value === "*" ? undefined : { kind: "string", at: pattern.at, value },
  );
  return { list, delimiters: given.characters.join("") };
}

/** That a text is a list once the delimiters of a glob part it; undefined where no text can be. */
export function splitTest(at: Location, value: Term, list: List, delimiters: string): Body | undefined {
  const characters = [...delimiters];
  const parts: string[] = [];
  for (const item of list) {
    if (item !== undefined && item.kind !== "string") return undefined;
    if (item !== undefined && characters.some((character) => item.value.includes(character))) return undefined;
    parts.push(item === undefined ? "*" : item.value.replace(/[\\*?[\]{}!,-]/g, "\\$&"));
  }
  if (parts.length === 0 || (parts.length > 1 && characters.length === 0)) return undefined;
  const any = `{${characters.map((character) => `\\${character}`).join(",")}}`;
  const text = (value: string): Term => ({ kind: "string", at, value });
  const given: Term =
    characters.length === 0 ? { kind: "null", at } : { kind: "array", at, items: characters.map(text) };
  const call = (path: readonly string[], args: readonly Term[]): Expr => {
    const what: What = { kind: "call", at, operator: { at, path }, args };
    return { kind: "expr", at, isNegated: false, what, with: [] };
  };
  return [call(["is_string"], [value]), call(["glob", "match"], [text(parts.join(any)), given, value])];
}

/** `not { … }`. */
export function noneOf(at: Location, body: Body): Expr {
  return { kind: "expr", at, isNegated: true, what: { kind: "body", at, body, isImplicit: true }, with: [] };
}
