/**
 * What following control shows: which ops nothing reaches, which tests cannot fail or cannot hold, and where a local that
 * is assigned once has no value yet, so that there is nothing to compare with. What is left over goes: a rule whose value is
 * found returns it, and no region behind asks for it.
 */
import { isReset, returnOf } from "../core/make-op.ts";
import type { CoreCode, Label, Op, Region, TestOp } from "../core/op.ts";
import { findUses, type Uses } from "../core/uses.ts";
import { type Local, Type, UNDEFINED, type Value } from "../core/value.ts";
import { eachWrite, HOLDS_REGIONS, regionsOf, someOp } from "../core/walk.ts";

/** Locals that are followed, as bits; a function of more is left as it is. */
const FOLLOWED_MAX = 30;

/** The followed locals that may have a value. */
type State = number;

type Walk = {
  readonly bits: ReadonlyMap<Local, number>;
  /** With what control may come to the ends of regions. */
  readonly exits: Map<Label, State>;
  /** How many of a region's first ops are reached. */
  readonly reached: Map<Region, number>;
  /** Ops whose local may have a value when they are reached. */
  readonly mayHave: Set<Op>;
};

export function followControl(code: CoreCode, uses: Uses): void {
  const bits = code.kind === "function" ? followedIn(code) : undefined;
  if (bits === undefined) return;
  code.survey = undefined;
  const walk: Walk = { bits, exits: new Map(), reached: new Map(), mayHave: new Set() };
  const given = code.params.reduce((all, param) => all | bitOf(walk, param), 0);
  walkRegions(walk, code.body, given);
  for (const region of code.body) rewrite(walk, region, true);
  code.body = code.body.filter(({ label, ops }) => ops.length > 0 && !isLeave(ops[0], label));
  dropUnread(code, bits, uses);
}

/** Those that are assigned once, or reset. */
function followedIn({ body }: CoreCode): ReadonlyMap<Local, number> | undefined {
  const bits = new Map<Local, number>();
  const isTooMany = someOp(body, (op) => {
    if ((op.kind === "assign-once" || isReset(op)) && !bits.has(op.target)) bits.set(op.target, 1 << bits.size);
    return bits.size > FOLLOWED_MAX;
  });
  return isTooMany ? undefined : bits;
}

function bitOf({ bits }: Walk, value: Value): number {
  return value.kind === "local" ? (bits.get(value) ?? 0) : 0;
}

function join({ exits }: Walk, label: Label, state: State | undefined): State | undefined {
  const left = exits.get(label);
  return state === undefined ? left : state | (left ?? 0);
}

function exitWith({ exits }: Walk, label: Label, state: State): void {
  exits.set(label, state | (exits.get(label) ?? 0));
}

/** With what control goes on behind the region; undefined: not at all. */
function walkRegion(walk: Walk, region: Region, state: State): State | undefined {
  return join(walk, region.label, walkOps(walk, region, state));
}

/** With what control comes to the end of the ops. */
function walkOps(walk: Walk, region: Region, from: State): State | undefined {
  const { ops } = region;
  let state: State | undefined = from;
  let i = 0;
  for (; i < ops.length && state !== undefined; i++) state = walkOp(walk, ops[i] as Op, state);
  if (i > (walk.reached.get(region) ?? 0)) walk.reached.set(region, i);
  return state;
}

function walkOp(walk: Walk, op: Op, state: State): State | undefined {
  switch (op.kind) {
    case "return":
      return undefined;
    case "leave":
      exitWith(walk, op.exit, state);
      return undefined;
    case "test":
      return walkTest(walk, op, state);
    case "regions":
      return walkRegions(walk, op.regions, state);
    case "loop":
      return walkLoop(walk, op.body, state | bitOf(walk, op.key) | bitOf(walk, op.value));
    case "not": {
      const end = walkOps(walk, op.body, state);
      if (end !== undefined) exitWith(walk, op.exit, end);
      return walk.exits.get(op.body.label);
    }
    case "with": {
      const end = walkOps(walk, op.body, state | bitOf(walk, op.local));
      const failed = walk.exits.get(op.body.label);
      if (failed !== undefined) exitWith(walk, op.exit, failed);
      return end;
    }
    case "assign":
      return op.source === UNDEFINED ? state & ~bitOf(walk, op.target) : state | bitOf(walk, op.target);
    case "assign-once":
      if ((state & bitOf(walk, op.target)) !== 0) walk.mayHave.add(op);
      return state | bitOf(walk, op.target);
    default:
      if ("exit" in op) exitWith(walk, op.exit, state);
      return state | bitsWritten(walk, op);
  }
}

/** By itself: a closure makes an object of the variables around it with each call. */
function bitsWritten(walk: Walk, op: Op): number {
  let bits = 0;
  eachWrite(op, (local) => {
    bits |= bitOf(walk, local);
  });
  return bits;
}

function walkRegions(walk: Walk, regions: readonly Region[], from: State): State | undefined {
  let state: State | undefined = from;
  for (let i = 0; i < regions.length && state !== undefined; i++) state = walkRegion(walk, regions[i] as Region, state);
  return state;
}

function walkLoop(walk: Walk, body: Region, from: State): State {
  let state = from;
  for (;;) {
    const after = state | (walkRegion(walk, body, state) ?? 0);
    if (after === state) return state;
    state = after;
  }
}

function walkTest(walk: Walk, op: TestOp, state: State): State | undefined {
  const bit = bitOf(walk, op.a);
  if ((state & bit) !== 0) walk.mayHave.add(op);
  const known = outcomeOf(op, bit !== 0 && (state & bit) === 0);
  if (known !== true) exitWith(walk, op.exit, state);
  if (known === false) return undefined;
  return op.test === "undefined" ? state & ~bit : state;
}

/** Whether the test holds, where that is known; `isUndefined`: its local has no value. */
function outcomeOf(op: TestOp, isUndefined: boolean): boolean | undefined {
  switch (op.test) {
    case "defined":
      return isUndefined ? false : undefined;
    case "undefined":
      return isUndefined ? true : undefined;
    case "equal":
      return sameConstants(op.a, op.b);
    case "not-equal": {
      const same = sameConstants(op.a, op.b);
      return same === undefined ? undefined : !same;
    }
    default:
      return undefined;
  }
}

/** Numbers have several texts. */
const COMPARED = Type.null | Type.boolean | Type.smallInt | Type.string;

function sameConstants(a: Value, b: Value): boolean | undefined {
  if (a.kind !== "constant" || b.kind !== "constant" || ((a.type | b.type) & ~COMPARED) !== 0) return undefined;
  return a.type === b.type && a.text === b.text;
}

/** `isRow`: whether the region comes to its end or is left says the same, as it does not in `not` and `with`. */
function rewrite(walk: Walk, region: Region, isRow: boolean): void {
  const out: Op[] = [];
  const { ops } = region;
  const reached = walk.reached.get(region) ?? 0;
  for (let i = 0; i < reached; i++) {
    const op = ops[i] as Op;
    if (HOLDS_REGIONS[op.kind]) {
      for (const inner of regionsOf(op)) rewrite(walk, inner, op.kind === "regions" || op.kind === "loop");
    }
    const known = op.kind === "test" ? outcomeOf(op, isWithout(walk, op)) : undefined;
    if (known === true) continue;
    if (known === false && op.kind === "test") {
      out.push({ kind: "leave", at: op.at, weight: 0, ends: [], exit: op.exit });
      break;
    }
    const simpler = simplerOf(walk, op, out);
    if (simpler !== undefined) out.push(simpler);
  }
  if (isRow && isLeave(out.at(-1), region.label)) out.pop();
  region.ops = out;
}

function isWithout(walk: Walk, op: TestOp): boolean {
  return bitOf(walk, op.a) !== 0 && !walk.mayHave.has(op);
}

function isLeave(op: Op | undefined, label: Label): boolean {
  return op?.kind === "leave" && op.exit === label;
}

function simplerOf({ mayHave }: Walk, op: Op, before: Op[]): Op | undefined {
  if (op.kind === "assign-once" && !mayHave.has(op)) return { ...op, kind: "assign" };
  if (op.kind === "regions") {
    const regions = op.regions.filter(({ ops }) => ops.length > 0);
    return regions.length === 0 ? undefined : { ...op, regions };
  }
  const last = before.at(-1);
  if (op.kind === "return" && last?.kind === "assign" && last.target === op.value) {
    before.pop();
    return { ...returnOf(last.source), at: op.at };
  }
  return op;
}

/** What is assigned to followed locals that nothing reads. */
function dropUnread({ body }: CoreCode, bits: ReadonlyMap<Local, number>, uses: Uses): void {
  const unread = new Set(bits.keys());
  leaveRead(body, unread, uses);
  if (unread.size > 0) dropAssigns(body, unread);
}

/** Takes out of the locals what the regions read. */
function leaveRead(regions: readonly Region[], unread: Set<Local>, uses: Uses): void {
  for (let i = 0; i < regions.length && unread.size > 0; i++) {
    const { ops } = regions[i] as Region;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      findUses(op, uses);
      for (let k = 0; k < uses.reads; k++) unread.delete(uses.read[k] as Local);
      if (uses.grown !== undefined) unread.delete(uses.grown);
      if (HOLDS_REGIONS[op.kind]) leaveRead(regionsOf(op), unread, uses);
    }
  }
}

function dropAssigns(regions: readonly Region[], unread: ReadonlySet<Local>): void {
  for (let i = 0; i < regions.length; i++) {
    const region = regions[i] as Region;
    const { ops } = region;
    let isKept = true;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      if (op.kind === "assign" && unread.has(op.target)) isKept = false;
      if (HOLDS_REGIONS[op.kind]) dropAssigns(regionsOf(op), unread);
    }
    if (!isKept) region.ops = ops.filter((op) => op.kind !== "assign" || !unread.has(op.target));
  }
}
