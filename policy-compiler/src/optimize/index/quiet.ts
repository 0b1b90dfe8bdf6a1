/** Statements without effect, that cannot fail with an error: whether one runs is seen by nothing but what its block does. */
import type { IrStmt } from "../../ir/policy.ts";

export const MEMBER = "internal.member_2";

/** Writes locals of its own at most. */
export function isQuiet({ type, stmt }: IrStmt): boolean {
  switch (type) {
    case "CallStmt":
      return stmt.func === MEMBER;
    case "BlockStmt":
    case "NotStmt":
    case "ScanStmt":
    case "DotStmt":
    case "BaseDotStmt":
    case "LenStmt":
    case "AssignIntStmt":
    case "AssignVarStmt":
    case "ResetLocalStmt":
    case "MakeNullStmt":
    case "MakeNumberIntStmt":
    case "MakeNumberRefStmt":
    case "MakeArrayStmt":
    case "MakeObjectStmt":
    case "MakeSetStmt":
    case "EqualStmt":
    case "NotEqualStmt":
    case "IsArrayStmt":
    case "IsObjectStmt":
    case "IsSetStmt":
    case "IsDefinedStmt":
    case "IsUndefinedStmt":
    case "NopStmt":
      return true;
    default:
      return false;
  }
}
