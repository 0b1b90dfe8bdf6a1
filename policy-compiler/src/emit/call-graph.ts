/**
 * Which functions may be part of a chain of calls too long for the stack. Rego forbids
 * recursion, so for a planner's output this is nearly always none, and no depth is counted.
 */
import type { IrFunc } from "../ir/policy.ts";
import { eachStmtOf } from "../ir/walk.ts";

/** Frames that no stack is too small for. */
const CHAIN_MAX = 200;

export function deepFunctions(funcs: readonly IrFunc[]): ReadonlySet<string> {
  const byName = new Map(funcs.map((func) => [func.name, func]));
  const callees = new Map(funcs.map((func) => [func.name, calleesOf(func)]));
  // Longest chain below each function; undefined while it is being looked at.
  const heights = new Map<string, number | undefined>();
  const deep = new Set<string>();
  for (const root of funcs) {
    const open: { name: string; rest: string[]; height: number }[] = [];
    const enter = (name: string) => {
      heights.set(name, undefined);
      open.push({ name, rest: [...(callees.get(name) ?? [])], height: 0 });
    };
    if (!heights.has(root.name)) enter(root.name);
    while (open.length > 0) {
      const at = open[open.length - 1] as (typeof open)[number];
      const next = at.rest.pop();
      if (next === undefined) {
        open.pop();
        heights.set(at.name, at.height);
        if (at.height > CHAIN_MAX) deep.add(at.name);
        const parent = open.at(-1);
        if (parent !== undefined) parent.height = Math.max(parent.height, at.height + 1);
        continue;
      }
      if (!byName.has(next)) continue;
      if (!heights.has(next)) enter(next);
      else {
        const known = heights.get(next);
        if (known === undefined)
          deep.add(next); // a cycle: one of its functions counts
        else at.height = Math.max(at.height, known + 1);
      }
    }
  }
  return deep;

  function calleesOf(func: IrFunc): ReadonlySet<string> {
    const names = new Set<string>();
    eachStmtOf(func.blocks, ({ type, stmt }) => {
      if (type === "CallStmt") names.add(stmt.func);
      if (type === "DispatchStmt") for (const name of stmt.funcs) names.add(name);
      if (type !== "CallDynamicStmt") return;
      const params = stmt.args?.length ?? 0;
      for (const other of funcs) if (other.path && other.params.length === params) names.add(other.name);
    });
    return names;
  }
}
