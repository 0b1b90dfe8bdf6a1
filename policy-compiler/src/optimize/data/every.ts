/**
 * `every i, x in xs { x in {"*", ys[i]} }`, and the same with `==`, as the planner lays it out: each element
 * of one array is a constant, or equal to another array's element in its place.
 */
import type { IrStmt } from "../../ir/policy.ts";
import { MEMBER } from "../index/quiet.ts";

export type Every = {
  readonly source: number;
  /** The other array: a local, and the names (among the plan's strings) that lead on from it. */
  readonly key: { readonly local: number; readonly names: readonly number[] };
  /** Among the plan's strings. */
  readonly constants: readonly number[];
};

/** `next` stands behind the statement. */
export function everyOf(statement: IrStmt, next: IrStmt | undefined): Every | undefined {
  const [block, other] = statement.type === "BlockStmt" ? (statement.stmt.blocks ?? []) : [];
  const [scan, more] = block?.stmts ?? [];
  if (scan?.type !== "ScanStmt" || more !== undefined || other !== undefined) return undefined;
  if (next?.type !== "IsUndefinedStmt") return undefined;
  const { source, key, value, block: turn } = scan.stmt;
  const [reset, inner, test, fails, leave, rest] = turn.stmts ?? [];
  if (reset?.type !== "ResetLocalStmt" || inner?.type !== "BlockStmt" || test?.type !== "IsUndefinedStmt")
    return undefined;
  if (fails?.type !== "AssignVarStmt" || leave?.type !== "BreakStmt" || leave.stmt.index !== 1) return undefined;
  if (rest !== undefined || test.stmt.source !== reset.stmt.target || fails.stmt.target !== next.stmt.source)
    return undefined;
  const [body, second] = inner.stmt.blocks ?? [];
  if (second !== undefined) return undefined;
  const found = segmentOf(body?.stmts ?? [], { key, value, reached: reset.stmt.target });
  return found === undefined ? undefined : { source, ...found };
}

type Turn = { readonly key: number; readonly value: number; readonly reached: number };

/** A body that says nothing else of an element. */
function segmentOf(stmts: readonly IrStmt[], turn: Turn): Omit<Every, "source"> | undefined {
  let key: Every["key"] | undefined;
  let element: number | undefined;
  const parts = new Map<number, Every["key"]>();
  const constants: number[] = [];
  let collection: number | undefined;
  let holds: number | undefined;
  let isTested = false;
  const isElement = (local: number) => element !== undefined && local === element;
  for (const { type, stmt } of stmts.slice(0, -1)) {
    if (
      type === "DotStmt" &&
      stmt.key.type === "local" &&
      stmt.key.value === turn.key &&
      stmt.source.type === "local"
    ) {
      if (element !== undefined) return undefined;
      key = parts.get(stmt.source.value) ?? { local: stmt.source.value, names: [] };
      element = stmt.target;
    } else if (type === "DotStmt" && stmt.key.type === "string_index" && stmt.source.type === "local") {
      const { local, names } = parts.get(stmt.source.value) ?? { local: stmt.source.value, names: [] };
      parts.set(stmt.target, { local, names: [...names, stmt.key.value] });
    } else if ((type === "MakeSetStmt" || type === "MakeArrayStmt") && collection === undefined)
      collection = stmt.target;
    else if (type === "SetAddStmt" || type === "ArrayAppendStmt") {
      const into = type === "SetAddStmt" ? stmt.set : stmt.array;
      if (into !== collection || holds !== undefined) return undefined;
      if (stmt.value.type === "string_index") constants.push(stmt.value.value);
      else if (stmt.value.type !== "local" || !isElement(stmt.value.value)) return undefined;
    } else if (type === "CallStmt" && stmt.func === MEMBER && holds === undefined) {
      const [value, among] = stmt.args ?? [];
      if (value?.type !== "local" || value.value !== turn.value) return undefined;
      if (among?.type !== "local" || among.value !== collection) return undefined;
      holds = stmt.result;
    } else if (type === "NotEqualStmt") {
      if (stmt.a.type !== "local" || stmt.a.value !== holds || stmt.b.type !== "bool" || stmt.b.value) return undefined;
      isTested = true;
    } else if (type === "EqualStmt" && collection === undefined) {
      const sides = [stmt.a, stmt.b].map((side) => (side.type === "local" ? side.value : undefined));
      if (!sides.includes(turn.value) || !sides.some((side) => side !== undefined && isElement(side))) return undefined;
      isTested = true;
    } else return undefined;
  }
  const last = stmts.at(-1);
  if (last?.type !== "AssignVarStmt" || last.stmt.target !== turn.reached) return undefined;
  return isTested && key !== undefined ? { key, constants } : undefined;
}
