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

type Record = {
  writes: number;
  reads: number;
  /** The last that wrote it, and where. */
  op: Op | undefined;
  region: Region | undefined;
  readTooEarly: boolean;
  unsettled: boolean;
  grown: boolean;
};

type Walk = {
  readonly records: Map<Local, Record>;
  readonly active: Set<Local>;
  readonly uses: Uses;
  setsInput: boolean;
};

const INPUT = 0;

export function findValues(module: CoreModule): EachCode {
  module.growsOwn = true;
  module.sharesInput = true;
  const each = (code: CoreCode): void => {
    const { growsOthers, setsInput } = findValuesOf(code);
    if (growsOthers) module.growsOwn = false;
    if (setsInput) module.sharesInput = false;
  };
  return { each };
}

function findValuesOf(code: CoreCode): { readonly growsOthers: boolean; readonly setsInput: boolean } {
  const walk: Walk = { records: new Map(), active: new Set(code.params), uses: newUses(), setsInput: false };
  for (const param of code.params) recordOf(walk, param).writes++;
  for (const region of code.body) walkRegion(walk, region);
  const grows = code.kind === "function" ? code.grows : undefined;
  let growsOthers = false;
  walk.records.forEach((record, local) => {
    const { writes, reads, op, grown } = record;
    const isValue = writes === 1 && !record.readTooEarly;
    local.origin = isValue ? (op ?? PARAMETER) : VARIABLE;
    local.isSettled = isValue && !record.unsettled;
    local.reads = reads;
    if (grown && !(op?.kind === "make" && writes === 1) && local !== grows) growsOthers = true;
  });
  return { growsOthers, setsInput: walk.setsInput };
}

function recordOf({ records }: Walk, local: Local): Record {
  const known = records.get(local);
  if (known !== undefined) return known;
  const fresh: Record = {
    writes: 0,
    reads: 0,
    op: undefined,
    region: undefined,
    readTooEarly: false,
    unsettled: false,
    grown: false,
  };
  records.set(local, fresh);
  return fresh;
}

function walkRegion(walk: Walk, region: Region): void {
  const { active, records, uses } = walk;
  const { read, written } = uses;
  const defined: Local[] = [];
  const { ops } = region;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    findUses(op, uses);
    for (let k = 0; k < uses.reads; k++) {
      const local = read[k] as Local;
      const record = records.get(local) ?? recordOf(walk, local);
      record.reads++;
      if (!active.has(local)) record.readTooEarly = true;
    }
    const { grown } = uses;
    if (grown !== undefined) {
      const record = recordOf(walk, grown);
      record.grown = true;
      if (!active.has(grown)) record.readTooEarly = true;
      if (record.reads > 0 || record.region !== region) record.unsettled = true;
    }
    for (let k = 0; k < uses.writes; k++) {
      const local = written[k] as Local;
      const record = records.get(local) ?? recordOf(walk, local);
      record.writes++;
      record.region = region;
      record.op = op;
      if (local.id === INPUT && op.kind !== "with") walk.setsInput = true;
      if (active.has(local)) continue;
      active.add(local);
      defined.push(local);
    }
    if (HOLDS_REGIONS[op.kind]) for (const inner of regionsOf(op)) walkRegion(walk, inner);
  }
  for (let k = 0; k < defined.length; k++) active.delete(defined[k] as Local);
}
