/**
 * Data indexing: an iteration over a collection of the data whose block begins with tests of its members
 * (data/levels.ts) goes over those alone that an index of the data leaves for what is asked: `some grant in
 * data.roles[role]; http.method in grant.methods` looks at the grants of that method. The runtime makes the
 * indexes when data is loaded for the fast path (runtime/assembly/data-index); elsewhere, and for values
 * that an index says nothing of, the iteration goes over all.
 */
import type { IrBlock, IrDataIndex, IrFunc, IrOperand, IrPlan, IrPolicy, IrStmt } from "../ir/policy.ts";
import { usesOf } from "../ir/uses.ts";
import { eachStmtOf } from "../ir/walk.ts";
import { type Asked, type LevelScope, levelsOf } from "./data/levels.ts";
import { isSameForAll, type Proven, type ProvenWhole } from "./data/proof.ts";
import { rootsOf } from "./data/roots.ts";
import { nameOf, planTerm } from "./index/terms.ts";

const DATA = 1;
/** Iterations in iterations that are looked at: each is read again for every one around it. */
const DEPTH_MAX = 6;

type Path = readonly (string | undefined)[];

/** The indexes so far, each once: rules that ask alike share one. */
type Indexes = { readonly all: IrDataIndex[]; readonly places: Map<string, number> };

type Walk = LevelScope & {
  readonly indexes: Indexes;
  readonly root: readonly string[];
  readonly blocks: readonly IrBlock[] | null;
  /** Where in the data a local's value comes from: what it says decides what is indexed, and nothing else. */
  readonly paths: Map<number, Path>;
  /** Of the function's locals, once an iteration wants to know. */
  counted: { readonly reads: ReadonlyMap<number, number>; next: number } | undefined;
};

export function indexData(policy: IrPolicy): IrPolicy {
  const funcs = policy.funcs?.funcs ?? [];
  const plans = policy.plans?.plans ?? [];
  const strings = (policy.static?.strings ?? []).map(({ value }) => value);
  const roots = rootsOf(plans, funcs, strings);
  const functions = new Map(funcs.map((func) => [func.name, func]));
  const indexes: Indexes = { all: [], places: new Map() };
  const index = <Body extends IrFunc | IrPlan>(body: Body): Body => {
    const root = roots.get(body.name);
    if (root === undefined) return body;
    const blocks = indexBody(body.blocks, { strings, functions, indexes, root });
    return blocks === body.blocks ? body : { ...body, blocks };
  };
  const indexed = funcs.map(index);
  if (indexes.all.length === 0) return policy;
  return { ...policy, static: { ...policy.static, indexes: indexes.all }, funcs: { funcs: indexed } };
}

function indexBody(
  blocks: readonly IrBlock[] | null,
  known: LevelScope & Pick<Walk, "indexes" | "root">,
): readonly IrBlock[] | null {
  const walk: Walk = { ...known, blocks, paths: new Map([[DATA, []]]), counted: undefined };
  return mapAll(blocks ?? [], (block) => indexBlock(walk, block, 0)) ?? blocks;
}

function count(blocks: readonly IrBlock[] | null): NonNullable<Walk["counted"]> {
  const reads = new Map<number, number>();
  let last = 1;
  eachStmtOf(blocks, (stmt) => {
    const uses = usesOf(stmt);
    for (let i = 0; i < uses.writes.length; i++) last = Math.max(last, uses.writes[i] as number);
    for (let i = 0; i < uses.reads.length; i++) {
      const operand = uses.reads[i] as IrOperand;
      if (operand.type !== "local") continue;
      last = Math.max(last, operand.value);
      reads.set(operand.value, (reads.get(operand.value) ?? 0) + 1);
    }
  });
  return { reads, next: last + 1 };
}

/** The same array where nothing is another. */
function mapAll<T>(all: readonly T[], map: (one: T) => T): readonly T[] {
  const mapped = all.map(map);
  return mapped.some((one, i) => one !== all[i]) ? mapped : all;
}

function indexBlock(walk: Walk, block: IrBlock, depth: number): IrBlock {
  const stmts = block.stmts ?? [];
  const out: IrStmt[] = [];
  for (const stmt of stmts) {
    const before = notePath(walk, stmt, depth);
    out.push(...before.stmts, indexInner(walk, before.scan ?? stmt, depth));
  }
  return out.length === stmts.length && out.every((stmt, i) => stmt === stmts[i]) ? block : { stmts: out };
}

function indexInner(walk: Walk, statement: IrStmt, depth: number): IrStmt {
  const { type, stmt } = statement;
  switch (type) {
    case "BlockStmt": {
      const blocks = mapAll(stmt.blocks ?? [], (block) => indexBlock(walk, block, depth));
      return blocks === stmt.blocks ? statement : { type, stmt: { ...stmt, blocks } };
    }
    case "ScanStmt":
    case "NotStmt":
    case "WithStmt": {
      const block = indexBlock(walk, stmt.block, type === "ScanStmt" ? depth + 1 : depth);
      return block === stmt.block ? statement : ({ type, stmt: { ...stmt, block } } as IrStmt);
    }
    default:
      return statement;
  }
}

type Before = { readonly stmts: readonly IrStmt[]; readonly scan?: IrStmt };
const NOTHING: Before = { stmts: [] };

/** Follows where locals come from; gives what is to stand before an iteration, and the iteration then. */
function notePath(walk: Walk, { type, stmt }: IrStmt, depth: number): Before {
  const { paths, strings } = walk;
  if (type === "DotStmt" || type === "BaseDotStmt") {
    const path = stmt.source.type === "local" ? paths.get(stmt.source.value) : undefined;
    const key = stmt.key.type === "string_index" ? strings[stmt.key.value] : undefined;
    if (path !== undefined) paths.set(stmt.target, [...path, key]);
  } else if (type === "AssignVarStmt") {
    const path = stmt.source.type === "local" ? paths.get(stmt.source.value) : undefined;
    if (path !== undefined) paths.set(stmt.target, path);
  } else if (type === "ScanStmt") {
    const path = paths.get(stmt.source);
    if (path === undefined) return NOTHING;
    paths.set(stmt.value, [...path, undefined]);
    return depth < DEPTH_MAX ? narrow(walk, stmt, path) : NOTHING;
  }
  return NOTHING;
}

function narrow(walk: Walk, scan: Extract<IrStmt, { type: "ScanStmt" }>["stmt"], path: Path): Before {
  walk.counted ??= count(walk.blocks);
  const { counted } = walk;
  const { asked, proven, whole } = levelsOf(scan, counted.reads, walk);
  const { witness, levels } = chosen(asked);
  if (levels.length === 0) return NOTHING;
  const stmts: IrStmt[] = [];
  const places = new Map<string, number>();
  const keys: number[] = [];
  for (const { key } of levels) {
    if (places.has(nameOf(key))) continue;
    places.set(nameOf(key), keys.length);
    if (key.kind === "param") keys.push(key.local);
    else {
      const target = counted.next++;
      stmts.push(...planTerm(key, target, () => counted.next++));
      keys.push(target);
    }
  }
  const index: IrDataIndex = {
    ...{ root: walk.root, path, witness },
    levels: levels.map(({ test, part, constants, at, key }) => ({
      ...{ test, part, constants, key: places.get(nameOf(key)) ?? 0, of: at.steps.length === 0 ? "member" : "witness" },
    })),
    keepsArrays: (counted.reads.get(scan.key) ?? 0) > 0,
  };
  const target = counted.next++;
  const narrowed = { source: scan.source, data: DATA, index: placeOf(walk.indexes, index), keys, target };
  const isAsked = (first: number, ofMember: boolean) =>
    first <= asked.length &&
    asked.slice(0, first).every((level) => levels.includes(level) && (!ofMember || level.at.steps.length === 0));
  const block = (sure: number): IrBlock | undefined => {
    if (whole !== undefined && isAsked(whole.levels, false) && isSameForAll(whole.rest, writtenBeside(scan, whole)))
      return onceIfSure(scan.block, whole, sure, counted.next++);
    if (proven !== undefined && isAsked(proven.levels, true) && keepsToItself(scan, proven, counted.reads))
      return unlessSure(scan.block, proven, sure, counted.next++);
    return undefined;
  };
  const sure = counted.next;
  counted.next++;
  const shorter = block(sure);
  stmts.push({ type: "NarrowStmt", stmt: shorter === undefined ? narrowed : { ...narrowed, sure } });
  return { stmts, scan: { type: "ScanStmt", stmt: { ...scan, source: target, block: shorter ?? scan.block } } };
}

/** What the iteration writes before the rest. */
function writtenBeside(
  { key, value, block }: Extract<IrStmt, { type: "ScanStmt" }>["stmt"],
  { rest }: ProvenWhole,
): ReadonlySet<number> {
  const written = new Set([key, value]);
  eachStmtOf([block], (stmt) => {
    if (!rest.includes(stmt)) for (const local of usesOf(stmt).writes) written.add(local);
  });
  return written;
}

/** What the proven statements write is read by none but them. */
function keepsToItself(
  { block }: Extract<IrStmt, { type: "ScanStmt" }>["stmt"],
  proven: Proven,
  reads: ReadonlyMap<number, number>,
): boolean {
  const written = new Set<number>();
  const inside = new Map<number, number>();
  eachStmtOf([{ stmts: (block.stmts ?? []).slice(0, proven.statements) }], (stmt) => {
    const uses = usesOf(stmt);
    for (const local of uses.writes) written.add(local);
    for (const operand of uses.reads)
      if (operand.type === "local") inside.set(operand.value, (inside.get(operand.value) ?? 0) + 1);
  });
  return [...written].every((local) => (reads.get(local) ?? 0) === (inside.get(local) ?? 0));
}

/** The block, whose proven statements run only where `sure` is undefined. */
function unlessSure({ stmts }: IrBlock, { statements, marks }: Proven, sure: number, holds: number): IrBlock {
  const all = stmts ?? [];
  return {
    stmts: [
      ...either(sure, holds, marksOf(marks), all.slice(0, statements)),
      { type: "IsDefinedStmt", stmt: { source: holds } },
      ...all.slice(statements),
    ],
  };
}

/** The block, where `sure` is defined its rest alone. */
function onceIfSure({ stmts }: IrBlock, { rest, marks }: ProvenWhole, sure: number, holds: number): IrBlock {
  return { stmts: either(sure, holds, [...marksOf(marks), ...rest], stmts ?? []) };
}

/** `known` where `sure` is defined, otherwise `asked`; `holds` is defined behind that which comes to its end. */
function either(sure: number, holds: number, known: readonly IrStmt[], asked: readonly IrStmt[]): readonly IrStmt[] {
  const hold: IrStmt = { type: "AssignVarStmt", stmt: { source: { type: "bool", value: true }, target: holds } };
  const isSure: IrStmt = { type: "IsDefinedStmt", stmt: { source: sure } };
  return [
    { type: "ResetLocalStmt", stmt: { target: holds } },
    {
      type: "BlockStmt",
      stmt: {
        blocks: [
          { stmts: [isSure, hold, ...known] },
          { stmts: [{ type: "IsUndefinedStmt", stmt: { source: holds } }, ...asked, hold] },
        ],
      },
    },
  ];
}

function marksOf(rules: readonly number[]): readonly IrStmt[] {
  return rules.map((rule) => ({ type: "MarkStmt", stmt: { rule } }));
}

function placeOf({ all, places }: Indexes, index: IrDataIndex): number {
  const text = JSON.stringify(index);
  const known = places.get(text);
  if (known !== undefined) return known;
  places.set(text, all.length);
  return all.push(index) - 1;
}

/** An index asks of a member, and of one thing that it leads to: the furthest. */
function chosen(asked: readonly Asked[]): Pick<IrDataIndex, "witness"> & { readonly levels: readonly Asked[] } {
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
