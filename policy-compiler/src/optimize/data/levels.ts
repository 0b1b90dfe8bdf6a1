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
import {
  kindCheckOf,
  marksOfRest,
  newProof,
  noteProven,
  type Proof,
  type Proven,
  type ProvenWhole,
  partName,
  termName,
} from "./proof.ts";

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
  readonly proof: Proof;
  /** A count was taken, which fails with an error where there is nothing to count: nothing else may come between. */
  isCounting: boolean;
};

const INPUT = 0;
const DATA = 1;
const LEVELS_MAX = 6;
const CALLS_MAX = 3;
/** Something has been counted and not compared. */
const COUNT = "count";

type ScanStmt = Extract<IrStmt, { readonly type: "ScanStmt" }>["stmt"];

export type Levels = {
  readonly asked: readonly Asked[];
  /** Of the iteration's block, what the first levels prove. */
  readonly proven: Proven | undefined;
  readonly whole: ProvenWhole | undefined;
};

/** `reads` says how often the function reads each local. */
export function levelsOf(scan: ScanStmt, reads: ReadonlyMap<number, number>, scope: LevelScope): Levels {
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
  const walk: Walk = { scope, asked: [], origins, exposed, depth: 0, proof: newProof(), isCounting: false };
  walkBlock(walk, scan.block, true);
  const { proven, whole } = walk.proof;
  return { asked: walk.asked.slice(0, LEVELS_MAX), proven, whole };
}

function outside(local: number): Origin {
  return { kind: "term", term: { kind: "param", local } };
}

/** Goes on where a block ends with an iteration; gives what of the block is not followed. */
function walkBlock(walk: Walk, { stmts }: IrBlock, isOwn: boolean): readonly IrStmt[] {
  const all = stmts ?? [];
  for (const [i, stmt] of all.entries()) {
    if (stmt.type === "ScanStmt" && i === all.length - 1) {
      const inner = enterScan(walk, stmt.stmt);
      if (inner !== undefined) walkBlock(walk, inner, false);
      return all.slice(i);
    }
    if (!follow(walk, stmt, all[i + 1])) return all.slice(i);
    if (walk.depth === 0) noteProven(walk.proof, { stmts: all, statements: i + 1, isOwn }, walk.asked.length);
  }
  return [];
}

function enterScan(
  { origins, exposed, isCounting, proof }: Walk,
  { source, key, value, block }: ScanStmt,
): IrBlock | undefined {
  if (exposed.has(key) || exposed.has(value) || isCounting) return undefined;
  const origin = origins.get(source);
  origins.delete(key);
  if (origin?.kind !== "part") {
    proof.isWhole = false;
    origins.delete(value);
    return block;
  }
  proof.open.delete(partName(origin.at, origin.names));
  origins.set(value, { kind: "part", at: below(origin, { kind: "each" }), names: [] });
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
    case "BaseDotStmt": {
      const source = originOf(walk, stmt.source);
      const key = originOf(walk, stmt.key);
      const part = (type === "DotStmt" ? dotOf : baseDotOf)(walk, source, key);
      noteOpen(walk, [source, key], part);
      return define(walk, stmt.target, part);
    }
    case "EqualStmt":
      return equal(walk, originOf(walk, stmt.a), originOf(walk, stmt.b));
    case "NotEqualStmt": {
      const origin = originOf(walk, stmt.a);
      const isTruth = stmt.b.type === "bool" && !stmt.b.value;
      if (isTruth && origin?.kind === "holds") return ask(walk, "member", origin.part, origin.key);
      if (!isTruth || stmt.a.type !== "local" || !walk.proof.holding.has(stmt.a.value)) walk.proof.isWhole = false;
      return true;
    }
    case "CallStmt":
      return follows(walk, stmt.func, stmt.args ?? [], stmt.result);
    case "BlockStmt": {
      const every = everyOf(statement, next);
      if (every === undefined) return pass(walk, statement);
      // It is set where an element fails.
      if (next?.type === "IsUndefinedStmt") walk.proof.holding.add(next.stmt.source);
      const part = walk.origins.get(every.source);
      const key = every.key.names.reduce<Origin | undefined>(
        (origin, index) => dotOf(walk, origin, { kind: "term", term: { kind: "string", index } }),
        walk.origins.get(every.key.local),
      );
      const constants = every.constants.map((index) => walk.scope.strings[index] ?? "");
      forget(walk, statement);
      if (key?.kind === "term") return ask(walk, "segments", part, key.term, constants);
      walk.proof.isWhole = false;
      return true;
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
  noteKind(walk, statement);
  forget(walk, statement);
  return true;
}

/** What a proof makes of a statement that asks nothing: whether it could end the block is what counts. */
function noteKind({ proof, origins }: Walk, statement: IrStmt): void {
  const { type, stmt } = statement;
  if (type === "ResetLocalStmt" || type.startsWith("Make")) return;
  if ((type === "IsDefinedStmt" || type === "IsUndefinedStmt") && proof.holding.has(stmt.source)) return;
  const check = kindCheckOf(statement);
  const part = check === undefined ? undefined : origins.get(check.source);
  if (check === undefined || part?.kind !== "part") proof.isWhole = false;
  else {
    proof.open.add(`segments of ${partName(part.at, part.names)}`);
    proof.holding.add(check.target);
  }
}

/** A part, or a value known before, that must be there; what it is part of need be asked no more. */
function noteOpen({ proof }: Walk, used: readonly (Origin | undefined)[], part: Origin | undefined): void {
  for (const origin of used) {
    if (origin?.kind === "part") proof.open.delete(partName(origin.at, origin.names));
    if (origin?.kind === "term") proof.open.delete(termName(origin.term));
  }
  if (part?.kind === "part") proof.open.add(partName(part.at, part.names));
  else if (part?.kind === "term") proof.open.add(termName(part.term));
  else proof.isWhole = false;
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
    walk.proof.open.delete(COUNT);
    return key.kind === "term" && part.kind === "part" && ask(walk, "count", part, key.term);
  }
  if (a?.kind === "part" && b?.kind === "term") return ask(walk, "equal", a, b.term);
  if (b?.kind === "part" && a?.kind === "term") return ask(walk, "equal", b, a.term);
  walk.proof.isWhole = false;
  return true;
}

/** Notes what must hold; gives whether what comes next may be looked at. */
function ask(walk: Walk, test: Asked["test"], part: Origin | undefined, key: Term, constants: readonly string[] = []) {
  if (walk.isCounting || walk.proof.isClosed) return false;
  // Input and data as a whole are no keys.
  const { proof } = walk;
  if (part?.kind !== "part" || (key.kind === "param" && key.local <= DATA && key.local >= INPUT)) {
    proof.isWhole = false;
    return true;
  }
  const name = partName(part.at, part.names);
  for (const closed of [name, `${test} of ${name}`, termName(key)]) proof.open.delete(closed);
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
    walk.proof.open.add(COUNT);
    return define(walk, result, { kind: "count", of: first });
  }
  const own = walk.scope.functions.get(func);
  if (own === undefined || walk.isCounting || !enterCall(walk, own, args)) return false;
  walk.proof.holding.add(result);
  return true;
}

/** What the function's one rule begins with; what its call leaves behind is an effect. Gives whether levels say all of it. */
function enterCall(walk: Walk, func: IrFunc, args: readonly IrOperand[]): boolean {
  const body = onlyBody(func);
  if (body === undefined || walk.depth >= CALLS_MAX) return false;
  const origins = new Map<number, Origin>();
  func.params.forEach((param, i) => {
    const origin = args[i] === undefined ? undefined : originOf(walk, args[i] as IrOperand);
    if (origin !== undefined) origins.set(param, origin);
  });
  const rest = walkBlock({ ...walk, origins, exposed: new Set(), depth: walk.depth + 1 }, body, false);
  const marks = marksOfRest(rest);
  const { proof } = walk;
  if (marks === undefined || !proof.isWhole || proof.open.size > 0) return false;
  proof.marks.push(...marks);
  proof.isClosed = true;
  return true;
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
