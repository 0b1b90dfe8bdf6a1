/**
 * Up to where an iteration's region says no more than what the index of its collection is asked: of a member that an
 * index surely leaves, those ops hold and need not run. Each that could end the region must be one that a
 * level asks for; a part that is looked up and never asked about could be missing.
 */
import { nameOf, type Term } from "../../core/guard.ts";
import type { Op, Region } from "../../core/op.ts";
import { type Local, TRUE } from "../../core/value.ts";
import { someRead } from "../../core/walk.ts";
import type { Place } from "./levels.ts";

/** A rule, or what a body that rules share is given for it. */
type Mark = number | Local;

/** Of the iteration's own region: how many of its first ops, how many levels say the same, and the rules that they mark. */
export type Proven = { readonly ops: number; readonly levels: number; readonly marks: readonly Mark[] };

/** Of iterations in the iteration, which lead to a witness: all that is asked before this rest of the innermost region. */
export type ProvenWhole = {
  readonly rest: readonly Op[];
  readonly levels: number;
  readonly marks: readonly Mark[];
};

export type Proof = {
  /** Nothing that no level asks for has come so far. */
  isWhole: boolean;
  /** What has been looked at, and no level has asked about yet. */
  readonly open: Set<string>;
  readonly marks: Mark[];
  /** A rule was marked, which is an effect: what leaves more out would lose it. */
  isClosed: boolean;
  /** Locals that are true, or undefined no more, where the levels hold. */
  readonly holding: Set<Local>;
  proven: Proven | undefined;
  whole: ProvenWhole | undefined;
};

export function newProof(): Proof {
  return {
    isWhole: true,
    open: new Set(),
    marks: [],
    isClosed: false,
    holding: new Set(),
    proven: undefined,
    whole: undefined,
  };
}

export function partName({ steps }: Place, names: readonly string[]): string {
  return `part ${JSON.stringify([steps, names])}`;
}

export function termName(term: Term): string {
  return `term ${nameOf(term)}`;
}

/** So many ops of a region have come: of the iteration's own, or of one inside. */
export function noteProven(
  proof: Proof,
  { all, ops, isOwn }: { readonly all: readonly Op[]; readonly ops: number; readonly isOwn: boolean },
  levels: number,
): void {
  if (!proof.isWhole || proof.open.size > 0 || levels === 0) return;
  const marks = [...proof.marks];
  if (isOwn) proof.proven = { ops, levels, marks };
  else proof.whole = { rest: all.slice(ops), levels, marks };
}

/** What may as well run once for several witnesses: it says the same of each, and reads nothing that `written` holds. */
export function isSameForAll(rest: readonly Op[], written: ReadonlySet<Local>): boolean {
  return rest.every((op) => {
    const { kind } = op;
    if (kind !== "mark" && kind !== "assign-once" && kind !== "assign" && kind !== "return") return false;
    return !someRead(op, (value) => value.kind === "local" && written.has(value));
  });
}

/** The local whose value's kind the op finds out, if it does nothing else: three ways to be a collection. */
export function kindCheckOf(op: Op): { readonly source: Local; readonly target: Local } | undefined {
  if (op.kind !== "regions") return undefined;
  let found: { readonly source: Local; readonly target: Local } | undefined;
  let hasArray = false;
  for (let i = 0; i < op.regions.length; i++) {
    const { ops } = op.regions[i] as Region;
    const test = ops[0];
    const assign = ops[1];
    if (test?.kind !== "test" || (test.test !== "array" && test.test !== "object" && test.test !== "set"))
      return undefined;
    if (test.a.kind !== "local" || assign?.kind !== "assign" || ops.length > 2) return undefined;
    found ??= { source: test.a, target: assign.target };
    if (found.source !== test.a || found.target !== assign.target) return undefined;
    if (test.test === "array") hasArray = true;
  }
  return hasArray ? found : undefined;
}

/** What follows the tests of a rule whose value is true, up to its end: the rules that it marks, or undefined. */
export function marksOfRest(rest: readonly Op[]): readonly Mark[] | undefined {
  const marks: Mark[] = [];
  for (const op of rest) {
    if (op.kind === "mark") marks.push(op.rule);
    else if (op.kind === "assign-once") {
      if (op.source !== TRUE) return undefined;
    } else return op.kind === "return" ? marks : undefined;
  }
  return marks;
}
