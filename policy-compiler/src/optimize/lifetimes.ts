/**
 * Where the value of a local is needed no more, so that another may have its place: an engine's
 * time for a function grows with the square of its locals, and V8 takes no more than 50,000.
 *
 * Only a value (core/value.ts) gives its place away, or takes that of another: of a variable, that it begins
 * undefined may matter.
 */
import type { CoreCode, Op, Region } from "../core/op.ts";
import { findUses, type Uses } from "../core/uses.ts";
import { type Local, VARIABLE } from "../core/value.ts";
import { HOLDS_REGIONS, regionsOf } from "../core/walk.ts";

type Walk = {
  /** Values that are used, in the order in which they are written. */
  readonly found: Local[];
  /** The ops around, outermost first. */
  readonly around: Op[];
  readonly uses: Uses;
};

export function findLifetimes({ body }: CoreCode, uses: Uses): void {
  const walk: Walk = { found: [], around: [], uses };
  walkRegions(walk, body);
  for (let i = 0; i < walk.found.length; i++) {
    const local = walk.found[i] as Local;
    const { origin } = local;
    const op = local.last as Op;
    local.last = undefined;
    // With no turn an iteration leaves its locals as they were.
    if (origin.kind === "loop" && origin !== op) continue;
    local.isPassing = true;
    op.ends = op.ends.length === 0 ? [local] : [...op.ends, local];
  }
}

function walkRegions(walk: Walk, regions: readonly Region[]): void {
  for (let i = 0; i < regions.length; i++) walkRegion(walk, regions[i] as Region);
}

function walkRegion(walk: Walk, { ops }: Region): void {
  const { found, around, uses } = walk;
  const { read, written } = uses;
  const depth = around.length;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    around[depth] = op;
    findUses(op, uses);
    if (uses.grown !== undefined) read[uses.reads++] = uses.grown;
    for (let k = 0; k < uses.reads; k++) {
      const local = read[k] as Local;
      if (local.last !== undefined) local.last = around[local.home];
    }
    for (let k = 0; k < uses.writes; k++) {
      const local = written[k] as Local;
      if (local.origin === VARIABLE) continue;
      if (local.last === undefined) found.push(local);
      local.home = depth;
      local.last = op;
    }
    if (HOLDS_REGIONS[op.kind]) walkRegions(walk, regionsOf(op));
  }
  around.length = depth;
}
