/**
 * `x in {a, b}`: a set or array literal that only a membership test reads is never built;
 * the test compares with each element in turn.
 */
import type { CallOp, CoreCode, OneOfOp, Op, Region } from "../core/op.ts";
import { surveyOf } from "../core/survey.ts";
import { isValue, type Local, type Value } from "../core/value.ts";
import { eachOp, HOLDS_REGIONS, leaveOut, regionsOf } from "../core/walk.ts";

export const MEMBER = "internal.member_2";
/** More are looked up faster. */
const ELEMENTS_MAX = 8;

type Draft = { readonly ops: Op[]; readonly elements: Value[] };

export function openMemberships(code: CoreCode): void {
  const { makes, asksBuiltins } = surveyOf(code);
  if (!makes || !asksBuiltins) return;
  const { body } = code;
  const drafts = new Map<Local, Draft>();
  const tests = new Map<Op, OneOfOp>();
  const done = new Set<Op>();
  eachOp(body, (op) => {
    if (op.kind === "make") {
      const { target } = op;
      const isOnlyTested = op.what !== "object" && target.isSettled && target.reads === 1;
      if (isOnlyTested) drafts.set(target, { ops: [op], elements: [] });
    } else if (op.kind === "grow") {
      const draft = drafts.get(op.collection);
      if (draft === undefined) return;
      // An element must still have its value when the test comes.
      if (op.value.kind === "local" && !isValue(op.value)) drafts.delete(op.collection);
      else {
        draft.ops.push(op);
        draft.elements.push(op.value);
      }
    } else if (op.kind === "call" && isMembership(op)) {
      const [value, collection] = op.args;
      const draft = collection?.kind === "local" ? drafts.get(collection) : undefined;
      if (value === undefined || draft === undefined || draft.elements.length > ELEMENTS_MAX) return;
      tests.set(op, oneOf(op, value, draft.elements));
      for (const made of draft.ops) done.add(made);
    }
  });
  if (tests.size === 0) return;
  leaveOut(body, (op) => done.has(op));
  replace(body, tests);
}

export function isMembership({ callee }: CallOp): boolean {
  return callee.kind === "builtin" && callee.name === MEMBER;
}

function oneOf({ at, ends, target }: CallOp, value: Value, elements: readonly Value[]): OneOfOp {
  const made: OneOfOp = { kind: "one-of", at, weight: 0, ends, value, elements, target };
  if (target.origin.kind === "call") target.origin = made;
  return made;
}

function replace(regions: readonly Region[], tests: ReadonlyMap<Op, Op>): void {
  for (const region of regions) {
    region.ops = region.ops.map((op) => tests.get(op) ?? op);
    for (const op of region.ops) if (HOLDS_REGIONS[op.kind]) replace(regionsOf(op), tests);
  }
}
