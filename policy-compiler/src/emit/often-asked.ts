/**
 * Which parts of input are worth a look-up among the atoms when they are read: those that are compared or
 * looked up in a loop, by another function, in a collection or an index. What is compared once or twice with a constant
 * is compared byte by byte faster than it is hashed.
 */
import type { IrBlock, IrDataIndex, IrOperand, IrPolicy, IrStmt } from "../ir/policy.ts";
import { usesOf } from "../ir/uses.ts";
import { blocksOf, HAS_BLOCKS } from "../ir/walk.ts";

/** Comparisons that cost less than the look-up. */
const FEW = 2;

type Walk = {
  /** Names of the policy's functions. */
  readonly own: ReadonlySet<string>;
  /** Path of each local that holds a slot's value, as JSON text. */
  readonly paths: Map<number, string>;
  readonly counts: Map<string, number>;
  readonly often: Set<string>;
  /** Arrays whose elements an index of data asks for one by one: it looks up those that it needs. */
  readonly narrowed: Set<string>;
  readonly indexes: readonly IrDataIndex[];
};

export function findOftenAsked(policy: IrPolicy): (path: readonly string[]) => boolean {
  const own = new Set((policy.funcs?.funcs ?? []).map(({ name }) => name));
  const counts = new Map<string, number>();
  const often = new Set<string>();
  const narrowed = new Set<string>();
  const indexes = policy.static?.indexes ?? [];
  for (const { blocks } of [...(policy.plans?.plans ?? []), ...(policy.funcs?.funcs ?? [])]) {
    walkBlocks({ own, paths: new Map(), counts, often, narrowed, indexes }, blocks ?? [], false);
  }
  return (path) => {
    const name = JSON.stringify(path);
    return !narrowed.has(name) && (often.has(name) || (counts.get(name) ?? 0) > FEW);
  };
}

function walkBlocks(walk: Walk, blocks: readonly IrBlock[], isLoop: boolean): void {
  for (const { stmts } of blocks) {
    for (const stmt of stmts ?? []) {
      if (stmt.type === "InputSlotStmt") walk.paths.set(stmt.stmt.target, JSON.stringify(stmt.stmt.path));
      else note(walk, stmt, isLoop);
      if (stmt.type === "NarrowStmt") noteSegments(walk, stmt.stmt);
      if (HAS_BLOCKS.has(stmt.type)) walkBlocks(walk, blocksOf(stmt), isLoop || stmt.type === "ScanStmt");
    }
  }
}

function noteSegments(
  { paths, narrowed, indexes }: Walk,
  { index, keys }: Extract<IrStmt, { type: "NarrowStmt" }>["stmt"],
): void {
  for (const { test, key } of indexes[index]?.levels ?? []) {
    const path = test === "segments" ? paths.get(keys[key] ?? -1) : undefined;
    if (path !== undefined) narrowed.add(path);
  }
}

function note({ own, paths, counts, often }: Walk, stmt: IrStmt, isLoop: boolean): void {
  const pathOf = (operand: IrOperand) => (operand.type === "local" ? paths.get(operand.value) : undefined);
  if (paths.size === 0) return;
  for (const operand of usesOf(stmt).reads) {
    const path = pathOf(operand);
    if (path === undefined) continue;
    if (isLoop || asksOften(stmt, operand, own)) often.add(path);
    else counts.set(path, (counts.get(path) ?? 0) + 1);
  }
}

/** The value goes where many others are. */
function asksOften({ type, stmt }: IrStmt, operand: IrOperand, own: ReadonlySet<string>): boolean {
  switch (type) {
    case "CallStmt":
      return stmt.func === "internal.member_2" || own.has(stmt.func);
    case "CallDynamicStmt":
    case "DispatchStmt":
    case "NarrowStmt":
    case "AssignVarStmt":
    case "AssignVarOnceStmt":
    case "ReturnLocalStmt":
      return true;
    case "DotStmt":
    case "BaseDotStmt":
      return operand.type === stmt.key.type && operand.value === stmt.key.value;
    default:
      return false;
  }
}
