/**
 * Tests of a value against constants, as OPA's rule index knows them: which a value can be asked
 * for, and what the index asks of a value where that is less than the test.
 */
import type { Location } from "@regomesh/base";
import type { Body, Expr, Term, What } from "../resolved/ast.ts";
import { freshVar, type Generator } from "./context.ts";

/** The index tells the beginning of a text, and of the texts among the members of what holds any. The test stays where it is. */
export function affixTest(expr: Expr, generator: Generator): Expr | undefined {
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

export const AFFIX_TESTS: ReadonlySet<string> = new Set(["startswith", "endswith"]);

export const LIST_TESTS: ReadonlySet<string> = new Set(["strings.any_prefix_match", "strings.any_suffix_match"]);

/** A list, set or object of constants, or of lists of such; one that is empty tells the index nothing. */
export function hasConstants(term: Term): boolean {
  const items = membersOf(term);
  return items.length > 0 && items.every((item) => isScalar(item) || (item.kind === "array" && hasConstants(item)));
}

/** Members that the index can tell, and an object or a set among them, of which it cannot. */
export function hasOpenMember(term: Term): boolean {
  const isOpen = ({ kind }: Term): boolean => kind === "object" || kind === "set";
  const items = membersOf(term);
  return items.some(isOpen) && items.every((item) => isScalar(item) || item.kind === "array" || isOpen(item));
}

function membersOf(term: Term): readonly Term[] {
  if (term.kind === "object") return term.entries.map(([, value]) => value);
  return term.kind === "array" || term.kind === "set" ? term.items : [];
}

/** Between its delimiters the pattern has texts, or `*` alone: what is less plain the index does not read. */
export function isPlainGlob(pattern: Term | undefined, delimiters: Term | undefined): boolean {
  if (pattern?.kind !== "string" || delimiters?.kind !== "array") return false;
  const all = delimiters.items.map((item) => (item.kind === "string" ? item.value : undefined));
  if (all.length === 0) all.push(".");
  let parts = [pattern.value];
  for (const delimiter of all) {
    if (delimiter === undefined || [...delimiter].length !== 1) return false;
    parts = parts.flatMap((part) => part.split(delimiter));
  }
  return parts.every((part) => part === "*" || !/[[?{*\\]/.test(part));
}

/** `not { … }`. */
export function noneOf(at: Location, body: Body): Expr {
  return { kind: "expr", at, isNegated: true, what: { kind: "body", at, body, isImplicit: true }, with: [] };
}

export function isScalar({ kind }: Term): boolean {
  return kind === "null" || kind === "boolean" || kind === "number" || kind === "string";
}
