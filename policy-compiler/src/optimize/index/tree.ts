/**
 * From the guards of groups to a tree of questions: each asks for one key, and leads to the
 * groups that are still possible. Groups with a guard on a key are told apart by it; those without one stand
 * in every branch while they are few, and in a tree of their own where they are many.
 */
import type { Guard } from "../../core/guard.ts";
import type { IndexNode } from "../../core/index-node.ts";

export type Indexed = {
  readonly roots: readonly IndexNode[];
  /** What the nodes ask for, by their keys. */
  readonly keys: readonly Guard[];
};

/** Groups by their places, and what guards them. */
type Guarded = { readonly place: number; readonly guards: readonly Guard[] };

/** So few are tried without a question. */
const LEAF_MAX = 2;
/** Trees side by side; a run asks all of them. */
const ROOTS_MAX = 4;
/** A question must leave less than this part of the groups, on average. */
const WORTH = 0.7;
/** Groups without a guard that are repeated in every branch. */
const REPEATED_MAX = 4;

/** Undefined where guards tell too little apart: more than the part `unguardedMax` would always be tried. */
export function makeIndex(groups: readonly (readonly Guard[])[], unguardedMax: number): Indexed | undefined {
  const keys: Guard[] = [];
  const roots: IndexNode[] = [];
  let left = groups.map((guards, place): Guarded => ({ place, guards }));
  while (left.length > 0) {
    const question = roots.length < ROOTS_MAX - 1 ? bestOf(left) : undefined;
    if (question === undefined) {
      if (left.length > groups.length * unguardedMax) return undefined;
      roots.push(listOf(left));
      break;
    }
    const { guarded, others } = question;
    const stay = others.length <= REPEATED_MAX ? others : [];
    roots.push(ask(question, guarded, stay, keys));
    left = stay === others ? [] : [...others];
  }
  return keys.length === 0 ? undefined : { roots, keys };
}

type Question = {
  readonly guard: Guard;
  /** Groups with a guard for the question, those without. */
  readonly guarded: readonly Guarded[];
  readonly others: readonly Guarded[];
};

function isSameQuestion(a: Guard, b: Guard): boolean {
  return a.name === b.name && a.test === b.test;
}

function guardFor({ guards }: Guarded, question: Guard): Guard | undefined {
  return guards.find((guard) => isSameQuestion(guard, question));
}

/** The question after which the fewest groups are left. */
function bestOf(groups: readonly Guarded[]): Question | undefined {
  if (groups.length <= LEAF_MAX) return undefined;
  const found = new Map<string, { guard: Guard; counts: Map<string, number>; groups: number }>();
  for (let i = 0; i < groups.length; i++) {
    const { guards } = groups[i] as Guarded;
    for (let j = 0; j < guards.length; j++) {
      const guard = guards[j] as Guard;
      const { options } = guard;
      const id = `${guard.test} ${guard.name}`;
      const known = found.get(id) ?? { guard, counts: new Map(), groups: 0 };
      if (known.groups === 0) found.set(id, known);
      known.groups++;
      for (let k = 0; k < options.length; k++)
        known.counts.set(options[k] as string, (known.counts.get(options[k] as string) ?? 0) + 1);
    }
  }
  let best: { readonly guard: Guard; readonly left: number; readonly groups: number } | undefined;
  for (const { guard, counts, groups: count } of found.values()) {
    let sum = 0;
    let squares = 0;
    for (const n of counts.values()) {
      sum += n;
      squares += n * n;
    }
    const left = (sum === 0 ? 0 : squares / sum) + groups.length - count;
    if (best === undefined || left < best.left) best = { guard, left, groups: count };
  }
  if (best === undefined) return undefined;
  // Those without a guard are left whatever is asked.
  const unguarded = groups.length - best.groups;
  if (best.groups <= LEAF_MAX || best.left - unguarded > best.groups * WORTH) return undefined;
  const { guard } = best;
  const guarded = groups.filter((group) => guardFor(group, guard) !== undefined);
  return { guard, guarded, others: groups.filter((group) => guardFor(group, guard) === undefined) };
}

/** The branches of a question, where `stay` are possible in each. */
function ask({ guard }: Question, guarded: readonly Guarded[], stay: readonly Guarded[], keys: Guard[]): IndexNode {
  const known = keys.findIndex(({ name }) => name === guard.name);
  const key = known < 0 ? keys.push(guard) - 1 : known;
  const byOption = new Map<string, Guarded[]>();
  for (const group of guarded) {
    for (const option of guardFor(group, guard)?.options ?? []) {
      const others = byOption.get(option);
      if (others === undefined) byOption.set(option, [group]);
      else others.push(group);
    }
  }
  const branch = (own: readonly Guarded[]): IndexNode => {
    const possible = inOrder([...new Set(own), ...stay]);
    const next = own.length > LEAF_MAX ? bestOf(own.map((group) => without(group, guard))) : undefined;
    if (next === undefined || next.others.length > REPEATED_MAX) return listOf(possible);
    return ask(next, next.guarded, inOrder([...next.others, ...stay]), keys);
  };
  const otherwise = listOf(stay);
  if (guard.test === "equal") {
    return { kind: "equal", key, cases: [...byOption].map(([text, own]) => [text, branch(own)] as const), otherwise };
  }
  const { test } = guard;
  const cases = [...byOption].map(([text]) => [text, branch(partsOf(text, test, byOption))] as const);
  return { kind: test, key, cases, otherwise, noString: listOf(inOrder([...guarded, ...stay])) };
}

/** Groups whose option the text begins (or ends) with: what has the text has them too. */
function partsOf(
  text: string,
  test: "prefix" | "suffix",
  byOption: ReadonlyMap<string, readonly Guarded[]>,
): readonly Guarded[] {
  const found: Guarded[] = [];
  for (let length = 0; length <= text.length; length++) {
    const part = test === "prefix" ? text.slice(0, length) : text.slice(text.length - length);
    found.push(...(byOption.get(part) ?? []));
  }
  return found;
}

/** What is asked once need not be asked again; the place stays. */
function without(group: Guarded, asked: Guard): Guarded {
  return { place: group.place, guards: group.guards.filter((guard) => !isSameQuestion(guard, asked)) };
}

function inOrder(groups: readonly Guarded[]): readonly Guarded[] {
  return groups.toSorted((a, b) => a.place - b.place);
}

function listOf(groups: readonly Guarded[]): IndexNode {
  return { kind: "list", rules: groups.map(({ place }) => place) };
}
