/**
 * What following control shows: which ops nothing reaches, which tests cannot fail or cannot hold, and where a local that
 * is assigned once has no value yet, so that there is nothing to compare with. What is left over goes: a rule whose value is
 * found returns it, and no region behind asks for it.
 */
import { returnOf } from "../core/make-op.ts";
import type { CoreCode, Label, Op, Region, TestOp } from "../core/op.ts";
import { findUses, type Uses } from "../core/uses.ts";
import { type Local, Type, UNDEFINED, type Value } from "../core/value.ts";
import { HOLDS_REGIONS, regionsOf } from "../core/walk.ts";

/** Locals that are followed, as bits; a function of more is left as it is. */
const FOLLOWED_MAX = 30;

/** The followed locals that may have a value. */
type State = number;

type Walk = {
  /** With what control may come to the ends of regions. */
  readonly exits: Map<Label, State>;
  /** How many of a region's first ops are reached. */
  readonly reached: Map<Region, number>;
  /** Ops whose local may have a value when they are reached. */
  readonly mayHave: Set<Op>;
  readonly uses: Uses;
};

export function followControl(code: CoreCode, uses: Uses): void {
  if (code.kind !== "function") return;
  const followed: Local[] = [];
  if (addFollowed(code.body, followed)) follow(code, followed, uses);
  for (const local of followed) local.seen = 0;
}

/** Each followed local has its bit in `seen`. */
function follow(code: CoreCode, followed: readonly Local[], uses: Uses): void {
  code.survey = undefined;
  const walk: Walk = { exits: new Map(), reached: new Map(), mayHave: new Set(), uses };
  const given = code.params.reduce((all, param) => all | param.seen, 0);
  walkRegions(walk, code.body, given);
  for (const region of code.body) rewrite(walk, region, true);
  code.body = code.body.filter(({ label, ops }) => ops.length > 0 && !isLeave(ops[0], label));
  const unread = leaveRead(code.body, 2 ** followed.length - 1, uses);
  if (unread !== 0) dropAssigns(code.body, unread);
}

/** Those that are assigned once, or reset; gives whether they are no more than can be followed. */
function addFollowed(regions: readonly Region[], followed: Local[]): boolean {
  for (let i = 0; i < regions.length; i++) {
    const { ops } = regions[i] as Region;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      if (op.kind === "assign-once" || (op.kind === "assign" && op.source === UNDEFINED)) {
        if (op.target.seen !== 0) continue;
        if (followed.length === FOLLOWED_MAX) return false;
        op.target.seen = 1 << followed.length;
        followed.push(op.target);
      } else if (HOLDS_REGIONS[op.kind] && !addFollowed(regionsOf(op), followed)) return false;
    }
  }
  return true;
}

function bitOf(value: Value): number {
  return value.kind === "local" ? value.seen : 0;
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
      return walkLoop(walk, op.regions[0], state | op.key.seen | op.value.seen);
    case "not": {
      const end = walkOps(walk, op.regions[0], state);
      if (end !== undefined) exitWith(walk, op.exit, end);
      return walk.exits.get(op.regions[0].label);
    }
    case "with": {
      const end = walkOps(walk, op.regions[0], state | op.local.seen);
      const failed = walk.exits.get(op.regions[0].label);
      if (failed !== undefined) exitWith(walk, op.exit, failed);
      return end;
    }
    case "assign":
      return op.source === UNDEFINED ? state & ~op.target.seen : state | op.target.seen;
    case "assign-once":
      if ((state & op.target.seen) !== 0) walk.mayHave.add(op);
      return state | op.target.seen;
    default:
      if ("exit" in op) exitWith(walk, op.exit, state);
      return state | bitsWritten(walk, op);
  }
}

function bitsWritten({ uses }: Walk, op: Op): number {
  findUses(op, uses);
  let written = 0;
  for (let k = 0; k < uses.writes; k++) written |= (uses.written[k] as Local).seen;
  return written;
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
  const bit = bitOf(op.a);
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
  const { ops } = region;
  const reached = walk.reached.get(region) ?? 0;
  /** From the first op on that changes. */
  let out: Op[] | undefined;
  for (let i = 0; i < reached; i++) {
    const op = ops[i] as Op;
    if (HOLDS_REGIONS[op.kind]) {
      for (const inner of regionsOf(op)) rewrite(walk, inner, op.kind === "regions" || op.kind === "loop");
    }
    const known = op.kind === "test" ? outcomeOf(op, isWithout(walk, op)) : undefined;
    if (known === false && op.kind === "test") {
      out ??= ops.slice(0, i);
      out.push({ kind: "leave", at: op.at, weight: 0, ends: [], exit: op.exit });
      break;
    }
    const last = i === 0 ? undefined : out === undefined ? ops[i - 1] : out.at(-1);
    if (op.kind === "return" && last?.kind === "assign" && last.target === op.value) {
      out ??= ops.slice(0, i);
      out[out.length - 1] = { ...returnOf(last.source), at: op.at };
      continue;
    }
    const isPlain = op.kind !== "assign-once" && op.kind !== "regions";
    const simpler = known === true ? undefined : isPlain ? op : simplerOf(walk, op);
    if (simpler !== op) out ??= ops.slice(0, i);
    if (simpler !== undefined) out?.push(simpler);
  }
  if (out === undefined && reached < ops.length) out = ops.slice(0, reached);
  if (isRow && isLeave((out ?? ops).at(-1), region.label)) out = (out ?? ops).slice(0, -1);
  if (out !== undefined) region.ops = out;
}

function isWithout(walk: Walk, op: TestOp): boolean {
  return bitOf(op.a) !== 0 && !walk.mayHave.has(op);
}

function isLeave(op: Op | undefined, label: Label): boolean {
  return op?.kind === "leave" && op.exit === label;
}

function simplerOf({ mayHave }: Walk, op: Op): Op | undefined {
  if (op.kind === "assign-once" && !mayHave.has(op)) return { ...op, kind: "assign" };
  if (op.kind !== "regions" || op.regions.every(isFull)) return op;
  const regions = op.regions.filter(isFull);
  return regions.length === 0 ? undefined : { ...op, regions };
}

function isFull({ ops }: Region): boolean {
  return ops.length > 0;
}

/** The bits without those of what the regions read. */
function leaveRead(regions: readonly Region[], bits: number, uses: Uses): number {
  let unread = bits;
  for (let i = 0; i < regions.length && unread !== 0; i++) {
    const { ops } = regions[i] as Region;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      findUses(op, uses);
      for (let k = 0; k < uses.reads; k++) unread &= ~(uses.read[k] as Local).seen;
      if (uses.grown !== undefined) unread &= ~uses.grown.seen;
      if (HOLDS_REGIONS[op.kind]) unread = leaveRead(regionsOf(op), unread, uses);
    }
  }
  return unread;
}

/** What is assigned to followed locals that nothing reads. */
function dropAssigns(regions: readonly Region[], unread: number): void {
  for (let i = 0; i < regions.length; i++) {
    const region = regions[i] as Region;
    const { ops } = region;
    /** From the first on that is left out. */
    let out: Op[] | undefined;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      if (op.kind === "assign" && (unread & op.target.seen) !== 0) out ??= ops.slice(0, j);
      else out?.push(op);
      if (HOLDS_REGIONS[op.kind]) dropAssigns(regionsOf(op), unread);
    }
    if (out !== undefined) region.ops = out;
  }
}
