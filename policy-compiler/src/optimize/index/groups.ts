/**
 * The groups of a function: blocks beside each other of which each group is a rule of its own, as the
 * planner (ours, and OPA's) lays them out. Three layouts are known:
 *
 *   chain  [ResetLocal v, …] ([IsUndefined v, …])* [IsDefined v, AssignVarOnce v → result]
 *          a rule with its `else` links; all chains that hold must agree. Where each link
 *          returns v as soon as it has it, the first chain that holds is the answer.
 *   link   a block of one chain: the first that holds gives v
 *   piece  a block that grows the set or object which a first block made
 *
 * A group shares nothing with the others but the parameters, and what it gives.
 */
import type { IrBlock, IrDispatch, IrFunc, IrStmt } from "../../ir/policy.ts";
import { blocksOf, HAS_BLOCKS, someStmtOf } from "../../ir/walk.ts";
import { exposedOf } from "./exposed.ts";

export type Group = {
  /** What is tried, in order: for guards. */
  readonly links: readonly IrBlock[];
  /** The group as a function's blocks. */
  readonly blocks: readonly IrBlock[];
  /** Locals that it writes. */
  readonly writes: ReadonlySet<number>;
};

/** Groups that may be called in turn, in the place of the blocks from `start` up to `end`. */
export type Run = {
  readonly how: IrDispatch["how"];
  readonly start: number;
  readonly end: number;
  readonly groups: readonly Group[];
  /** The local that the run gives, or grows. */
  readonly target: number;
  /** Links alone: blocks around them stay. `first` of chains returns the target. */
  readonly returns: boolean;
};

type Shape = Pick<Run, "how" | "target" | "returns"> & { readonly end: number; readonly group: Group };

/** Runs of at least `least` groups. */
export function runsOf(func: IrFunc, least: number): readonly Run[] {
  const blocks = func.blocks ?? [];
  if (blocks.length < least) return []; // a group has a block of its own
  const params = new Set(func.params);
  const runs: Run[] = [];
  for (let start = 0; start < blocks.length; ) {
    const run = runAt(blocks, start, params, least);
    if (run === undefined) start++;
    else {
      if (run.groups.length >= least) runs.push(run);
      start = run.end;
    }
  }
  return runs.length > 0 && isClosed(blocks, runs) ? runs : [];
}

function runAt(blocks: readonly IrBlock[], start: number, params: ReadonlySet<number>, least: number): Run | undefined {
  const groups: Group[] = [];
  let first: Shape | undefined;
  let at = start;
  for (;;) {
    const shape = chainAt(blocks, at, params) ?? pieceAt(blocks, at, params);
    if (shape === undefined || (first !== undefined && !isSame(shape, first))) break;
    first ??= shape;
    groups.push(shape.group);
    at = shape.end;
  }
  if (first === undefined) return undefined;
  const links = groups.length === 1 ? linksAt(blocks, start, params) : undefined;
  if (links !== undefined && links.groups.length >= least) return links;
  return { how: first.how, target: first.target, returns: first.returns, start, end: at, groups };
}

function isSame(a: Shape, b: Shape): boolean {
  return a.how === b.how && a.target === b.target && a.returns === b.returns;
}

/** No block outside reads what a group has written. */
function isClosed(blocks: readonly IrBlock[], runs: readonly Run[]): boolean {
  const written = new Set<number>();
  for (const { groups, target } of runs) {
    for (const { writes } of groups) for (const local of writes) written.add(local);
    written.delete(target);
  }
  let at = 0;
  for (const { start, end, target } of runs) {
    for (const local of exposedOf(blocks.slice(at, start)).needs)
      if (local !== target && written.has(local)) return false;
    at = end;
  }
  return ![...exposedOf(blocks.slice(at)).needs].some((local) => written.has(local));
}

// ── chains ──

type Chain = {
  readonly links: readonly IrBlock[];
  readonly end: number;
  readonly value: number;
  readonly result: number;
};

function findChain(blocks: readonly IrBlock[], at: number): Chain | undefined {
  const value = isReset(blocks[at]?.stmts?.[0]);
  if (value === undefined) return undefined;
  let end = at + 1;
  while (isUndefinedTest(blocks[end]?.stmts?.[0], value)) end++;
  const result = closes(blocks[end], value);
  if (result === undefined || result === value) return undefined;
  return { links: blocks.slice(at, end), end: end + 1, value, result };
}

function isReset(stmt: IrStmt | undefined): number | undefined {
  return stmt?.type === "ResetLocalStmt" ? stmt.stmt.target : undefined;
}

function isUndefinedTest(stmt: IrStmt | undefined, value: number): boolean {
  return stmt?.type === "IsUndefinedStmt" && stmt.stmt.source === value;
}

/** The result of a block that gives the chain's value to it, and does nothing else. */
function closes(block: IrBlock | undefined, value: number): number | undefined {
  const [test, assign, more] = block?.stmts ?? [];
  if (test?.type !== "IsDefinedStmt" || test.stmt.source !== value || more !== undefined) return undefined;
  if (assign?.type !== "AssignVarOnceStmt") return undefined;
  const { source, target } = assign.stmt;
  return source.type === "local" && source.value === value ? target : undefined;
}

function chainAt(blocks: readonly IrBlock[], at: number, params: ReadonlySet<number>): Shape | undefined {
  const chain = findChain(blocks, at);
  if (chain === undefined) return undefined;
  const { links, value, result, end } = chain;
  const returns = returnsOf(links, value);
  if (returns === undefined) return undefined;
  const writes = ownWrites(links, params, value, result);
  if (writes === undefined) return undefined;
  const group = { links, blocks: [...links, give(value)], writes };
  return { how: returns ? "first" : "agree", target: returns ? value : result, returns, end, group };
}

function give(value: number): IrBlock {
  return { stmts: [{ type: "ReturnLocalStmt", stmt: { source: value } }] };
}

/** Whether each link returns the value as soon as it has it; undefined where some do, or return something else. */
function returnsOf(links: readonly IrBlock[], value: number): boolean | undefined {
  const count = { assigns: 0, returns: 0, others: 0, atOnce: 0 };
  for (const link of links) countReturns(link, value, count);
  if (count.others > 0) return undefined;
  if (count.returns === 0) return false;
  return count.atOnce === count.assigns ? true : undefined;
}

type Returns = { assigns: number; returns: number; others: number; atOnce: number };

function countReturns({ stmts }: IrBlock, value: number, count: Returns): void {
  let assigned = false;
  for (const statement of stmts ?? []) {
    const { type, stmt } = statement;
    const isReturn = type === "ReturnLocalStmt";
    if (isReturn) {
      count.returns++;
      if (stmt.source !== value) count.others++;
      else if (assigned) count.atOnce++;
    }
    assigned = (type === "AssignVarOnceStmt" || type === "AssignVarStmt") && stmt.target === value;
    if (assigned) count.assigns++;
    if (!HAS_BLOCKS.has(type)) continue;
    for (const inner of blocksOf(statement)) countReturns(inner, value, count);
  }
}

/** What the blocks write, where they need no local but parameters and `given`, and write neither parameters nor the result. */
function ownWrites(
  blocks: readonly IrBlock[],
  params: ReadonlySet<number>,
  given: number | undefined,
  result: number | undefined,
): ReadonlySet<number> | undefined {
  const { needs, writes, grows } = exposedOf(blocks);
  if (grows.size > 0) return undefined;
  for (const local of needs) if (!params.has(local) && local !== given) return undefined;
  for (const local of writes) if (params.has(local) || local === result) return undefined;
  return writes;
}

// ── links ──

function linksAt(blocks: readonly IrBlock[], at: number, params: ReadonlySet<number>): Run | undefined {
  const chain = findChain(blocks, at);
  if (chain === undefined) return undefined;
  const { links, value, result, end } = chain;
  if (returnsOf(links, value) === undefined) return undefined;
  const groups: Group[] = [];
  for (const { stmts } of links) {
    const begin: IrStmt = { type: "ResetLocalStmt", stmt: { target: value } };
    const link: IrBlock = { stmts: [begin, ...(stmts ?? []).slice(1)] };
    const writes = ownWrites([link], params, undefined, result);
    if (writes === undefined) return undefined;
    groups.push({ links: [link], blocks: [link, give(value)], writes });
  }
  const returns = someStmtOf(links, ({ type }) => type === "ReturnLocalStmt");
  return { how: "first", target: value, returns, start: at, end: returns ? end : end - 1, groups };
}

// ── pieces ──

function pieceAt(blocks: readonly IrBlock[], at: number, params: ReadonlySet<number>): Shape | undefined {
  const block = blocks[at];
  if (block === undefined || at === 0) return undefined;
  const { needs, writes, grows } = exposedOf([block]);
  const [target, more] = grows;
  if (target === undefined || more !== undefined || params.has(target)) return undefined;
  for (const local of needs) if (!params.has(local) && local !== target) return undefined;
  for (const local of writes) if (params.has(local) || local === target) return undefined;
  if (someStmtOf([block], ({ type }) => type === "ReturnLocalStmt")) return undefined;
  return { how: "grow", target, returns: false, end: at + 1, group: { links: [block], blocks: [block], writes } };
}
