/**
 * Locals whose value from before may be read: what blocks need from outside. Blocks run one after
 * the other, and any may be left anywhere, so that what is written in one is not there for the next.
 */
import type { IrBlock } from "../../ir/policy.ts";
import { usesOf } from "../../ir/uses.ts";

export type Exposed = {
  /** Read before the block itself has written them. */
  readonly needs: ReadonlySet<number>;
  /** Written to stay; what `with` replaces is put back. */
  readonly writes: ReadonlySet<number>;
  /** Grown without being made there. */
  readonly grows: ReadonlySet<number>;
};

export function exposedOf(blocks: readonly IrBlock[]): Exposed {
  const found = { needs: new Set<number>(), writes: new Set<number>(), grows: new Set<number>() };
  const own = new Set<number>();
  for (const block of blocks) walk(block, own, found);
  return found;
}

type Found = { readonly needs: Set<number>; readonly writes: Set<number>; readonly grows: Set<number> };

function walk({ stmts }: IrBlock, own: Set<number>, found: Found): void {
  const before: number[] = [];
  for (const statement of stmts ?? []) {
    const { reads, writes, changes, blocks } = usesOf(statement);
    for (const operand of reads)
      if (operand.type === "local" && !own.has(operand.value)) found.needs.add(operand.value);
    if (changes !== undefined && !own.has(changes)) {
      found.needs.add(changes);
      found.grows.add(changes);
    }
    for (const local of writes) {
      if (statement.type === "WithStmt") continue;
      found.writes.add(local);
      if (own.has(local)) continue;
      own.add(local);
      before.push(local);
    }
    for (const inner of blocks ?? []) walk(inner, own, found);
  }
  for (const local of before) own.delete(local);
}
