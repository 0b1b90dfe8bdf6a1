/**
 * How deeply the blocks of a plan nest. Analyses recurse over them, and an engine has to
 * compile them: an iteration holds all that stands after it in its body.
 */
import type { IrBlock, IrPolicy, IrStmt } from "../ir/policy.ts";
import { blocksOf, HAS_BLOCKS } from "../ir/walk.ts";
import { EmitError } from "./error.ts";

/** Blocks inside one another: iterations and modifiers of one body, one after the other. */
const BLOCK_DEPTH_MAX = 2000;

/** Throws EmitError, with the statement's place, where blocks nest more deeply. */
export function checkBlockDepth(policy: IrPolicy): void {
  for (const { name, blocks } of [...(policy.plans?.plans ?? []), ...(policy.funcs?.funcs ?? [])]) {
    const deep = findDeep(blocks ?? []);
    if (deep === undefined) continue;
    const { file, row, col } = (deep.find(({ stmt }) => stmt.file !== undefined) ?? (deep[0] as IrStmt)).stmt;
    const place = { file: policy.static?.files?.[file ?? -1]?.value ?? "", row: row ?? 1, column: col ?? 1 };
    throw new EmitError(`${name} has more than ${BLOCK_DEPTH_MAX} iterations and modifiers inside one another`, {
      code: "policy_too_large",
      place,
      hint: "split the body into rules",
    });
  }
}

/** The statements of a block that stands too deep. */
function findDeep(blocks: readonly IrBlock[]): readonly IrStmt[] | undefined {
  const waiting = [...blocks];
  const depths = blocks.map(() => 1);
  for (let block = waiting.pop(); block !== undefined; block = waiting.pop()) {
    const depth = depths.pop() as number;
    const { stmts } = block;
    if (!stmts) continue;
    if (depth > BLOCK_DEPTH_MAX && stmts.length > 0) return stmts;
    for (let i = 0; i < stmts.length; i++) {
      const statement = stmts[i] as IrStmt;
      if (!HAS_BLOCKS.has(statement.type)) continue;
      const inside = blocksOf(statement);
      for (let j = 0; j < inside.length; j++) {
        waiting.push(inside[j] as IrBlock);
        depths.push(depth + 1);
      }
    }
  }
  return undefined;
}
