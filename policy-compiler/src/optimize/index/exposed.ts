/**
 * Locals whose value from before may be read: what regions need from outside. Regions run one after
 * the other, and any may be left anywhere, so that what is written in one is not there for the next.
 */
import type { Op, Region } from "../../core/op.ts";
import { findUses, newUses, type Uses } from "../../core/uses.ts";
import type { Local } from "../../core/value.ts";
import { HOLDS_REGIONS, regionsOf } from "../../core/walk.ts";

/** Each local once. */
export type Exposed = {
  /** Read before the region itself has written them. */
  readonly needs: readonly Local[];
  /** Written to stay; what `with` replaces is put back. */
  readonly writes: readonly Local[];
  /** Grown without being made there. */
  readonly grows: readonly Local[];
};

/** Bits of `Local.seen`. */
const Seen = {
  /** Written in this region, or in one around. */
  own: 1,
  needed: 2,
  written: 4,
  grown: 8,
} as const;

type Found = { readonly needs: Local[]; readonly writes: Local[]; readonly grows: Local[] };

export function exposedOf(regions: readonly Region[]): Exposed {
  const found: Found = { needs: [], writes: [], grows: [] };
  const uses = newUses();
  walk(regions, found, uses);
  for (let i = 0; i < found.needs.length; i++) (found.needs[i] as Local).seen = 0;
  for (let i = 0; i < found.writes.length; i++) (found.writes[i] as Local).seen = 0;
  return found;
}

function walk(regions: readonly Region[], found: Found, uses: Uses): void {
  const { needs, writes, grows } = found;
  for (let i = 0; i < regions.length; i++) {
    const { ops } = regions[i] as Region;
    const own: Local[] = [];
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      findUses(op, uses);
      if (uses.grown !== undefined) {
        note(uses.grown, Seen.grown, grows);
        uses.read[uses.reads++] = uses.grown;
      }
      for (let k = 0; k < uses.reads; k++) note(uses.read[k] as Local, Seen.needed, needs);
      if (op.kind !== "with") {
        for (let k = 0; k < uses.writes; k++) {
          const local = uses.written[k] as Local;
          if ((local.seen & Seen.written) === 0) writes.push(local);
          if ((local.seen & Seen.own) === 0) own.push(local);
          local.seen |= Seen.written | Seen.own;
        }
      }
      if (HOLDS_REGIONS[op.kind]) walk(regionsOf(op), found, uses);
    }
    for (let k = 0; k < own.length; k++) (own[k] as Local).seen &= ~Seen.own;
  }
}

/** What was not written before. */
function note(local: Local, bit: number, noted: Local[]): void {
  if ((local.seen & (Seen.own | bit)) !== 0) return;
  local.seen |= bit;
  noted.push(local);
}
