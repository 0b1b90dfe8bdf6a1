/** Regions copied into another function, whose locals are its own, and whose labels may be. */
import type { Label, Op, Region } from "./op.ts";
import { type Local, makeLocal, NO_LOCALS, type Value } from "./value.ts";

/** Gives the locals of the other function; asked for the same one, the same. */
export type Localize = (local: Local) => Local;

export function localizer(known: ReadonlyMap<Local, Local>): Localize {
  const locals = new Map(known);
  return (local) => {
    const own = locals.get(local);
    if (own !== undefined) return own;
    const made = makeLocal(local.id);
    locals.set(local, made);
    return made;
  };
}

/** Gives the labels of the other function. */
export type Relabel = (label: Label) => Label;

const SAME: Relabel = (label) => label;

export function copyRegions(
  regions: readonly Region[],
  localize: Localize,
  relabel: Relabel = SAME,
): readonly Region[] {
  return regions.map((region) => copyRegion(region, localize, relabel));
}

function copyRegion({ label, ops }: Region, localize: Localize, relabel: Relabel): Region {
  return { label: relabel(label), ops: ops.map((op) => leaving(copyOp(op, localize, relabel), relabel)) };
}

function leaving(op: Op, relabel: Relabel): Op {
  return relabel !== SAME && "exit" in op ? { ...op, exit: relabel(op.exit) } : op;
}

function copyOp(op: Op, own: Localize, relabel: Relabel): Op {
  const value = (one: Value): Value => (one.kind === "local" ? own(one) : one);
  const ends = NO_LOCALS;
  switch (op.kind) {
    case "return":
      return { ...op, ends, value: value(op.value) };
    case "result":
      return { ...op, ends, value: own(op.value) };
    case "call":
      return { ...op, ends, args: op.args.map(value), target: own(op.target) };
    case "call-path":
      return { ...op, ends, path: op.path.map(value), args: op.args.map(own), target: own(op.target) };
    case "regions":
      return { ...op, ends, regions: copyRegions(op.regions, own, relabel) };
    case "leave":
    case "give-up":
      return { ...op, ends };
    case "mark":
      return { ...op, ends, rule: typeof op.rule === "number" ? op.rule : own(op.rule) };
    case "get":
      return { ...op, ends, source: value(op.source), key: value(op.key), target: own(op.target) };
    case "input":
      return { ...op, ends, source: own(op.source), target: own(op.target) };
    case "need-input":
      return { ...op, ends, source: own(op.source) };
    case "length":
    case "assign":
    case "assign-once":
      return { ...op, ends, source: value(op.source), target: own(op.target) };
    case "loop": {
      const { source, key, value: member, regions } = op;
      return {
        ...op,
        ends,
        source: own(source),
        key: own(key),
        value: own(member),
        regions: [copyRegion(regions[0], own, relabel)],
      };
    }
    case "not":
      return { ...op, ends, regions: [copyRegion(op.regions[0], own, relabel)] };
    case "with":
      return {
        ...op,
        ends,
        local: own(op.local),
        value: value(op.value),
        regions: [copyRegion(op.regions[0], own, relabel)],
      };
    case "make":
      return { ...op, ends, target: own(op.target) };
    case "grow": {
      const key = op.key === undefined ? undefined : value(op.key);
      return { ...op, ends, collection: own(op.collection), key, value: value(op.value) };
    }
    case "gather": {
      const key = op.key === undefined ? undefined : value(op.key);
      return { ...op, ends, groups: own(op.groups), by: own(op.by), key, value: value(op.value) };
    }
    case "merge":
      return { ...op, ends, a: own(op.a), b: own(op.b), target: own(op.target) };
    case "test":
      return op.b === undefined ? { ...op, ends, a: value(op.a) } : { ...op, ends, a: value(op.a), b: value(op.b) };
    case "one-of":
      return { ...op, ends, value: value(op.value), elements: op.elements.map(value), target: own(op.target) };
    case "rules":
      return { ...op, ends, args: op.args.map(value), target: own(op.target), keys: op.keys.map(own) };
    case "narrow": {
      const sure = op.sure === undefined ? undefined : own(op.sure);
      const { source, data, keys, target } = op;
      return { ...op, ends, source: own(source), data: own(data), keys: keys.map(value), target: own(target), sure };
    }
  }
}
