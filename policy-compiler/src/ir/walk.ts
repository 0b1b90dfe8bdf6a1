/** Walking a plan. */
import type { IrBlock, IrPolicy, IrStmt } from "./policy.ts";

/** Each statement of all plans and functions, outer before inner. */
export function eachStmt(policy: IrPolicy, visit: (stmt: IrStmt) => void): void {
  for (const { blocks } of [...(policy.plans?.plans ?? []), ...(policy.funcs?.funcs ?? [])])
    eachOfBlocks(blocks, visit);
}

function eachOfBlocks(blocks: readonly IrBlock[] | null, visit: (stmt: IrStmt) => void): void {
  for (const { stmts } of blocks ?? []) {
    for (const stmt of stmts ?? []) {
      visit(stmt);
      eachOfBlocks(blocksOf(stmt), visit);
    }
  }
}

/** The blocks that stand in a statement. */
export function blocksOf({ type, stmt }: IrStmt): readonly IrBlock[] {
  switch (type) {
    case "BlockStmt":
      return stmt.blocks ?? [];
    case "ScanStmt":
    case "NotStmt":
    case "WithStmt":
      return [stmt.block];
    default:
      return [];
  }
}
