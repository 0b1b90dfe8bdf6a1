/**
 * Locals whose value from before may be read: what regions need from outside. Regions run one after
 * the other, and any may be left anywhere, so that what is written in one is not there for the next.
 */
import type { Op, Region } from "../../core/op.ts";
import { findUses, newUses, type Uses } from "../../core/uses.ts";
import type { Local } from "../../core/value.ts";
import { HOLDS_REGIONS, regionsOf } from "../../core/walk.ts";

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
  const uses = newUses();
  for (const region of regions) walk(region, own, found, uses);
  return found;
}

function walk({ ops }: Region, own: Set<Local>, found: Found, uses: Uses): void {
  const { needs, writes, grows } = found;
  const before: Local[] = [];
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    findUses(op, uses);
    for (let k = 0; k < uses.reads; k++) {
      const local = uses.read[k] as Local;
      if (!own.has(local)) needs.add(local);
    }
    const { grown } = uses;
    if (grown !== undefined && !own.has(grown)) {
      needs.add(grown);
      grows.add(grown);
    }
    if (op.kind !== "with") {
      for (let k = 0; k < uses.writes; k++) {
        const local = uses.written[k] as Local;
        writes.add(local);
        if (own.has(local)) continue;
        own.add(local);
        before.push(local);
      }
    }
    if (HOLDS_REGIONS[op.kind]) for (const inner of regionsOf(op)) walk(inner, own, found, uses);
  }
  for (let k = 0; k < before.length; k++) own.delete(before[k] as Local);
}
