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
import { blocksOf } from "../ir/walk.ts";

/** A path below input, made once: what leads on from it is beside it. */
type Path = {
  readonly keys: readonly string[];
  readonly longer: Map<string, Path>;
  /** The statements that read it, where they are asked for; none of a path that is only passed on. */
  readonly readers: Set<IrLocation>;
};
/** Most often one alone. */
type Paths = Path | Set<Path>;
/** Paths that each local may hold. */
type Locals = Map<number, Paths>;

const BODY_PATHS = [
  ["parsed_body"],
  ["truncated_body"],
  ["attributes", "request", "http", "body"],
  ["attributes", "request", "http", "raw_body"],
  ["attributes", "request", "http", "rawBody"],
];
const QUERY_PATHS = [["parsed_query"]];
const BODY = textsOf(BODY_PATHS);
const QUERY = textsOf(QUERY_PATHS);
/** What names none of these reads none of those. */
const NAMES: ReadonlySet<string | undefined> = new Set([...BODY_PATHS, ...QUERY_PATHS].map((path) => path.at(-1)));

/** No part that counts lies deeper. */
const DEPTH_MAX = 4;

function textsOf(paths: readonly (readonly string[])[]): ReadonlySet<string> {
  return new Set(paths.map((path) => JSON.stringify(path)));
}

export function findReads(policy: IrPolicy): ModuleReads {
  if (!policy.static?.strings?.some(({ value }) => NAMES.has(value))) return { body: false, query: false };
  const paths = readPaths(policy, { withReaders: false }).map(({ keys }) => JSON.stringify(keys));
  return { body: paths.some((path) => BODY.has(path)), query: paths.some((path) => QUERY.has(path)) };
}

/** Whether what lies at this path below input comes with the request's body. */
export function isBodyPath(path: readonly string[]): boolean {
  return BODY.has(JSON.stringify(path));
}

/** The paths below input that a policy reads, as deep as counts, and where it does. */
export function followReads(policy: IrPolicy): ReadonlyMap<readonly string[], readonly IrLocation[]> {
  return new Map(readPaths(policy, { withReaders: true }).map(({ keys, readers }) => [keys, placesOf(readers)]));
}

/** Each place once: a plan may say a part of a policy twice. */
function placesOf(readers: ReadonlySet<IrLocation>): readonly IrLocation[] {
  return [...new Map([...readers].map((place) => [`${place.file}:${place.row}:${place.col}`, place])).values()];
}

function readPaths(policy: IrPolicy, { withReaders }: Pick<Analysis, "withReaders">): readonly Path[] {
  const strings = (policy.static?.strings ?? []).map(({ value }) => value);
  const funcs = new Map((policy.funcs?.funcs ?? []).map((func) => [func.name, func]));
  const found = { locals: new Map(), returned: new Map(), read: new Set<Path>(), open: [] };
  const analysis: Analysis = { strings, funcs, withReaders, ...found };
  const input: Path = { keys: [], longer: new Map(), readers: new Set() };
  // Until no function gives back more than its callers knew: mostly the second time says nothing new.
  for (let before = -1; before !== countReturned(analysis); ) {
    before = countReturned(analysis);
    for (const plan of policy.plans?.plans ?? []) {
      followBlocks(analysis, { locals: new Map([[0, input]]), func: undefined }, plan.blocks ?? []);
    }
    // All that are called so far, each once.
    analysis.open.length = 0;
    for (const name of analysis.locals.keys()) analysis.open.push(funcs.get(name) as IrFunc);
    for (let func = analysis.open.pop(); func !== undefined; func = analysis.open.pop()) {
      followBlocks(analysis, { locals: localsOf(analysis, func.name), func: func.name }, func.blocks ?? []);
    }
  }
  return [...analysis.read];
}

type Analysis = {
  readonly strings: readonly string[];
  readonly funcs: ReadonlyMap<string, IrFunc>;
  /** Of thousands of rules they are many, and only diagnostics ask where a path is read. */
  readonly withReaders: boolean;
  readonly locals: Map<string, Locals>;
  /** Paths that the value of each function may be: a rule may give a part of the input. */
  readonly returned: Map<string, Paths>;
  readonly read: Set<Path>;
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
  for (const paths of returned.values()) count += paths instanceof Set ? paths.size : 1;
  return count;
}

function followBlocks(analysis: Analysis, inside: Inside, blocks: readonly IrBlock[]): void {
  for (let i = 0; i < blocks.length; i++) {
    const stmts = (blocks[i] as IrBlock).stmts ?? NO_STMTS;
    for (let j = 0; j < stmts.length; j++) follow(analysis, inside, stmts[j] as IrStmt);
  }
}

const NO_STMTS: readonly IrStmt[] = [];

function follow(analysis: Analysis, inside: Inside, given: IrStmt): void {
  const { locals, func } = inside;
  const { type, stmt } = given;
  switch (type) {
    case "DotStmt":
      followDot(analysis, locals, stmt);
      break;
    case "AssignVarStmt":
    case "AssignVarOnceStmt":
      if (stmt.source.type === "local") addPaths(locals, stmt.target, pathsOf(locals, stmt.source));
      break;
    case "BlockStmt":
    case "ScanStmt":
    case "NotStmt":
    case "WithStmt":
      followBlocks(analysis, inside, blocksOf(given));
      break;
    case "CallStmt":
      followCall(analysis, locals, stmt.func, stmt.args ?? []);
      addPaths(locals, stmt.result, analysis.returned.get(stmt.func));
      break;
    case "ReturnLocalStmt":
      if (func !== undefined) addPaths(analysis.returned, func, locals.get(stmt.source));
      break;
    default:
      break;
  }
}

type DotStmt = Extract<IrStmt, { readonly type: "DotStmt" }>["stmt"];

function followDot(analysis: Analysis, locals: Locals, stmt: DotStmt): void {
  const paths = pathsOf(locals, stmt.source);
  if (paths instanceof Set) for (const path of paths) step(analysis, locals, path, stmt);
  else if (paths !== undefined) step(analysis, locals, paths, stmt);
}

function step({ strings, read, withReaders }: Analysis, locals: Locals, { keys, longer }: Path, stmt: DotStmt): void {
  const { key, target } = stmt;
  const name = key.type === "string_index" ? strings[key.value] : undefined;
  if (name === undefined || keys.length >= DEPTH_MAX) return;
  let path = longer.get(name);
  if (path === undefined) {
    path = { keys: [...keys, name], longer: new Map(), readers: new Set() };
    longer.set(name, path);
  }
  if (withReaders) path.readers.add(stmt);
  read.add(path);
  addPath(locals, target, path);
}

function followCall(analysis: Analysis, locals: Locals, name: string, args: readonly IrOperand[]): void {
  const func = analysis.funcs.get(name);
  if (func === undefined) return;
  const isNew = !analysis.locals.has(name);
  const inside = localsOf(analysis, name);
  let hasGrown = false;
  args.forEach((arg, i) => {
    hasGrown = addPaths(inside, func.params[i] as number, pathsOf(locals, arg)) || hasGrown;
  });
  if (isNew || hasGrown) analysis.open.push(func);
}

function pathsOf(locals: Locals, operand: IrOperand): Paths | undefined {
  return operand.type === "local" ? locals.get(operand.value) : undefined;
}

/** Whether there are more now. */
function addPaths<Name>(known: Map<Name, Paths>, name: Name, paths: Paths | undefined): boolean {
  if (paths === undefined) return false;
  if (!(paths instanceof Set)) return addPath(known, name, paths);
  let hasGrown = false;
  for (const path of paths) hasGrown = addPath(known, name, path) || hasGrown;
  return hasGrown;
}

function addPath<Name>(known: Map<Name, Paths>, name: Name, path: Path): boolean {
  const own = known.get(name);
  if (own === path || (own instanceof Set && own.has(path))) return false;
  if (own instanceof Set) own.add(path);
  else known.set(name, own === undefined ? path : new Set([own, path]));
  return true;
}
