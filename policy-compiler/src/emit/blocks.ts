/**
 * Blocks inside blocks, emitted without recursion: an iteration holds everything after it, so
 * a plan nests as deeply as its longest body is long.
 *
 * Fuel is taken ahead, for the statements of a stretch, where a function or a turn of an
 * iteration begins; a longer stretch takes more on its way, where it can at the beginning of
 * a block: what leaves a block early has not paid for what it did not do.
 */
import type { IrBlock, IrStmt } from "../ir/policy.ts";
import { closeFrame, endLocals, openFrame } from "./code.ts";
import type { Nested, StatementContext } from "./statement-context.ts";
import { statement } from "./statements.ts";
import { tick } from "./steps.ts";
import { STRETCH_MAX, statementWeight, turnOf } from "./weights.ts";

type Open = { readonly stmts: readonly IrStmt[]; next: number; readonly end: () => void; readonly inside: Nested[] };

/** The blocks of a function or plan, one after the other; `paid` units are taken already. */
export function emitBlocks(context: StatementContext, blocks: readonly IrBlock[], paid: number): void {
  const { body, policy } = context;
  const begin = () => openFrame(body);
  const end = () => closeFrame(body);
  const outermost: Open = { stmts: [], next: 0, end: () => undefined, inside: [] };
  const opened: Open[] = [outermost];
  const nest = (open: Open, nested: readonly Nested[]) => open.inside.push(...nested.toReversed());
  nest(
    outermost,
    blocks.map((block) => ({ begin, block, end })),
  );
  let due = -paid;
  const pay = (least: number) => {
    if (due <= least) return;
    tick(body, due);
    due = 0;
  };
  for (let top = opened.at(-1); top !== undefined; top = opened.at(-1)) {
    const inner = top.inside.pop();
    if (inner !== undefined) {
      inner.begin?.();
      pay(STRETCH_MAX);
      opened.push({ stmts: inner.block.stmts ?? [], next: 0, end: inner.end, inside: [] });
      continue;
    }
    const done = top.stmts[top.next - 1];
    if (done !== undefined) endLocals(body, done);
    const stmt = top.stmts[top.next++];
    if (stmt === undefined) {
      opened.pop();
      top.end();
      continue;
    }
    due += statementWeight(policy, stmt);
    pay(4 * STRETCH_MAX);
    nest(top, statement(context, stmt));
    if (stmt.type === "ScanStmt") due = -turnOf(policy, stmt.stmt.block);
  }
}
