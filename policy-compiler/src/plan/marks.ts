/** Which rules an entrypoint can reach: what a decision may say of it, and of no other. */
import type { IrBlock, IrFunc, IrPlan, IrPolicy } from "../ir/policy.ts";
import { eachStmtOf } from "../ir/walk.ts";

/** Runs of mark numbers, `[from, to)` each, in order. */
export type MarkRuns = readonly (readonly [from: number, to: number])[];

/** Of each plan, in their order. */
export function reachedMarks(policy: IrPolicy): readonly MarkRuns[] {
  const funcs = new Map((policy.funcs?.funcs ?? []).map((func) => [func.name, func]));
  return (policy.plans?.plans ?? []).map((plan) => toRuns(marksOf(plan, funcs)));
}

function marksOf(plan: IrPlan, funcs: ReadonlyMap<string, IrFunc>): ReadonlySet<number> {
  const marks = new Set<number>();
  const seen = new Set<IrFunc>();
  const open: (readonly IrBlock[] | null)[] = [plan.blocks];
  const enter = (func: IrFunc | undefined): void => {
    if (func === undefined || seen.has(func)) return;
    seen.add(func);
    open.push(func.blocks);
  };
  for (let blocks = open.pop(); blocks !== undefined; blocks = open.pop()) {
    eachStmtOf(blocks, ({ type, stmt }) => {
      if (type === "MarkStmt") marks.add(stmt.rule);
      if (type === "CallStmt") enter(funcs.get(stmt.func));
      if (type === "DispatchStmt") for (const name of stmt.funcs) enter(funcs.get(name));
      // The path is known at run time only: it may be any function that has one.
      if (type === "CallDynamicStmt") for (const func of funcs.values()) if (func.path?.length) enter(func);
    });
  }
  return marks;
}

function toRuns(marks: ReadonlySet<number>): MarkRuns {
  const runs: [number, number][] = [];
  for (const mark of [...marks].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === mark) last[1]++;
    else runs.push([mark, mark + 1]);
  }
  return runs;
}
