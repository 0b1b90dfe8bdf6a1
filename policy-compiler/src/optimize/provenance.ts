/**
 * Which parts of input are worth a look-up among the atoms when they are read: those that are compared or
 * looked up in a loop, by another function, in a collection or an index. What is compared once or twice with a constant
 * is compared byte by byte faster than it is hashed.
 */
import type { CoreModule, EachCode } from "../core/module.ts";
import type { CoreCode, InputOp, NarrowOp, Op, Region } from "../core/op.ts";
import { findUses, newUses, type Uses } from "../core/uses.ts";
import type { Local, Value } from "../core/value.ts";
import { HOLDS_REGIONS, regionsOf } from "../core/walk.ts";
import { isMembership } from "./membership.ts";

/** Comparisons that cost less than the look-up. */
const FEW = 2;

type Walk = {
  readonly module: CoreModule;
  readonly slots: InputOp[];
  /** Path of each local of the function that holds a slot's value, as JSON text. */
  readonly paths: Map<Local, string>;
  readonly counts: Map<string, number>;
  readonly often: Set<string>;
  /** Arrays whose elements an index of data asks for one by one: it looks up those that it needs. */
  readonly narrowed: Set<string>;
  readonly uses: Uses;
};

export function findProvenance(module: CoreModule): EachCode {
  const shared = { module, slots: [], counts: new Map(), often: new Set<string>(), narrowed: new Set<string>() };
  const walk: Walk = { ...shared, paths: new Map(), uses: newUses() };
  const end = (): void => {
    for (const slot of walk.slots) {
      const name = JSON.stringify(slot.path);
      slot.looksUp = !walk.narrowed.has(name) && (walk.often.has(name) || (walk.counts.get(name) ?? 0) > FEW);
    }
  };
  const each = ({ body }: CoreCode): void => {
    if (walk.paths.size > 0) walk.paths.clear();
    walkRegions(walk, body, false);
  };
  return { each, end };
}

function walkRegions(walk: Walk, regions: readonly Region[], isLoop: boolean): void {
  const { paths, counts, often, uses } = walk;
  for (let i = 0; i < regions.length; i++) {
    const { ops } = regions[i] as Region;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      if (op.kind === "input") {
        walk.slots.push(op);
        paths.set(op.target, JSON.stringify(op.path));
      } else if (paths.size > 0) {
        findUses(op, uses);
        for (let k = 0; k < uses.reads; k++) {
          const local = uses.read[k] as Local;
          const path = paths.get(local);
          if (path === undefined) continue;
          if (isLoop || asksOften(op, local)) often.add(path);
          else counts.set(path, (counts.get(path) ?? 0) + 1);
        }
      }
      if (op.kind === "narrow") noteSegments(walk, op);
      if (HOLDS_REGIONS[op.kind]) walkRegions(walk, regionsOf(op), isLoop || op.kind === "loop");
    }
  }
}

function noteSegments({ module, paths, narrowed }: Walk, { index, keys }: NarrowOp): void {
  for (const { test, key } of module.indexes[index]?.levels ?? []) {
    const asked = test === "segments" ? keys[key] : undefined;
    const path = asked?.kind === "local" ? paths.get(asked) : undefined;
    if (path !== undefined) narrowed.add(path);
  }
}

/** The value goes where many others are. */
function asksOften(op: Op, value: Value): boolean {
  switch (op.kind) {
    case "call":
      return op.callee.kind === "function" || isMembership(op);
    case "call-path":
    case "rules":
    case "narrow":
    case "assign":
    case "assign-once":
    case "return":
      return true;
    case "get":
      return value === op.key;
    default:
      return false;
  }
}
