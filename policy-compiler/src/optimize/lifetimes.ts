/**
 * Where the value of a local is needed no more, so that another may have its place: an engine's
 * time for a function grows with the square of its locals, and V8 takes no more than 50,000.
 *
 * Only a value (core/value.ts) gives its place away, or takes that of another: of a variable, that it begins
 * undefined may matter.
 */
import type { CoreCode, Op, Region } from "../core/op.ts";
import { findUses, newUses, type Uses } from "../core/uses.ts";
import { type Local, VARIABLE } from "../core/value.ts";
import { HOLDS_REGIONS, regionsOf } from "../core/walk.ts";

type Walk = {
  /** How deep the region that writes a local lies. */
  readonly home: Map<Local, number>;
  /** The op of that region that uses it last. */
  readonly last: Map<Local, Op>;
  /** Locals that an iteration writes, by its op: with no turn it leaves them as they were. */
  readonly turns: Map<Local, Op>;
  /** The ops around, outermost first. */
  readonly around: Op[];
  readonly uses: Uses;
};

export function findLifetimes({ body }: CoreCode): void {
  const walk: Walk = { home: new Map(), last: new Map(), turns: new Map(), around: [], uses: newUses() };
  for (const region of body) walkRegion(walk, region);
  walk.last.forEach((op, local) => {
    const turn = walk.turns.get(local);
    if (turn !== undefined && turn !== op) return;
    local.isPassing = true;
    op.ends = op.ends.length === 0 ? [local] : [...op.ends, local];
  });
}

function walkRegion(walk: Walk, { ops }: Region): void {
  const { home, last, turns, around, uses } = walk;
  const { read, written } = uses;
  const depth = around.length;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    around[depth] = op;
    findUses(op, uses);
    if (uses.grown !== undefined) read[uses.reads++] = uses.grown;
    for (let k = 0; k < uses.reads; k++) {
      const local = read[k] as Local;
      const user = around[home.get(local) ?? -1];
      if (user !== undefined) last.set(local, user);
    }
    for (let k = 0; k < uses.writes; k++) {
      const local = written[k] as Local;
      if (local.origin === VARIABLE) continue;
      home.set(local, depth);
      last.set(local, op);
      if (op.kind === "loop") turns.set(local, op);
    }
    if (HOLDS_REGIONS[op.kind]) for (const inner of regionsOf(op)) walkRegion(walk, inner);
  }
  around.length = depth;
}
