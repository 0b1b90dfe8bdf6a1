/**
 * How much fuel a statement takes: one unit is about a nanosecond of optimised code,
 * so that a limit of fuel is a limit of time. What grows with a value's size (comparing,
 * copying, searching, JSON, regular expressions) takes more in the runtime, by the size: no built-in
 * takes ten nanoseconds a unit on operands meant to make it (`node conformance/bin/fuel.mjs`).
 */
import type { IrBlock, IrStmt, IrStmtType } from "../ir/policy.ts";
import { blocksOf, HAS_BLOCKS } from "../ir/walk.ts";
import type { PolicyContext } from "./policy-context.ts";
import { runtimeBuiltin } from "./runtime-calls.ts";

/** Units that are taken ahead where a function or a turn of an iteration begins. */
export const STRETCH_MAX = 128;

const STATEMENT = 1;

/** Statements that do more than move a word; the others weigh one unit. */
export const WEIGHTS: Partial<Readonly<Record<IrStmtType, number>>> = {
  ArrayAppendStmt: 4,
  CallDynamicStmt: 40,
  CallStmt: 4,
  DispatchStmt: 16,
  DotStmt: 4,
  InputSlotStmt: 4,
  MakeArrayStmt: 8,
  MakeObjectStmt: 8,
  MakeSetStmt: 8,
  NarrowStmt: 24,
  ObjectInsertOnceStmt: 16,
  ObjectInsertStmt: 12,
  ResultSetAddStmt: 12,
  SetAddStmt: 12,
  WithStmt: 30,
};

/** A call of a built-in in the runtime, whatever its operands. */
const RUNTIME_CALL = 16;
/** A call that leaves the module: its operands and its result cross as bytes. */
const HOST_CALL = 500;
/** The same for signatures and certificates: some tens of microseconds. */
const HOST_CRYPTOGRAPHY = 50_000;

export function statementWeight(policy: PolicyContext, { type, stmt }: IrStmt): number {
  if (type !== "CallStmt" || policy.functions.has(stmt.func)) return WEIGHTS[type] ?? STATEMENT;
  if (runtimeBuiltin(policy.runtime, stmt.func) !== undefined) return RUNTIME_CALL;
  return /^(io\.jwt\.|crypto\.x509\.|providers\.)/.test(stmt.func) ? HOST_CRYPTOGRAPHY : HOST_CALL;
}

/** Units of one run through the blocks, without what iterations in them take by themselves; `STRETCH_MAX` at most. */
export function stretchOf(policy: PolicyContext, blocks: readonly IrBlock[]): number {
  let weight = 0;
  const waiting = [...blocks].reverse();
  for (let block = waiting.pop(); block !== undefined && weight < STRETCH_MAX; block = waiting.pop()) {
    for (const statement of block.stmts ?? []) {
      weight += statementWeight(policy, statement);
      if (weight >= STRETCH_MAX) break;
      if (statement.type !== "ScanStmt" && HAS_BLOCKS.has(statement.type)) waiting.push(...blocksOf(statement));
    }
  }
  return Math.min(weight, STRETCH_MAX);
}

/** What going on to the next value takes by itself. */
const TURN = 4;

/** Units that a turn of an iteration takes when it begins. */
export function turnOf(policy: PolicyContext, block: IrBlock): number {
  return TURN + stretchOf(policy, [block]);
}
