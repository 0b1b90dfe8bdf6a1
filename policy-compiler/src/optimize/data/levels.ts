/**
 * What an iteration over a collection asks of its members before it does anything: tests that begin its
 * block, each of a part of the member (or of what the member leads to) against a value that is known before
 * the iteration. A member for which one does not hold is without effect: leaving it out changes nothing.
 */
import type { IrBlock, IrFunc, IrIndexLevel, IrOperand, IrStmt, IrWitnessStep } from "../../ir/policy.ts";
import { usesOf } from "../../ir/uses.ts";
import { eachStmtOf, someStmtOf } from "../../ir/walk.ts";
import { isQuiet, MEMBER } from "../index/quiet.ts";
import type { Term } from "../index/terms.ts";
import { everyOf } from "./every.ts";

/** A level, with the term of its key and where it stands. */
export type Asked = Pick<IrIndexLevel, "test" | "part" | "constants"> & { readonly key: Term; readonly at: Place };

/** The member of a collection, or what it leads to: each iteration's is one of its own. */
export type Place = { readonly steps: readonly IrWitnessStep[] };

export type LevelScope = {
  readonly strings: readonly string[];
  readonly functions: ReadonlyMap<string, IrFunc>;
};

export type Origin =
  /** Known before the iteration. */
  | { readonly kind: "term"; readonly term: Term }
  /** A part of the member, or of what it leads to. */
  | { readonly kind: "part"; readonly at: Place; readonly names: readonly string[] }
  | { readonly kind: "count"; readonly of: Origin }
  | { readonly kind: "holds"; readonly part: Origin; readonly key: Term };

type Walk = {
  readonly scope: LevelScope;
  readonly asked: Asked[];
  readonly origins: Map<number, Origin>;
  /** Locals that something outside of the iteration reads. */
  readonly exposed: ReadonlySet<number>;
  /** Calls around. */
  readonly depth: number;
  /** A count was taken, which fails with an error where there is nothing to count: nothing else may come between. */
  isCounting: boolean;
};

const INPUT = 0;
const DATA = 1;
const LEVELS_MAX = 6;
const CALLS_MAX = 3;

type ScanStmt = Extract<IrStmt, { readonly type: "ScanStmt" }>["stmt"];

/** `reads` says how often the function reads each local. */
export function levelsOf(scan: ScanStmt, reads: ReadonlyMap<number, number>, scope: LevelScope): readonly Asked[] {
  const inside = new Map<number, number>();
  const written = new Set([scan.key, scan.value]);
  eachStmtOf([scan.block], (stmt) => {
    const uses = usesOf(stmt);
    for (const operand of uses.reads)
      if (operand.type === "local") inside.set(operand.value, (inside.get(operand.value) ?? 0) + 1);
    if (stmt.type !== "WithStmt") for (const local of uses.writes) written.add(local);
  });
  const exposed = new Set([...written].filter((local) => (reads.get(local) ?? 0) > (inside.get(local) ?? 0)));
  const origins = new Map<number, Origin>();
  for (const local of inside.keys()) if (!written.has(local)) origins.set(local, outside(local));
  origins.set(scan.value, { kind: "part", at: { steps: [] }, names: [] });
  const walk: Walk = { scope, asked: [], origins, exposed, depth: 0, isCounting: false };
  walkBlocks(walk, scan.block);
  return walk.asked.slice(0, LEVELS_MAX);
}

function outside(local: number): Origin {
  return { kind: "term", term: { kind: "param", local } };
}

function walkBlocks(walk: Walk, block: IrBlock): void {
  for (let at: IrBlock | undefined = block; at !== undefined; ) at = walkBlock(walk, at);
}

/** Gives the block that goes on where this one ends with an iteration. */
function walkBlock(walk: Walk, { stmts }: IrBlock): IrBlock | undefined {
  const all = stmts ?? [];
  for (const [i, stmt] of all.entries()) {
    if (stmt.type === "ScanStmt" && i === all.length - 1) return enterScan(walk, stmt.stmt);
    if (!follow(walk, stmt, all[i + 1])) return undefined;
  }
  return undefined;
}

function enterScan(
  { origins, exposed, isCounting }: Walk,
  { source, key, value, block }: ScanStmt,
): IrBlock | undefined {
  if (exposed.has(key) || exposed.has(value) || isCounting) return undefined;
  const origin = origins.get(source);
  origins.delete(key);
  if (origin?.kind !== "part") origins.delete(value);
  else origins.set(value, { kind: "part", at: below(origin, { kind: "each" }), names: [] });
  return block;
}

function below({ at, names }: Extract<Origin, { kind: "part" }>, step: IrWitnessStep): Place {
  return { steps: [...at.steps, ...names.map((name) => ({ kind: "field", name }) as const), step] };
}

/** Whether what comes next may be looked at: the statement has no effect, and cannot fail with an error. */
function follow(walk: Walk, statement: IrStmt, next: IrStmt | undefined): boolean {
  const { type, stmt } = statement;
  if (writesExposed(walk, statement)) return false;
  switch (type) {
    case "MakeNumberIntStmt":
      return define(walk, stmt.target, { kind: "term", term: { kind: "integer", value: stmt.value } });
    case "AssignVarStmt":
      return define(walk, stmt.target, originOf(walk, stmt.source));
    case "DotStmt":
      return define(walk, stmt.target, dotOf(walk, originOf(walk, stmt.source), originOf(walk, stmt.key)));
    case "BaseDotStmt":
      return define(walk, stmt.target, baseDotOf(walk, originOf(walk, stmt.source), originOf(walk, stmt.key)));
    case "EqualStmt":
      return equal(walk, originOf(walk, stmt.a), originOf(walk, stmt.b));
    case "NotEqualStmt": {
      const origin = originOf(walk, stmt.a);
      const isTest = stmt.b.type === "bool" && !stmt.b.value && origin?.kind === "holds";
      return isTest ? ask(walk, "member", origin.part, origin.key) : true;
    }
    case "CallStmt":
      return follows(walk, stmt.func, stmt.args ?? [], stmt.result);
    case "BlockStmt": {
      const every = everyOf(statement, next);
      if (every === undefined) return pass(walk, statement);
      const part = walk.origins.get(every.source);
      const key = every.key.names.reduce<Origin | undefined>(
        (origin, index) => dotOf(walk, origin, { kind: "term", term: { kind: "string", index } }),
        walk.origins.get(every.key.local),
      );
      const constants = every.constants.map((index) => walk.scope.strings[index] ?? "");
      forget(walk, statement);
      return key?.kind === "term" ? ask(walk, "segments", part, key.term, constants) : true;
    }
    default:
      return pass(walk, statement);
  }
}

function writesExposed({ exposed }: Walk, statement: IrStmt): boolean {
  if (exposed.size === 0) return false;
  return someStmtOf([{ stmts: [statement] }], (inner) => usesOf(inner).writes.some((local) => exposed.has(local)));
}

function define({ origins }: Walk, target: number, origin: Origin | undefined): true {
  if (origin === undefined) origins.delete(target);
  else origins.set(target, origin);
  return true;
}

/** A statement that says nothing of the member. */
function pass(walk: Walk, statement: IrStmt): boolean {
  if (someStmtOf([{ stmts: [statement] }], (inner) => !isQuiet(inner))) return false;
  forget(walk, statement);
  return true;
}

function forget({ origins }: Walk, statement: IrStmt): void {
  eachStmtOf([{ stmts: [statement] }], (inner) => {
    for (const local of usesOf(inner).writes) origins.delete(local);
  });
}

function originOf({ origins }: Walk, operand: IrOperand): Origin | undefined {
  if (operand.type === "local") return origins.get(operand.value);
  return operand.type === "string_index" ? { kind: "term", term: { kind: "string", index: operand.value } } : undefined;
}

function dotOf({ scope }: Walk, source: Origin | undefined, key: Origin | undefined): Origin | undefined {
  if (key?.kind !== "term") return undefined;
  const { term } = key;
  if (source?.kind === "term")
    return { kind: "term", term: { kind: "dot", how: "DotStmt", source: source.term, key: term } };
  if (source?.kind !== "part" || term.kind !== "string") return undefined;
  return { ...source, names: [...source.names, scope.strings[term.index] ?? ""] };
}

function baseDotOf({ scope }: Walk, source: Origin | undefined, key: Origin | undefined): Origin | undefined {
  if (source?.kind !== "term") return undefined;
  if (key?.kind === "term") {
    return { kind: "term", term: { kind: "dot", how: "BaseDotStmt", source: source.term, key: key.term } };
  }
  const path = key?.kind === "part" ? dataPath(source.term, scope.strings) : undefined;
  if (key?.kind !== "part" || path === undefined) return undefined;
  return { kind: "part", at: below(key, { kind: "data", path }), names: [] };
}

/** The names that lead from data to the term. */
function dataPath(term: Term, strings: readonly string[]): readonly string[] | undefined {
  if (term.kind === "param") return term.local === DATA ? [] : undefined;
  if (term.kind !== "dot" || term.how !== "DotStmt" || term.key.kind !== "string") return undefined;
  const above = dataPath(term.source, strings);
  return above === undefined ? undefined : [...above, strings[term.key.index] ?? ""];
}

function equal(walk: Walk, a: Origin | undefined, b: Origin | undefined): boolean {
  if (a?.kind === "count" && b?.kind === "count") {
    const [part, key] = a.of.kind === "part" ? [a.of, b.of] : [b.of, a.of];
    walk.isCounting = false;
    return key.kind === "term" && part.kind === "part" && ask(walk, "count", part, key.term);
  }
  if (a?.kind === "part" && b?.kind === "term") return ask(walk, "equal", a, b.term);
  if (b?.kind === "part" && a?.kind === "term") return ask(walk, "equal", b, a.term);
  return true;
}

/** Notes what must hold; gives whether what comes next may be looked at. */
function ask(walk: Walk, test: Asked["test"], part: Origin | undefined, key: Term, constants: readonly string[] = []) {
  if (walk.isCounting) return false;
  // Input and data as a whole are no keys.
  if (part?.kind !== "part" || (key.kind === "param" && key.local <= DATA && key.local >= INPUT)) return true;
  walk.asked.push({ test, at: part.at, part: part.names, key, constants });
  return true;
}

function follows(walk: Walk, func: string, args: readonly IrOperand[], result: number): boolean {
  const [first, second] = args.map((arg) => originOf(walk, arg));
  if (func === MEMBER) {
    const holds = first?.kind === "term" && second?.kind === "part";
    return define(walk, result, holds ? { kind: "holds", part: second, key: first.term } : undefined);
  }
  if (func === "count" && first !== undefined) {
    walk.isCounting = true;
    return define(walk, result, { kind: "count", of: first });
  }
  const own = walk.scope.functions.get(func);
  if (own !== undefined && !walk.isCounting) enterCall(walk, own, args);
  return false;
}

/** What the function's one rule begins with; what its call leaves behind is an effect. */
function enterCall(walk: Walk, func: IrFunc, args: readonly IrOperand[]): void {
  const body = onlyBody(func);
  if (body === undefined || walk.depth >= CALLS_MAX) return;
  const origins = new Map<number, Origin>();
  func.params.forEach((param, i) => {
    const origin = args[i] === undefined ? undefined : originOf(walk, args[i] as IrOperand);
    if (origin !== undefined) origins.set(param, origin);
  });
  walkBlocks({ ...walk, origins, exposed: new Set(), depth: walk.depth + 1 }, body);
}

/** The body of a function that has a value only where this block comes to its end. */
function onlyBody({ blocks, params }: IrFunc): IrBlock | undefined {
  const [body, close, give, more] = blocks ?? [];
  const [reset] = body?.stmts ?? [];
  const [test, assign] = close?.stmts ?? [];
  const [returns] = give?.stmts ?? [];
  if (reset?.type !== "ResetLocalStmt" || more !== undefined) return undefined;
  if (test?.type !== "IsDefinedStmt" || test.stmt.source !== reset.stmt.target) return undefined;
  if (assign?.type !== "AssignVarOnceStmt" || close?.stmts?.length !== 2) return undefined;
  if (returns?.type !== "ReturnLocalStmt" || give?.stmts?.length !== 1) return undefined;
  if (returns.stmt.source !== assign.stmt.target || params.includes(reset.stmt.target)) return undefined;
  return body;
}
