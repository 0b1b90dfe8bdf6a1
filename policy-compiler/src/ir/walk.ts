/**
 * Walking a plan: the one place that knows in which statements blocks stand. In a process that has just started,
 * where nothing is optimised yet, an iterator costs as much as what is done with a statement: these loops count.
 */
import type { IrBlock, IrPolicy, IrStmt } from "./policy.ts";

type Blocks = readonly IrBlock[] | null;

/** Each statement of all plans and functions, outer before inner. */
export function eachStmt(policy: IrPolicy, visit: (stmt: IrStmt) => void): void {
  for (const { blocks } of [...(policy.plans?.plans ?? []), ...(policy.funcs?.funcs ?? [])]) eachStmtOf(blocks, visit);
}

/** Each statement of the blocks at any depth, outer before inner. */
function eachStmtOf(blocks: Blocks, visit: (stmt: IrStmt) => void): void {
  if (blocks === null) return;
  for (const { stmts } of blocks) {
    if (stmts === null) continue;
    for (let i = 0; i < stmts.length; i++) {
      const stmt = stmts[i] as IrStmt;
      visit(stmt);
      if (HAS_BLOCKS.has(stmt.type)) eachStmtOf(blocksOf(stmt), visit);
    }
  }
}

type Holder = Extract<IrStmt, { readonly stmt: { readonly block: IrBlock } | { readonly blocks: Blocks } }>["type"];
const HOLDERS: Readonly<Record<Holder, true>> = { BlockStmt: true, ScanStmt: true, NotStmt: true, WithStmt: true };

/** The statements in which blocks stand: each is asked about several times, and most are none of them. */
export const HAS_BLOCKS: ReadonlySet<IrStmt["type"]> = new Set(Object.keys(HOLDERS) as Holder[]);

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
