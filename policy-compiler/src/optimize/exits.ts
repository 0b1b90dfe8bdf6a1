/**
 * Flags that say only whether a region came to its end are no flags: where it fails, control goes at once to where the
 * test of the flag would have led. What planners lay out for a nested body, a negation, `every` and a test for
 * collections becomes the ops themselves, or `not`, or an exit out of the iteration:
 *
 *   f = undefined; regions { r: …; f = true }; test f is defined else x          …, with x for r
 *   f = undefined; regions { r: …; f = true }; test f is undefined else x        not else x { r: … }
 *   f = undefined; regions { r: … f = true; leave r … }; test f is undefined else x   regions { r: … leave x … }
 *   f = undefined; regions { test a is array; f = true, … }; test f is defined else x  test a is collection else x
 */
import type { CoreCode, Label, Op, Region, TestOp } from "../core/op.ts";
import { countUses, forgetUses, type Uses } from "../core/uses.ts";
import { type Local, TRUE, UNDEFINED } from "../core/value.ts";
import { eachOp, HOLDS_REGIONS, regionsOf } from "../core/walk.ts";
import { kindCheckOf } from "./data/proof.ts";

/** Counts how often each local is read and written (core/uses.ts), where that is not done yet. */
type Count = () => void;

export function threadExits(code: CoreCode, uses: Uses): void {
  const { body } = code;
  let counted: readonly Local[] | undefined;
  const count: Count = () => {
    code.survey = undefined; // whoever asks may change ops
    counted ??= countUses(body, uses);
  };
  for (let i = 0; i < body.length; i++) threadRegion(body[i] as Region, count);
  if (counted !== undefined) forgetUses(counted);
}

/** Inner regions first: what they become may be what stands in a pattern. */
function threadRegion(region: Region, count: Count): void {
  const { ops } = region;
  /** From the first pattern on. */
  let out: Op[] | undefined;
  for (let i = 0; i < ops.length; ) {
    const op = ops[i] as Op;
    if (HOLDS_REGIONS[op.kind]) for (const inner of regionsOf(op)) threadRegion(inner, count);
    const isFlag = op.kind === "assign" && op.source === UNDEFINED;
    const threaded = isFlag ? threadAt(ops, i, op.target, count) : undefined;
    if (threaded === undefined) {
      out?.push(op);
      i++;
    } else {
      out ??= ops.slice(0, i);
      out.push(...threaded);
      i += 3;
    }
  }
  if (out !== undefined) region.ops = out;
}

/** What the reset of a flag at `at`, and the two ops behind it, become. */
function threadAt(ops: readonly Op[], at: number, flag: Local, count: Count): readonly Op[] | undefined {
  const inside = ops[at + 1];
  const test = ops[at + 2];
  return inside?.kind === "regions" && isFlagTest(test, flag) ? thread(flag, inside, test, count) : undefined;
}

function isFlagTest(op: Op | undefined, flag: Local): op is TestOp {
  return op?.kind === "test" && (op.test === "defined" || op.test === "undefined") && op.a === flag;
}

type Regions = Extract<Op, { readonly kind: "regions" }>;

function thread(flag: Local, inside: Regions, test: TestOp, count: Count): readonly Op[] | undefined {
  const check = kindCheckOf(inside);
  if (check === undefined && inside.regions.length !== 1) return undefined;
  count();
  if (flag.reads !== 1) return undefined;
  const sets = flag.writes - 1;
  const { exit, at } = test;
  if (check !== undefined) {
    const kinds = new Set(inside.regions.map(({ ops: [first] }) => (first?.kind === "test" ? first.test : "")));
    const isAll = check.target === flag && kinds.size === 3 && sets === 3 && test.test === "defined";
    return isAll ? [{ ...test, test: "collection", a: check.source, b: undefined }] : undefined;
  }
  const region = inside.regions[0] as Region;
  threadRegion(region, count);
  const { label, ops } = region;
  if (sets === 1 && isSet(ops.at(-1), flag)) {
    const before = ops.slice(0, -1);
    if (test.test === "defined") return retarget(before, label, exit);
    return [{ kind: "not", at, weight: 0, ends: [], regions: [{ label, ops: before }], exit }];
  }
  if (test.test === "defined" || countLeaves(region, flag, label) !== sets) return undefined;
  leaveTo(region, flag, label, exit);
  return names(region.ops, label) ? [inside] : region.ops;
}

function isSet(op: Op | undefined, flag: Local): boolean {
  return op?.kind === "assign" && op.source === TRUE && op.target === flag;
}

/** The same ops, which go to another place where they went to the end of a region. */
function retarget(ops: readonly Op[], from: Label, to: Label): readonly Op[] {
  return ops.map((op) => {
    if (HOLDS_REGIONS[op.kind]) for (const inner of regionsOf(op)) inner.ops = retarget(inner.ops, from, to);
    return "exit" in op && op.exit === from ? { ...op, exit: to } : op;
  });
}

/** Whether an op goes to the end of the region of this label. */
function names(ops: readonly Op[], label: Label): boolean {
  let found = false;
  eachOp([{ label, ops }], (op) => {
    if ("exit" in op && op.exit === label) found = true;
  });
  return found;
}

/** How often the flag is set, and the region left with the next op. */
function countLeaves(region: Region, flag: Local, label: Label): number {
  const { ops } = region;
  let found = 0;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    const next = ops[i + 1];
    if (isSet(op, flag) && next?.kind === "leave" && next.exit === label) found++;
    if (HOLDS_REGIONS[op.kind]) for (const inner of regionsOf(op)) found += countLeaves(inner, flag, label);
  }
  return found;
}

function leaveTo(region: Region, flag: Local, label: Label, exit: Label): void {
  region.ops = region.ops.flatMap((op, i, ops) => {
    if (isSet(op, flag)) return [];
    if (HOLDS_REGIONS[op.kind]) for (const inner of regionsOf(op)) leaveTo(inner, flag, label, exit);
    return op.kind === "leave" && op.exit === label && isSet(ops[i - 1], flag) ? [{ ...op, exit }] : [op];
  });
}
