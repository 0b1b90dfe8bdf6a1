/**
 * What is known of a function's locals: which are values, and what made each; how often each is read; which collections grow
 * before anything reads them alone. Of all functions: whether one grows what it did not make itself, or gives input
 * another value, other than by `with`, which begins a generation.
 */
import type { CoreModule, EachCode } from "../core/module.ts";
import type { CoreCode, Op, Region } from "../core/op.ts";
import { findUses, newUses, type Uses } from "../core/uses.ts";
import { type Local, PARAMETER, VARIABLE } from "../core/value.ts";
import { HOLDS_REGIONS, regionsOf } from "../core/walk.ts";

/** Bits of `Local.seen`. */
const Seen = {
  /** Met in this function. */
  met: 1,
  /** Written in a region around. */
  active: 2,
  readTooEarly: 4,
  unsettled: 8,
  grown: 16,
} as const;

type Walk = {
  /** Each local of the function once. */
  readonly found: Local[];
  readonly uses: Uses;
  setsInput: boolean;
};

const INPUT = 0;

export function findValues(module: CoreModule): EachCode {
  module.growsOwn = true;
  module.sharesInput = true;
  const uses = newUses();
  const each = (code: CoreCode): void => {
    const { growsOthers, setsInput } = findValuesOf(code, uses);
    if (growsOthers) module.growsOwn = false;
    if (setsInput) module.sharesInput = false;
  };
  return { each };
}

function findValuesOf(code: CoreCode, uses: Uses): { readonly growsOthers: boolean; readonly setsInput: boolean } {
  const walk: Walk = { found: [], uses, setsInput: false };
  for (const param of code.params) {
    meet(walk, param);
    param.writes++;
    param.seen |= Seen.active;
  }
  walkRegions(walk, code.body);
  const grows = code.kind === "function" ? code.grows : undefined;
  let growsOthers = false;
  for (let i = 0; i < walk.found.length; i++) {
    const local = walk.found[i] as Local;
    const { writes, seen, origin } = local;
    const isValue = writes === 1 && (seen & Seen.readTooEarly) === 0;
    if ((seen & Seen.grown) !== 0 && !(origin.kind === "make" && writes === 1) && local !== grows) growsOthers = true;
    if (!isValue) local.origin = VARIABLE;
    else if (origin === VARIABLE) local.origin = PARAMETER;
    local.isSettled = isValue && (seen & Seen.unsettled) === 0;
    local.region = undefined;
    local.writes = 0;
    local.seen = 0;
  }
  return { growsOthers, setsInput: walk.setsInput };
}

/** The first time that the function's walk comes to the local. */
function meet({ found }: Walk, local: Local): void {
  found.push(local);
  local.reads = 0;
  local.seen = Seen.met;
}

function walkRegions(walk: Walk, regions: readonly Region[]): void {
  for (let i = 0; i < regions.length; i++) walkRegion(walk, regions[i] as Region);
}

function walkRegion(walk: Walk, region: Region): void {
  const { uses } = walk;
  const { read, written } = uses;
  const defined: Local[] = [];
  const { ops } = region;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    findUses(op, uses);
    for (let k = 0; k < uses.reads; k++) {
      const local = read[k] as Local;
      if (local.seen === 0) meet(walk, local);
      local.reads++;
      if ((local.seen & Seen.active) === 0) local.seen |= Seen.readTooEarly;
    }
    const { grown } = uses;
    if (grown !== undefined) {
      if (grown.seen === 0) meet(walk, grown);
      grown.seen |= Seen.grown;
      if ((grown.seen & Seen.active) === 0) grown.seen |= Seen.readTooEarly;
      if (grown.reads > 0 || grown.region !== region) grown.seen |= Seen.unsettled;
    }
    for (let k = 0; k < uses.writes; k++) {
      const local = written[k] as Local;
      if (local.seen === 0) meet(walk, local);
      local.writes++;
      local.region = region;
      local.origin = op;
      if (local.id === INPUT && op.kind !== "with") walk.setsInput = true;
      if ((local.seen & Seen.active) !== 0) continue;
      local.seen |= Seen.active;
      defined.push(local);
    }
    if (HOLDS_REGIONS[op.kind]) walkRegions(walk, regionsOf(op));
  }
  for (let k = 0; k < defined.length; k++) (defined[k] as Local).seen &= ~Seen.active;
}
