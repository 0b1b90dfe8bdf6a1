/**
 * The groups of a function: regions beside each other of which each group is a rule of its own, as the
 * planner (ours, and OPA's) lays them out. Three layouts are known:
 *
 *   chain  [v = undefined, …] ([test v is undefined, …])* [test v is defined, result once = v]
 *          a rule with its `else` links; all chains that hold must agree. Where each link
 *          returns v as soon as it has it, the first chain that holds is the answer.
 *   link   a region of one chain: the first that holds gives v
 *   piece  a region that grows the set or object which a first region made
 *
 * A group shares nothing with the others but the parameters, and what it gives.
 */
import { isReset, reset, returnOf } from "../../core/make-op.ts";
import type { CoreFunction, Fresh, Op, Region, RuleSetOp } from "../../core/op.ts";
import type { Local } from "../../core/value.ts";
import { HOLDS_REGIONS, regionsOf, someOp } from "../../core/walk.ts";
import { exposedOf } from "./exposed.ts";

export type Group = {
  /** What is tried, in order: for guards. */
  readonly links: readonly Region[];
  /** The group as a function's regions. */
  readonly body: readonly Region[];
  /** Locals that it writes, each once. */
  readonly writes: readonly Local[];
};

/** Groups that may be called in turn, in the place of the regions from `start` up to `end`. */
export type Run = {
  readonly how: RuleSetOp["how"];
  readonly start: number;
  readonly end: number;
  readonly groups: readonly Group[];
  /** The local that the run gives, or grows. */
  readonly target: Local;
  /** Links alone: regions around them stay. `first` of chains returns the target. */
  readonly returns: boolean;
};

type Scope = { readonly params: ReadonlySet<Local>; readonly fresh: Fresh };

type Shape = Pick<Run, "how" | "target" | "returns"> & { readonly end: number; readonly group: Group };

/** Runs of at least `least` groups. */
export function runsOf(func: CoreFunction, least: number): readonly Run[] {
  const regions = func.body;
  if (regions.length < least) return []; // a group has a region of its own
  const scope: Scope = { params: new Set(func.params), fresh: func.fresh };
  const runs: Run[] = [];
  for (let start = 0; start < regions.length; ) {
    const run = runAt(regions, start, scope, least);
    if (run === undefined) start++;
    else {
      if (run.groups.length >= least) runs.push(run);
      start = run.end;
    }
  }
  return runs.length > 0 && isClosed(regions, runs) ? runs : [];
}

function runAt(regions: readonly Region[], start: number, scope: Scope, least: number): Run | undefined {
  const groups: Group[] = [];
  let first: Shape | undefined;
  let at = start;
  for (;;) {
    const shape = chainAt(regions, at, scope) ?? pieceAt(regions, at, scope);
    if (shape === undefined || (first !== undefined && !isSame(shape, first))) break;
    first ??= shape;
    groups.push(shape.group);
    at = shape.end;
  }
  if (first === undefined) return undefined;
  const links = groups.length === 1 ? linksAt(regions, start, scope) : undefined;
  if (links !== undefined && links.groups.length >= least) return links;
  return { how: first.how, target: first.target, returns: first.returns, start, end: at, groups };
}

function isSame(a: Shape, b: Shape): boolean {
  return a.how === b.how && a.target === b.target && a.returns === b.returns;
}

/** No region outside reads what a group has written. */
function isClosed(regions: readonly Region[], runs: readonly Run[]): boolean {
  const needed = new Set<Local>();
  let at = 0;
  for (const { start, end, target } of runs) {
    for (const local of exposedOf(regions.slice(at, start)).needs) if (local !== target) needed.add(local);
    at = end;
  }
  for (const local of exposedOf(regions.slice(at)).needs) needed.add(local);
  return runs.every(({ groups, target }) => groups.every(({ writes }) => !writesOneOf(writes, needed, target)));
}

/** `but`: not counting this one. */
function writesOneOf(writes: readonly Local[], locals: ReadonlySet<Local>, but?: Local): boolean {
  for (let i = 0; i < writes.length; i++) {
    const local = writes[i] as Local;
    if (local !== but && locals.has(local)) return true;
  }
  return false;
}

// ── chains ──

type Chain = {
  readonly links: readonly Region[];
  readonly end: number;
  readonly value: Local;
  readonly result: Local;
};

function findChain(regions: readonly Region[], at: number): Chain | undefined {
  const first = regions[at]?.ops[0];
  if (!isReset(first)) return undefined;
  const value = first.target;
  let end = at + 1;
  while (isUndefinedTest(regions[end]?.ops[0], value)) end++;
  const result = closes(regions[end], value);
  if (result === undefined || result === value) return undefined;
  return { links: regions.slice(at, end), end: end + 1, value, result };
}

function isUndefinedTest(op: Op | undefined, value: Local): boolean {
  return op?.kind === "test" && op.test === "undefined" && op.a === value;
}

/** The result of a region that gives the chain's value to it, and does nothing else. */
function closes(region: Region | undefined, value: Local): Local | undefined {
  const test = region?.ops[0];
  const assign = region?.ops[1];
  if (test?.kind !== "test" || test.test !== "defined" || test.a !== value || region?.ops.length !== 2)
    return undefined;
  return assign?.kind === "assign-once" && assign.source === value ? assign.target : undefined;
}

function chainAt(regions: readonly Region[], at: number, { params, fresh }: Scope): Shape | undefined {
  const chain = findChain(regions, at);
  if (chain === undefined) return undefined;
  const { links, value, result, end } = chain;
  const returns = returnsOf(links, value);
  if (returns === undefined) return undefined;
  const writes = ownWrites(links, params, value, result);
  if (writes === undefined) return undefined;
  const group = { links, body: [...links, give(value, fresh)], writes };
  return { how: returns ? "first" : "agree", target: returns ? value : result, returns, end, group };
}

function give(value: Local, fresh: Fresh): Region {
  return { label: fresh.label++, ops: [returnOf(value)] };
}

/** Whether each link returns the value as soon as it has it; undefined where some do, or return something else. */
function returnsOf(links: readonly Region[], value: Local): boolean | undefined {
  const count = { assigns: 0, returns: 0, others: 0, atOnce: 0 };
  for (const link of links) countReturns(link, value, count);
  if (count.others > 0) return undefined;
  if (count.returns === 0) return false;
  return count.atOnce === count.assigns ? true : undefined;
}

type Returns = { assigns: number; returns: number; others: number; atOnce: number };

function countReturns({ ops }: Region, value: Local, count: Returns): void {
  let assigned = false;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    if (op.kind === "return") {
      count.returns++;
      if (op.value !== value) count.others++;
      else if (assigned) count.atOnce++;
    }
    assigned = (op.kind === "assign-once" || (op.kind === "assign" && !isReset(op))) && op.target === value;
    if (assigned) count.assigns++;
    if (!HOLDS_REGIONS[op.kind]) continue;
    const inside = regionsOf(op);
    for (let j = 0; j < inside.length; j++) countReturns(inside[j] as Region, value, count);
  }
}

/** What the regions write, where they need no local but parameters and `given`, and write neither parameters nor the result. */
function ownWrites(
  regions: readonly Region[],
  params: ReadonlySet<Local>,
  given: Local | undefined,
  result: Local | undefined,
): readonly Local[] | undefined {
  const { needs, writes, grows } = exposedOf(regions);
  if (grows.length > 0) return undefined;
  if (!needs.every((local) => params.has(local) || local === given)) return undefined;
  const writesResult = result !== undefined && writes.includes(result);
  return writesResult || writesOneOf(writes, params) ? undefined : writes;
}

// ── links ──

function linksAt(regions: readonly Region[], at: number, { params, fresh }: Scope): Run | undefined {
  const chain = findChain(regions, at);
  if (chain === undefined) return undefined;
  const { links, value, result, end } = chain;
  if (returnsOf(links, value) === undefined) return undefined;
  const groups: Group[] = [];
  for (const { label, ops } of links) {
    const link: Region = { label, ops: [reset(value), ...ops.slice(1)] };
    const writes = ownWrites([link], params, undefined, result);
    if (writes === undefined) return undefined;
    groups.push({ links: [link], body: [link, give(value, fresh)], writes });
  }
  const returns = someOp(links, ({ kind }) => kind === "return");
  return { how: "first", target: value, returns, start: at, end: returns ? end : end - 1, groups };
}

// ── pieces ──

function pieceAt(regions: readonly Region[], at: number, { params }: Scope): Shape | undefined {
  const region = regions[at];
  if (region === undefined || at === 0) return undefined;
  const { needs, writes, grows } = exposedOf([region]);
  const [target, more] = grows;
  if (target === undefined || more !== undefined || params.has(target)) return undefined;
  for (const local of needs) if (!params.has(local) && local !== target) return undefined;
  for (const local of writes) if (params.has(local) || local === target) return undefined;
  if (someOp([region], ({ kind }) => kind === "return")) return undefined;
  return { how: "grow", target, returns: false, end: at + 1, group: { links: [region], body: [region], writes } };
}
