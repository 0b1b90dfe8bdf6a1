/** The tests that OPA's rule index asks before the body of a rule, made of those that were found in it. */
import type { Location } from "@regomesh/base";
import type { Body, Expr, Term, What } from "../resolved/ast.ts";
import { isScalar } from "../syntax/ground.ts";
import { type End, type List, listOf, membersOf, noneOf, shapeTest, splitTest } from "./constant-tests.ts";
import { freshVar, type Generator } from "./context.ts";
import { globOf, type Test, valuesOf } from "./read-tests.ts";

/** What stays of an expression, or a test that has left the body. */
export type Kept = Expr | Test;

/**
 * What is asked of one value in several tests need hold in one of them only: all stay where they are, too. Other names of
 * what is asked come before.
 */
export function settleTests(
  tests: readonly Test[],
  rest: readonly Kept[],
  split: (tests: readonly Test[], about: string) => readonly Test[],
): { readonly tests: Body; readonly rest: Body } {
  const groups = Map.groupBy(tests, ({ about }) => about);
  const names = (groups.get(undefined) ?? []).flatMap(({ body }) => body);
  groups.delete(undefined);
  /** Those whose one test is all that is asked. */
  const single = new Set<string | undefined>([undefined]);
  const front: Expr[] = [];
  for (const [about = "", group] of groups) {
    const all = split(group, about);
    const [first] = all;
    if (all.length === 1 && first === group[0]) {
      single.add(about);
      front.push(...(first?.body ?? []));
    } else if (first !== undefined && all.every(({ body }) => body.length > 0))
      front.push(anyOf(first.at, oneEnd(all)));
  }
  const kept = rest.flatMap((each): Body => {
    if (each.kind === "expr") return [each];
    return single.has(each.about) ? [] : [each.original];
  });
  return { tests: [...names, ...front], rest: kept };
}

/** `not { not a; not b }`. */
function anyOf(at: Location, tests: readonly Test[]): Expr {
  const none = tests.map(({ body }) => noneOf(at, body));
  return noneOf(at, none);
}

/**
 * Of tests of one value those that the index keeps: where some ask how it begins and some how it ends, one of the two is
 * left out, the one with the shorter text (`oneAffixEnd` of OPA's `ast/index.go`).
 */
function oneEnd(tests: readonly Test[]): readonly Test[] {
  const shortest = (end: End): number => {
    const texts = tests.flatMap(valuesOf).filter(({ kind }) => kind === end);
    return Math.min(...texts.map(({ text }) => new TextEncoder().encode(JSON.parse(text) as string).length));
  };
  const [prefix, suffix] = [shortest("prefix"), shortest("suffix")];
  if (prefix === Number.POSITIVE_INFINITY || suffix === Number.POSITIVE_INFINITY) return tests;
  const dropped = suffix > prefix ? "prefix" : "suffix";
  return tests.filter((test) => !valuesOf(test).some(({ kind }) => kind === dropped));
}

/**
 * Where the level splits texts, the tests of one value with what the index asks besides of each that compares it with lists:
 * of a glob its parts as a list, and of a text that it is such a list once it is split.
 */
export function splitTests(
  tests: readonly Test[],
  delimiters: Iterable<string>,
  generator: Generator,
): readonly Test[] {
  return tests.flatMap((test): readonly Test[] => {
    const { at, about, original } = test;
    if (about === undefined) return [test];
    const value: Term = { kind: "var", at, name: about };
    const glob = globOf(original.what);
    const split = listsOf(original.what).flatMap((list) =>
      [...delimiters].flatMap((each): readonly Test[] => {
        const body = splitTest(at, value, list, each);
        return body === undefined ? [] : [{ ...test, body }];
      }),
    );
    if (glob === undefined) return [test, ...split];
    const items = glob.list.map((item) => item ?? freshVar(generator, at));
    return [{ ...test, body: [shapeTest(at, value, [{ kind: "array", at, items }], generator)] }, ...split];
  });
}

/** The lists that a test compares a value with. */
function listsOf(what: What): readonly List[] {
  if (what.kind === "unify") return [what.left.kind === "var" ? what.right : what.left].flatMap(listsOfTerm);
  if (what.kind !== "call") return [];
  const glob = globOf(what);
  if (glob !== undefined) return [glob.list];
  const [left, right] = what.args;
  if (what.operator.path.join(".") !== "internal.member_2" || left === undefined || right === undefined) return [];
  return isScalar(left) ? [] : membersOf(right).flatMap(listsOfTerm);
}

function listsOfTerm(term: Term): readonly List[] {
  const list = listOf(term);
  return list === undefined ? [] : [list];
}
