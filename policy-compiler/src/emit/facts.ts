/**
 * What is known of a function's locals before it is emitted.
 *
 * A local is looked at if one statement writes it and all that reads it comes behind, in the
 * same block or inside: then its value is that statement's. It may be a constant (a
 * literal that the planner built step by step), or a part of input or data.
 */
import type { IrBlock, IrOperand, IrStmt } from "../ir/policy.ts";
import { isMaker, usesOf } from "../ir/uses.ts";

export type Facts = {
  /** Locals with one writer whose reads are all behind it. */
  readonly single: ReadonlySet<number>;
  /** Of these, arrays, objects and sets that grow only in their own block, before anything reads them. */
  readonly settled: ReadonlySet<number>;
  /** How often a local is read. */
  readonly reads: ReadonlyMap<number, number>;
  /** The function grows something that it did not make itself. */
  readonly changesOthers: boolean;
  /** Input is given another value, other than by `with`, which begins a generation. */
  readonly setsInput: boolean;
};

type Record = {
  writes: number;
  reads: number;
  maker: boolean;
  block: IrBlock | undefined;
  readTooEarly: boolean;
  unsettled: boolean;
  changed: boolean;
};

type Walk = { readonly records: Map<number, Record>; readonly active: Set<number>; setsInput: boolean };

const INPUT = 0;

/** `grows` is a parameter that the caller made to be grown. */
export function factsOf(params: readonly number[], blocks: readonly IrBlock[] | null, grows?: number): Facts {
  const walk: Walk = { records: new Map(), active: new Set(params), setsInput: false };
  for (const param of params) recordOf(walk, param).writes++;
  for (const block of blocks ?? []) walkBlock(walk, block);
  const single = new Set<number>();
  const settled = new Set<number>();
  let changesOthers = false;
  for (const [local, record] of walk.records) {
    const isSingle = record.writes === 1 && !record.readTooEarly;
    if (isSingle) single.add(local);
    if (isSingle && !record.unsettled) settled.add(local);
    if (record.changed && !(record.maker && record.writes === 1) && local !== grows) changesOthers = true;
  }
  const reads = new Map<number, number>();
  for (const [local, record] of walk.records) reads.set(local, record.reads);
  return { single, settled, reads, changesOthers, setsInput: walk.setsInput };
}

function recordOf(walk: Walk, local: number): Record {
  const known = walk.records.get(local);
  if (known !== undefined) return known;
  const fresh: Record = {
    ...{ writes: 0, reads: 0, maker: false, block: undefined },
    ...{ readTooEarly: false, unsettled: false, changed: false },
  };
  walk.records.set(local, fresh);
  return fresh;
}

function walkBlock(walk: Walk, block: IrBlock): void {
  const defined: number[] = [];
  for (const stmt of block.stmts ?? []) walkStatement(walk, block, stmt, defined);
  for (const local of defined) walk.active.delete(local);
}

function walkStatement(walk: Walk, block: IrBlock, stmt: IrStmt, defined: number[]): void {
  const uses = usesOf(stmt);
  const { reads, writes } = uses;
  for (let i = 0; i < reads.length; i++) {
    const operand = reads[i] as IrOperand;
    if (operand.type !== "local") continue;
    const record = recordOf(walk, operand.value);
    record.reads++;
    if (!walk.active.has(operand.value)) record.readTooEarly = true;
  }
  if (uses.changes !== undefined) {
    const record = recordOf(walk, uses.changes);
    record.changed = true;
    if (!walk.active.has(uses.changes)) record.readTooEarly = true;
    if (record.reads > 0 || record.block !== block) record.unsettled = true;
  }
  for (let i = 0; i < writes.length; i++) {
    const local = writes[i] as number;
    const record = recordOf(walk, local);
    record.writes++;
    record.block = block;
    record.maker = isMaker(stmt.type);
    if (local === INPUT && stmt.type !== "WithStmt") walk.setsInput = true;
    if (!walk.active.has(local)) {
      walk.active.add(local);
      defined.push(local);
    }
  }
  if (uses.blocks !== undefined) for (const inner of uses.blocks) walkBlock(walk, inner);
}
