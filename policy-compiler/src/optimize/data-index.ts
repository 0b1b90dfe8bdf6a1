/**
 * Data indexing: an iteration over a collection of the data whose region begins with tests of its members
 * (data/levels.ts) goes over those alone that an index of the data leaves for what is asked: `some grant in
 * data.roles[role]; http.method in grant.methods` looks at the grants of that method. The runtime makes the
 * indexes when data is loaded for the fast path (runtime/assembly/data-index); elsewhere, and for values
 * that an index says nothing of, the iteration goes over all.
 */
import { findTerm, nameOf, newLocal, plainValue } from "../core/guard.ts";
import type { DataIndex } from "../core/index-node.ts";
import { assign, markOf, regionsOp, reset, testOf } from "../core/make-op.ts";
import type { CoreModule } from "../core/module.ts";
import type { CoreFunction, Fresh, LoopOp, NarrowOp, Op, Region } from "../core/op.ts";
import { countReads, forgetReads, newUses, type Uses } from "../core/uses.ts";
import { type Local, NO_LOCALS, TRUE, Type, UNCOUNTED, type Value } from "../core/value.ts";
import { eachOp, eachRead, eachWrite, HOLDS_REGIONS, regionsOf } from "../core/walk.ts";
import { type Asked, type Levels, levelsOf } from "./data/levels.ts";
import { isSameForAll, type Proven, type ProvenWhole } from "./data/proof.ts";
import { isData, type Root, rootsOf } from "./data/roots.ts";

/** Iterations in iterations that are looked at: each is read again for every one around it. */
const DEPTH_MAX = 6;

type Path = readonly (string | undefined)[];

/** The indexes so far, each once: rules that ask alike share one. */
type Indexes = { readonly all: DataIndex[]; readonly places: Map<string, number> };

type Walk = {
  readonly indexes: Indexes;
  readonly root: Root;
  readonly code: CoreFunction;
  readonly data: Local;
  /** Where in the data a local's value comes from: what it says decides what is indexed, and nothing else. */
  readonly paths: Map<Local, Path>;
  /** The locals that the function reads, once an iteration wants to know how often. */
  counted: readonly Local[] | undefined;
  readonly uses: Uses;
};

export function indexData(module: CoreModule): void {
  const indexes: Indexes = { all: [], places: new Map() };
  const roots = rootsOf(module);
  const uses = newUses();
  for (const code of module.functions) {
    const root = roots.get(code);
    const data = code.params.find(isData);
    if (root === undefined || data === undefined) continue;
    const walk: Walk = { indexes, root, code, data, paths: new Map([[data, []]]), counted: undefined, uses };
    for (const region of code.body) indexRegion(walk, region, 0);
    if (walk.counted !== undefined) forgetReads(walk.counted);
  }
  module.indexes = indexes.all;
}

function indexRegion(walk: Walk, region: Region, depth: number): void {
  const { ops } = region;
  /** From the first iteration on that has an index. */
  let out: Op[] | undefined;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    const narrowed = op.kind === "loop" ? enterLoop(walk, op, depth) : undefined;
    if (op.kind === "get" || op.kind === "assign") notePath(walk, op);
    if (narrowed === undefined) out?.push(op);
    else {
      out ??= ops.slice(0, i);
      out.push(...narrowed);
    }
    const inside = narrowed?.at(-1) ?? op;
    if (!HOLDS_REGIONS[inside.kind]) continue;
    for (const inner of regionsOf(inside)) indexRegion(walk, inner, op.kind === "loop" ? depth + 1 : depth);
  }
  if (out !== undefined) region.ops = out;
}

/** Follows where locals come from. */
function notePath({ paths }: Walk, op: Extract<Op, { readonly kind: "get" | "assign" }>): void {
  if (op.kind === "get") {
    const { source, key, target } = op;
    const path = source.kind === "local" ? paths.get(source) : undefined;
    const name = key.kind === "constant" && key.type === Type.string ? key.text : undefined;
    if (path !== undefined) paths.set(target, [...path, name]);
  } else if (op.source.kind === "local") {
    const path = paths.get(op.source);
    if (path !== undefined) paths.set(op.target, path);
  }
}

/** The iteration, and what is to stand before it, where there is an index. */
function enterLoop(walk: Walk, loop: LoopOp, depth: number): readonly Op[] | undefined {
  const path = walk.paths.get(loop.source);
  if (path === undefined) return undefined;
  walk.paths.set(loop.value, [...path, undefined]);
  return depth < DEPTH_MAX ? narrow(walk, loop, path) : undefined;
}

function narrow(walk: Walk, loop: LoopOp, path: Path): readonly Op[] | undefined {
  walk.counted ??= countReads(walk.code.body, walk.uses);
  const { fresh } = walk.code;
  const found = levelsOf(loop, walk.uses);
  const { witness, levels } = chosen(found.asked);
  if (levels.length === 0) return undefined;
  const ops: Op[] = [];
  const places = new Map<string, number>();
  const keys: Value[] = [];
  for (const { key } of levels) {
    const name = nameOf(key);
    if (places.has(name)) continue;
    places.set(name, keys.length);
    if (key.kind !== "dot") keys.push(plainValue(key));
    else {
      const target = newLocal(fresh);
      ops.push(...findTerm(key, target, fresh));
      keys.push(target);
    }
  }
  const index: DataIndex = {
    root: walk.root,
    path,
    witness,
    levels: levels.map(({ test, part, constants, at, key }) => {
      const of = at.steps.length === 0 ? "member" : "witness";
      return { test, part, constants, key: places.get(nameOf(key)) ?? 0, of };
    }),
    keepsArrays: isRead(loop.key),
  };
  const target = newLocal(fresh);
  const sure = newLocal(fresh);
  const shorter = shorten(loop, { found, levels, sure, fresh });
  if (shorter !== undefined) walk.code.survey = undefined;
  const { source } = loop;
  const narrowed: NarrowOp = {
    kind: "narrow",
    at: {},
    weight: 0,
    ends: NO_LOCALS,
    source,
    data: walk.data,
    index: placeOf(walk.indexes, index),
    keys,
    target,
    sure: shorter === undefined ? undefined : sure,
  };
  ops.push(narrowed, { ...loop, source: target, regions: [shorter ?? loop.regions[0]] });
  return ops;
}

/** Some op of the function reads the local: what nobody has counted is read by none. */
function isRead({ reads }: Local): boolean {
  return reads !== UNCOUNTED;
}

type Shortening = {
  readonly found: Levels;
  /** Those that the index asks. */
  readonly levels: readonly Asked[];
  readonly sure: Local;
  readonly fresh: Fresh;
};

/** The iteration's region, where the index makes some of it needless. */
function shorten(loop: LoopOp, { found, levels, sure, fresh }: Shortening): Region | undefined {
  const { asked, proven, whole } = found;
  const isAsked = (first: number, ofMember: boolean) =>
    first <= asked.length &&
    asked.slice(0, first).every((level) => levels.includes(level) && (!ofMember || level.at.steps.length === 0));
  if (whole !== undefined && isAsked(whole.levels, false) && isSameForAll(whole.rest, writtenBeside(loop, whole)))
    return onceIfSure(loop.regions[0], whole, sure, fresh);
  if (proven === undefined || !isDear(loop.regions[0].ops, proven) || !isAsked(proven.levels, true)) return undefined;
  return keepsToItself(loop, proven) ? unlessSure(loop.regions[0], proven, sure, fresh) : undefined;
}

/** The proven ops are more than a comparison or two: to find out that they need not run takes half a dozen small ops. */
function isDear(all: readonly Op[], { ops }: Proven): boolean {
  return ops > 2 || all.slice(0, ops).some(({ kind }) => kind !== "test" && kind !== "assign");
}

/** What the iteration writes before the rest. */
function writtenBeside({ key, value, regions }: LoopOp, { rest }: ProvenWhole): ReadonlySet<Local> {
  const written = new Set([key, value]);
  eachOp(regions, (op) => {
    if (!rest.includes(op)) eachWrite(op, (local) => written.add(local));
  });
  return written;
}

/** What the proven ops write is read by none but them. */
function keepsToItself({ regions: [body] }: LoopOp, { ops }: Proven): boolean {
  const proven: Region = { label: body.label, ops: body.ops.slice(0, ops) };
  const written = new Set<Local>();
  const inside = new Map<Value, number>();
  eachOp([proven], (op) => {
    eachWrite(op, (local) => written.add(local));
    eachRead(op, (value) => inside.set(value, (inside.get(value) ?? 0) + 1));
  });
  return [...written].every((local) => !isRead(local) || local.reads === inside.get(local));
}

/** The region, whose proven ops run only where `sure` is undefined. */
function unlessSure({ label, ops: all }: Region, { ops, marks }: Proven, sure: Local, fresh: Fresh): Region {
  const holds = newLocal(fresh);
  const before = either({ sure, holds, known: marks.map(markOf), asked: all.slice(0, ops), fresh });
  return { label, ops: [...before, testOf("defined", holds, label), ...all.slice(ops)] };
}

/** The region, where `sure` is defined its rest alone. */
function onceIfSure({ label, ops }: Region, { rest, marks }: ProvenWhole, sure: Local, fresh: Fresh): Region {
  const known = [...marks.map(markOf), ...rest.map((op) => ({ ...op }))];
  return { label, ops: either({ sure, holds: newLocal(fresh), known, asked: ops, fresh }) };
}

type Either = {
  readonly sure: Local;
  /** Defined behind that which comes to its end. */
  readonly holds: Local;
  readonly known: readonly Op[];
  readonly asked: readonly Op[];
  readonly fresh: Fresh;
};

/** `known` where `sure` is defined, otherwise `asked`, which ends the region around where it does not hold. */
function either({ sure, holds, known, asked, fresh }: Either): readonly Op[] {
  const [first, second] = [fresh.label++, fresh.label++];
  const hold = () => assign(holds, TRUE);
  return [
    reset(holds),
    regionsOp([
      { label: first, ops: [testOf("defined", sure, first), hold(), ...known] },
      { label: second, ops: [testOf("undefined", holds, second), ...asked, hold()] },
    ]),
  ];
}

function placeOf({ all, places }: Indexes, index: DataIndex): number {
  const text = JSON.stringify(index);
  const known = places.get(text);
  if (known !== undefined) return known;
  places.set(text, all.length);
  return all.push(index) - 1;
}

/** An index asks of a member, and of one thing that it leads to: the furthest. */
function chosen(asked: readonly Asked[]): Pick<DataIndex, "witness"> & { readonly levels: readonly Asked[] } {
  let far = asked[0]?.at ?? { steps: [] };
  for (const { at } of asked) if (at.steps.length > far.steps.length) far = at;
  const levels: Asked[] = [];
  for (const level of asked) {
    if (level.at.steps.length === 0 || level.at === far) levels.push(level);
    // Behind a count that is not asked about, nothing is: it may fail with an error.
    else if (level.test === "count") break;
  }
  return { witness: far.steps, levels };
}
