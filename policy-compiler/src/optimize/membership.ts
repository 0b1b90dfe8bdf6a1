/**
 * `x in {a, b}`: a set or array literal that only a membership test reads is never built;
 * the test compares with each element in turn.
 */
import type { CallOp, CoreCode, GrowOp, OneOfOp, Op, Region } from "../core/op.ts";
import { surveyOf } from "../core/survey.ts";
import { isValue, type Local, type Value } from "../core/value.ts";
import { HOLDS_REGIONS, regionsOf, replaceOps } from "../core/walk.ts";

export const MEMBER = "internal.member_2";
/** More are looked up faster. */
const ELEMENTS_MAX = 8;

type Draft = { readonly ops: Op[]; readonly elements: Value[] };

/** What stands in the place of an op; undefined: nothing. */
type Others = Map<Op, Op | undefined>;

export function openMemberships(code: CoreCode): void {
  const { makes, asksBuiltins } = surveyOf(code);
  if (!makes || !asksBuiltins) return;
  const others: Others = new Map();
  find(code.body, new Map(), others);
  if (others.size > 0) replaceOps(code.body, others);
}

function find(regions: readonly Region[], drafts: Map<Local, Draft>, others: Others): void {
  for (let i = 0; i < regions.length; i++) {
    const { ops } = regions[i] as Region;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      if (op.kind === "make") {
        const { target } = op;
        const isOnlyTested = op.what !== "object" && target.isSettled && target.reads === 1;
        if (isOnlyTested) drafts.set(target, { ops: [op], elements: [] });
      } else if (op.kind === "grow") grow(drafts, op);
      else if (op.kind === "call" && isMembership(op)) test(drafts, op, others);
      else if (HOLDS_REGIONS[op.kind]) find(regionsOf(op), drafts, others);
    }
  }
}

function grow(drafts: Map<Local, Draft>, op: GrowOp): void {
  const draft = drafts.get(op.collection);
  if (draft === undefined) return;
  // An element must still have its value when the test comes.
  if (op.value.kind === "local" && !isValue(op.value)) drafts.delete(op.collection);
  else {
    draft.ops.push(op);
    draft.elements.push(op.value);
  }
}

function test(drafts: ReadonlyMap<Local, Draft>, op: CallOp, others: Others): void {
  const [value, collection] = op.args;
  const draft = collection?.kind === "local" ? drafts.get(collection) : undefined;
  if (value === undefined || draft === undefined || draft.elements.length > ELEMENTS_MAX) return;
  others.set(op, oneOf(op, value, draft.elements));
  for (const made of draft.ops) others.set(made, undefined);
}

export function isMembership({ callee }: CallOp): boolean {
  return callee.kind === "builtin" && callee.name === MEMBER;
}

function oneOf({ at, ends, target }: CallOp, value: Value, elements: readonly Value[]): OneOfOp {
  const made: OneOfOp = { kind: "one-of", at, weight: 0, ends, value, elements, target };
  if (target.origin.kind === "call") target.origin = made;
  return made;
}
