/**
 * Where the value of a local is needed no more, so that another may have its place: an engine's
 * time for a function grows with the square of its locals, and V8 takes no more than 50,000.
 *
 * Only a value (core/value.ts) gives its place away, or takes that of another: of a variable, that it begins
 * undefined may matter.
 */
import type { CoreCode, Op, Region } from "../core/op.ts";
import { isValue, type Local, type Value } from "../core/value.ts";
import { eachUse, hasRegions, regionsOf } from "../core/walk.ts";

type Walk = {
  /** How deep the region that writes a local lies. */
  readonly home: Map<Local, number>;
  /** The op of that region that uses it last. */
  readonly last: Map<Local, Op>;
  /** Locals that an iteration writes, by its op: with no turn it leaves them as they were. */
  readonly turns: Map<Local, Op>;
  /** The ops around, outermost first. */
  readonly around: Op[];
};

export function findLifetimes({ body }: CoreCode): void {
  const walk: Walk = { home: new Map(), last: new Map(), turns: new Map(), around: [] };
  for (const region of body) walkRegion(walk, region);
  for (const [local, op] of walk.last) {
    const turn = walk.turns.get(local);
    if (turn !== undefined && turn !== op) continue;
    local.isPassing = true;
    op.ends = [...op.ends, local];
  }
}

function walkRegion(walk: Walk, { ops }: Region): void {
  const depth = walk.around.length;
  const read = (value: Value): void => {
    if (value.kind === "local") use(walk, value);
  };
  let writer: Op | undefined;
  const write = (local: Local): void => {
    if (!isValue(local) || writer === undefined) return;
    walk.home.set(local, depth);
    walk.last.set(local, writer);
    if (writer.kind === "loop") walk.turns.set(local, writer);
  };
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    walk.around[depth] = op;
    writer = op;
    eachUse(op, read, read, write);
    if (hasRegions(op)) for (const inner of regionsOf(op)) walkRegion(walk, inner);
  }
  walk.around.length = depth;
}

function use({ home, last, around }: Walk, local: Local): void {
  const op = around[home.get(local) ?? -1];
  if (op !== undefined) last.set(local, op);
}
