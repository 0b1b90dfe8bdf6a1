/**
 * Where the value of a local is needed no more, so that another may have its place: an engine's
 * time for a function grows with the square of its locals, and V8 takes no more than 50,000.
 *
 * Only a local that one statement writes and that is read behind it alone (emit/facts.ts) gives its
 * place away, or takes that of another: of any other one, that it begins undefined may matter.
 */
import type { IrBlock, IrOperand, IrStmt } from "../ir/policy.ts";
import { usesOf } from "../ir/uses.ts";
import type { Facts } from "./facts.ts";

export type Lifetimes = {
  /** Locals that nothing reads behind the statement, which stands in the block that writes them. */
  readonly ends: ReadonlyMap<IrStmt, readonly number[]>;
  /** The locals that end somewhere. */
  readonly passing: ReadonlySet<number>;
};

type Walk = {
  readonly facts: Facts;
  /** What a membership test compares with in line, though it was read before. */
  readonly elements: ReadonlyMap<IrStmt, readonly IrOperand[]>;
  /** How deep the block that writes a local lies. */
  readonly home: Map<number, number>;
  /** The statement of that block that uses it last. */
  readonly last: Map<number, IrStmt>;
  /** Locals that an iteration writes, by its statement: with no turn it leaves them as they were. */
  readonly turns: Map<number, IrStmt>;
  /** The statements around, outermost first. */
  readonly around: IrStmt[];
};

export function lifetimesOf(
  blocks: readonly IrBlock[] | null,
  facts: Facts,
  elements: ReadonlyMap<IrStmt, readonly IrOperand[]>,
): Lifetimes {
  const walk: Walk = { facts, elements, home: new Map(), last: new Map(), turns: new Map(), around: [] };
  for (const block of blocks ?? []) walkBlock(walk, block);
  const ends = new Map<IrStmt, number[]>();
  const passing = new Set<number>();
  for (const [local, stmt] of walk.last) {
    const turn = walk.turns.get(local);
    if (turn !== undefined && turn !== stmt) continue;
    passing.add(local);
    const ending = ends.get(stmt);
    if (ending === undefined) ends.set(stmt, [local]);
    else ending.push(local);
  }
  return { ends, passing };
}

function walkBlock(walk: Walk, { stmts }: IrBlock): void {
  const depth = walk.around.length;
  for (const stmt of stmts ?? []) {
    walk.around[depth] = stmt;
    const { reads, writes, changes, blocks } = usesOf(stmt);
    for (let i = 0; i < reads.length; i++) useOperand(walk, reads[i] as IrOperand);
    const elements = walk.elements.get(stmt);
    if (elements !== undefined) for (const operand of elements) useOperand(walk, operand);
    if (changes !== undefined) use(walk, changes);
    for (const local of writes) {
      if (!walk.facts.single.has(local)) continue;
      walk.home.set(local, depth);
      walk.last.set(local, stmt);
      if (stmt.type === "ScanStmt") walk.turns.set(local, stmt);
    }
    if (blocks !== undefined) for (const inner of blocks) walkBlock(walk, inner);
  }
  walk.around.length = depth;
}

function useOperand(walk: Walk, operand: IrOperand): void {
  if (operand.type === "local") use(walk, operand.value);
}

function use({ home, last, around }: Walk, local: number): void {
  const stmt = around[home.get(local) ?? -1];
  if (stmt !== undefined) last.set(local, stmt);
}
