/** Walking a plan: the one place that knows in which statements blocks stand. */
import type { IrBlock, IrPolicy, IrStmt } from "./policy.ts";

type Blocks = readonly IrBlock[] | null;

/** Each statement of all plans and functions, outer before inner. */
export function eachStmt(policy: IrPolicy, visit: (stmt: IrStmt) => void): void {
  for (const { blocks } of [...(policy.plans?.plans ?? []), ...(policy.funcs?.funcs ?? [])]) eachStmtOf(blocks, visit);
}

/** Each statement of the blocks at any depth, outer before inner. */
export function eachStmtOf(blocks: Blocks, visit: (stmt: IrStmt) => void): void {
  for (const { stmts } of blocks ?? []) {
    for (const stmt of stmts ?? []) {
      visit(stmt);
      const inner = blocksOf(stmt);
      if (inner.length > 0) eachStmtOf(inner, visit);
    }
  }
}

/** Whether a statement of the blocks, at any depth, is one. */
export function someStmtOf(blocks: Blocks, isOne: (stmt: IrStmt) => boolean): boolean {
  return (blocks ?? []).some(({ stmts }) =>
    (stmts ?? []).some((stmt) => isOne(stmt) || someStmtOf(blocksOf(stmt), isOne)),
  );
}

const NONE: readonly IrBlock[] = [];

/** The blocks that stand in a statement. */
export function blocksOf({ type, stmt }: IrStmt): readonly IrBlock[] {
  switch (type) {
    case "BlockStmt":
      return stmt.blocks ?? NONE;
    case "ScanStmt":
    case "NotStmt":
    case "WithStmt":
      return [stmt.block];
    default:
      return NONE;
  }
}
