/**
 * Regions inside regions, emitted without recursion: an iteration holds everything after it, so
 * a plan nests as deeply as its longest body is long.
 *
 * Fuel is taken ahead, for the ops of a stretch, where a function or a turn of an
 * iteration begins; a longer stretch takes more on its way, where it can at the beginning of
 * a region: what leaves a region early has not paid for what it did not do.
 */
import type { Op, Region } from "../core/op.ts";
import { STRETCH_MAX } from "../optimize/fuel.ts";
import { endLocals } from "./body.ts";
import { closeFrame, openFrame } from "./frame.ts";
import type { Nested, OpContext } from "./op-context.ts";
import { emitOp } from "./ops.ts";
import { tick } from "./steps.ts";

type Open = { readonly ops: readonly Op[]; next: number; readonly end: () => void; readonly inside: Nested[] };

/** The regions of a function or plan, one after the other; `paid` units are taken already. */
export function emitRegions(context: OpContext, regions: readonly Region[], paid: number): void {
  const { body } = context;
  const end = () => closeFrame(body);
  const outermost: Open = { ops: [], next: 0, end: () => undefined, inside: [] };
  const opened: Open[] = [outermost];
  const nest = (open: Open, nested: readonly Nested[]): void => {
    for (let i = nested.length - 1; i >= 0; i--) open.inside.push(nested[i] as Nested);
  };
  nest(
    outermost,
    regions.map((region) => ({ begin: () => openFrame(body, region.label), region, end })),
  );
  let due = -paid;
  const pay = () => {
    tick(body, due);
    due = 0;
  };
  for (let top = opened.at(-1); top !== undefined; top = opened.at(-1)) {
    const inner = top.inside.pop();
    if (inner !== undefined) {
      inner.begin?.();
      if (due > STRETCH_MAX) pay();
      opened.push({ ops: inner.region.ops, next: 0, end: inner.end, inside: [] });
      continue;
    }
    const done = top.ops[top.next - 1];
    if (done !== undefined && done.ends.length > 0) endLocals(body, done);
    const op = top.ops[top.next++];
    if (op === undefined) {
      opened.pop();
      top.end();
      continue;
    }
    due += op.weight;
    if (due > 4 * STRETCH_MAX) pay();
    const nested = emitOp(context, op);
    if (nested.length > 0) nest(top, nested);
    if (op.kind === "loop") due = -op.turn;
  }
}
