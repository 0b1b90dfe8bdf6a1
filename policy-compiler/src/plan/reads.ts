/**
 * Which parts of the input a policy reads, found in its plan: every local that holds a
 * known path of the input is followed through calls of the policy's own functions.
 *
 * What counts is a path that ends at the part in question. A use of something above it as
 * a whole (`input` handed to a built-in, or keys chosen at run time) counts as reading
 * none of it: otherwise every policy that prints or compares its input would need the
 * request's body, which bindings refuse.
 */
import type { ModuleReads } from "@regomesh/policy-runtime";
import type { IrBlock, IrFunc, IrOperand, IrPolicy, IrStmt } from "../ir/policy.ts";

/** Paths by their JSON text: `["parsed_body"]`. */
type Paths = Set<string>;
/** Paths that each local may hold. */
type Locals = Map<number, Paths>;

const BODY: ReadonlySet<string> = new Set(
  [
    ["parsed_body"],
    ["truncated_body"],
    ["attributes", "request", "http", "body"],
    ["attributes", "request", "http", "raw_body"],
    ["attributes", "request", "http", "rawBody"],
  ].map((path) => JSON.stringify(path)),
);
const QUERY: ReadonlySet<string> = new Set([JSON.stringify(["parsed_query"])]);

/** No part that counts lies deeper. */
const DEPTH_MAX = 4;

export function findReads(policy: IrPolicy): ModuleReads {
  const strings = (policy.static?.strings ?? []).map(({ value }) => value);
  const funcs = new Map((policy.funcs?.funcs ?? []).map((func) => [func.name, func]));
  const analysis: Analysis = { strings, funcs, locals: new Map(), read: new Set(), open: [] };
  for (const plan of policy.plans?.plans ?? []) {
    followBlocks(analysis, new Map([[0, new Set(["[]"])]]), plan.blocks ?? []);
  }
  for (let func = analysis.open.pop(); func !== undefined; func = analysis.open.pop()) {
    followBlocks(analysis, localsOf(analysis, func.name), func.blocks ?? []);
  }
  return { body: intersects(analysis.read, BODY), query: intersects(analysis.read, QUERY) };
}

type Analysis = {
  readonly strings: readonly string[];
  readonly funcs: ReadonlyMap<string, IrFunc>;
  readonly locals: Map<string, Locals>;
  readonly read: Paths;
  /** Functions whose parameters may hold more than when they were last followed. */
  readonly open: IrFunc[];
};

function localsOf({ locals }: Analysis, func: string): Locals {
  const known = locals.get(func) ?? new Map();
  locals.set(func, known);
  return known;
}

function followBlocks(analysis: Analysis, locals: Locals, blocks: readonly IrBlock[]): void {
  for (const { stmts } of blocks) for (const stmt of stmts ?? []) follow(analysis, locals, stmt);
}

function follow(analysis: Analysis, locals: Locals, { type, stmt }: IrStmt): void {
  switch (type) {
    case "DotStmt":
      for (const path of pathsOf(locals, stmt.source)) step(analysis, locals, path, stmt.key, stmt.target);
      break;
    case "AssignVarStmt":
    case "AssignVarOnceStmt":
      addPaths(locals, stmt.target, pathsOf(locals, stmt.source));
      break;
    case "CallStmt":
      followCall(analysis, locals, stmt.func, stmt.args ?? []);
      break;
    case "BlockStmt":
      followBlocks(analysis, locals, stmt.blocks ?? []);
      break;
    case "ScanStmt":
    case "NotStmt":
    case "WithStmt":
      followBlocks(analysis, locals, [stmt.block]);
      break;
    default:
      break;
  }
}

function step(analysis: Analysis, locals: Locals, text: string, key: IrOperand, target: number): void {
  const name = key.type === "string_index" ? analysis.strings[key.value] : undefined;
  const path = JSON.parse(text) as readonly string[];
  if (name === undefined || path.length >= DEPTH_MAX) return;
  const longer = JSON.stringify([...path, name]);
  analysis.read.add(longer);
  addPaths(locals, target, [longer]);
}

function followCall(analysis: Analysis, locals: Locals, name: string, args: readonly IrOperand[]): void {
  const func = analysis.funcs.get(name);
  if (func === undefined) return;
  const inside = localsOf(analysis, name);
  const isNew = inside.size === 0;
  let hasGrown = false;
  args.forEach((arg, i) => {
    hasGrown = addPaths(inside, func.params[i] as number, pathsOf(locals, arg)) || hasGrown;
  });
  if (isNew || hasGrown) analysis.open.push(func);
}

function pathsOf(locals: Locals, operand: IrOperand): readonly string[] {
  return operand.type === "local" ? [...(locals.get(operand.value) ?? [])] : [];
}

function addPaths(locals: Locals, target: number, paths: readonly string[]): boolean {
  const known = locals.get(target) ?? new Set();
  const { size } = known;
  for (const path of paths) known.add(path);
  locals.set(target, known);
  return known.size > size;
}

function intersects(paths: Paths, wanted: ReadonlySet<string>): boolean {
  return [...wanted].some((path) => paths.has(path));
}
