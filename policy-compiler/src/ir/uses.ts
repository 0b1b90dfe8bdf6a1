/** What a statement reads, writes and changes: the IR seen from outside, for all analyses. */
import type { IrBlock, IrOperand, IrStmt } from "./policy.ts";

export type Uses = {
  /** Operands read, without what `changes` names. */
  readonly reads: readonly IrOperand[];
  /** Locals given a new value. */
  readonly writes: readonly number[];
  /** Local whose array, object or set grows. */
  readonly changes?: number;
  readonly blocks?: readonly IrBlock[];
};

const local = (value: number): IrOperand => ({ type: "local", value });
const NOTHING: Uses = { reads: [], writes: [] };

export function usesOf({ type, stmt }: IrStmt): Uses {
  switch (type) {
    case "ReturnLocalStmt":
    case "IsDefinedStmt":
    case "IsUndefinedStmt":
    case "NeedInputStmt":
      return { reads: [local(stmt.source)], writes: [] };
    case "InputSlotStmt":
      return { reads: [local(stmt.source)], writes: [stmt.target] };
    case "CallStmt":
      return { reads: stmt.args ?? [], writes: [stmt.result] };
    case "CallDynamicStmt":
      return { reads: [...(stmt.args ?? []).map(local), ...stmt.path], writes: [stmt.result] };
    case "BlockStmt":
      return { ...NOTHING, blocks: stmt.blocks ?? [] };
    case "ScanStmt":
      return { reads: [local(stmt.source)], writes: [stmt.key, stmt.value], blocks: [stmt.block] };
    case "NotStmt":
      return { ...NOTHING, blocks: [stmt.block] };
    case "WithStmt":
      return { reads: [local(stmt.local), stmt.value], writes: [stmt.local], blocks: [stmt.block] };
    case "DotStmt":
    case "BaseDotStmt":
      return { reads: [stmt.source, stmt.key], writes: [stmt.target] };
    case "LenStmt":
    case "AssignVarStmt":
      return { reads: [stmt.source], writes: [stmt.target] };
    case "AssignVarOnceStmt":
      return { reads: [stmt.source, local(stmt.target)], writes: [stmt.target] };
    case "AssignIntStmt":
    case "ResetLocalStmt":
    case "MakeNullStmt":
    case "MakeNumberIntStmt":
    case "MakeNumberRefStmt":
    case "MakeArrayStmt":
    case "MakeObjectStmt":
    case "MakeSetStmt":
      return { reads: [], writes: [stmt.target] };
    case "EqualStmt":
    case "NotEqualStmt":
      return { reads: [stmt.a, stmt.b], writes: [] };
    case "IsArrayStmt":
    case "IsObjectStmt":
    case "IsSetStmt":
      return { reads: [stmt.source], writes: [] };
    case "ArrayAppendStmt":
      return { reads: [stmt.value], writes: [], changes: stmt.array };
    case "ObjectInsertStmt":
    case "ObjectInsertOnceStmt":
      return { reads: [stmt.key, stmt.value], writes: [], changes: stmt.object };
    case "SetAddStmt":
      return { reads: [stmt.value], writes: [], changes: stmt.set };
    case "ObjectMergeStmt":
      return { reads: [local(stmt.a), local(stmt.b)], writes: [stmt.target] };
    case "ResultSetAddStmt":
      return { reads: [local(stmt.value)], writes: [] };
    case "DispatchStmt": {
      const reads = [...stmt.args, ...stmt.keys.map(local)];
      if (stmt.how === "grow") return { reads, writes: [], changes: stmt.target };
      return { reads: stmt.how === "agree" ? [...reads, local(stmt.target)] : reads, writes: [stmt.target] };
    }
    case "NarrowStmt":
      return {
        reads: [stmt.source, stmt.data, ...stmt.keys].map(local),
        writes: stmt.sure === undefined ? [stmt.target] : [stmt.target, stmt.sure],
      };
    case "BreakStmt":
    case "NopStmt":
    case "MarkStmt":
      return NOTHING;
  }
}
