/**
 * Which parts of the input a policy reads, found in its plan: every local that holds a
 * known path of the input is followed through calls of the policy's own functions, into them
 * and out of them again.
 *
 * What counts is a path that ends at the part in question. A use of something above it as
 * a whole (`input` handed to a built-in, or keys chosen at run time) counts as reading
 * none of it: otherwise every policy that prints or compares its input would need the
 * request's body, which bindings refuse.
 */
import type { ModuleReads } from "@regomesh/policy-runtime";
import type { IrBlock, IrFunc, IrLocation, IrOperand, IrPolicy, IrStmt } from "../ir/policy.ts";
import { eachStmtOf } from "../ir/walk.ts";

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
  const paths = [...followReads(policy).keys()].map((path) => JSON.stringify(path));
  return { body: paths.some((path) => BODY.has(path)), query: paths.some((path) => QUERY.has(path)) };
}

/** Whether what lies at this path below input comes with the request's body. */
export function isBodyPath(path: readonly string[]): boolean {
  return BODY.has(JSON.stringify(path));
}

/** The paths below input that a policy reads, as deep as counts, and where it does. */
export function followReads(policy: IrPolicy): ReadonlyMap<readonly string[], readonly IrLocation[]> {
  const strings = (policy.static?.strings ?? []).map(({ value }) => value);
  const funcs = new Map((policy.funcs?.funcs ?? []).map((func) => [func.name, func]));
  const analysis: Analysis = { strings, funcs, locals: new Map(), returned: new Map(), read: new Map(), open: [] };
  // Until no function gives back more than its callers knew: mostly the second time says nothing new.
  for (let before = -1; before !== countReturned(analysis); ) {
    before = countReturned(analysis);
    for (const plan of policy.plans?.plans ?? []) {
      followBlocks(analysis, { locals: new Map([[0, new Set(["[]"])]]), func: undefined }, plan.blocks ?? []);
    }
    for (const name of analysis.locals.keys()) analysis.open.push(funcs.get(name) as IrFunc);
    for (let func = analysis.open.pop(); func !== undefined; func = analysis.open.pop()) {
      followBlocks(analysis, { locals: localsOf(analysis, func.name), func: func.name }, func.blocks ?? []);
    }
  }
  return new Map(
    [...analysis.read].map(([path, places]) => [JSON.parse(path) as readonly string[], [...places.values()]]),
  );
}

type Analysis = {
  readonly strings: readonly string[];
  readonly funcs: ReadonlyMap<string, IrFunc>;
  readonly locals: Map<string, Locals>;
  /** Paths that the value of each function may be: a rule may give a part of the input. */
  readonly returned: Map<string, Paths>;
  /** By path, then by place: the same one is met for each path that a local may hold. */
  readonly read: Map<string, Map<string, IrLocation>>;
  /** Functions whose parameters may hold more than when they were last followed. */
  readonly open: IrFunc[];
};

function localsOf({ locals }: Analysis, func: string): Locals {
  const known = locals.get(func) ?? new Map();
  locals.set(func, known);
  return known;
}

/** Whose statements are followed: a function's, or a plan's. */
type Inside = { readonly locals: Locals; readonly func: string | undefined };

function countReturned({ returned }: Analysis): number {
  let count = 0;
  for (const paths of returned.values()) count += paths.size;
  return count;
}

function followBlocks(analysis: Analysis, inside: Inside, blocks: readonly IrBlock[]): void {
  eachStmtOf(blocks, (stmt) => follow(analysis, inside, stmt));
}

function follow(analysis: Analysis, inside: Inside, { type, stmt }: IrStmt): void {
  const { locals, func } = inside;
  switch (type) {
    case "DotStmt":
      for (const path of pathsOf(locals, stmt.source)) step(analysis, locals, path, stmt);
      break;
    case "AssignVarStmt":
    case "AssignVarOnceStmt":
      addPaths(locals, stmt.target, pathsOf(locals, stmt.source));
      break;
    case "CallStmt":
      followCall(analysis, locals, stmt.func, stmt.args ?? []);
      addPaths(locals, stmt.result, [...(analysis.returned.get(stmt.func) ?? [])]);
      break;
    case "ReturnLocalStmt":
      if (func !== undefined) addReturned(analysis, func, pathsOf(locals, { type: "local", value: stmt.source }));
      break;
    default:
      break;
  }
}

function addReturned({ returned }: Analysis, func: string, paths: readonly string[]): void {
  if (paths.length === 0) return;
  const known = returned.get(func) ?? new Set();
  returned.set(func, known);
  for (const path of paths) known.add(path);
}

type DotStmt = Extract<IrStmt, { readonly type: "DotStmt" }>["stmt"];

function step(analysis: Analysis, locals: Locals, text: string, stmt: DotStmt): void {
  const { key, target, file, row, col } = stmt;
  const name = key.type === "string_index" ? analysis.strings[key.value] : undefined;
  const path = JSON.parse(text) as readonly string[];
  if (name === undefined || path.length >= DEPTH_MAX) return;
  const longer = JSON.stringify([...path, name]);
  const places = analysis.read.get(longer) ?? new Map<string, IrLocation>();
  places.set(`${file}:${row}:${col}`, stmt);
  analysis.read.set(longer, places);
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
