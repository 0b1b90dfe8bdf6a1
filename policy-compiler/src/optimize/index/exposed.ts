/**
 * Locals whose value from before may be read: what regions need from outside. Regions run one after
 * the other, and any may be left anywhere, so that what is written in one is not there for the next.
 */
import type { Op, Region } from "../../core/op.ts";
import type { Local, Value } from "../../core/value.ts";
import { eachRead, eachUse, hasRegions, regionsOf } from "../../core/walk.ts";

export type Exposed = {
  /** Read before the region itself has written them. */
  readonly needs: ReadonlySet<Local>;
  /** Written to stay; what `with` replaces is put back. */
  readonly writes: ReadonlySet<Local>;
  /** Grown without being made there. */
  readonly grows: ReadonlySet<Local>;
};

type Found = { readonly needs: Set<Local>; readonly writes: Set<Local>; readonly grows: Set<Local> };

export function exposedOf(regions: readonly Region[]): Exposed {
  const found: Found = { needs: new Set(), writes: new Set(), grows: new Set() };
  const own = new Set<Local>();
  for (const region of regions) walk(region, own, found);
  return found;
}

function walk({ ops }: Region, own: Set<Local>, found: Found): void {
  const before: Local[] = [];
  const read = (value: Value): void => {
    if (value.kind === "local" && !own.has(value)) found.needs.add(value);
  };
  const write = (local: Local): void => {
    found.writes.add(local);
    if (own.has(local)) return;
    own.add(local);
    before.push(local);
  };
  const grow = (grown: Local): void => {
    if (own.has(grown)) return;
    found.needs.add(grown);
    found.grows.add(grown);
  };
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    if (op.kind === "with") eachRead(op, read);
    else eachUse(op, read, grow, write);
    if (hasRegions(op)) for (const inner of regionsOf(op)) walk(inner, own, found);
  }
  for (const local of before) own.delete(local);
}
