/** Which rules an entrypoint can reach: what a decision may say of it, and of no other. */
import type { CoreModule } from "./module.ts";
import type { CoreCode, CoreFunction, CorePlan } from "./op.ts";
import { surveyOf } from "./survey.ts";
import { calleesOf } from "./walk.ts";

/** Runs of mark numbers, `[from, to)` each, in order. */
export type MarkRuns = readonly (readonly [from: number, to: number])[];

/** Of each plan, in their order. */
export function reachedMarks({ plans, functions }: CoreModule): readonly MarkRuns[] {
  // What is called by its path is known at run time only: it may be any function that has one.
  const byPath = functions.filter(({ path }) => path.length > 0);
  return plans.map((plan) => toRuns(marksOf(plan, byPath)));
}

function marksOf(plan: CorePlan, byPath: readonly CoreFunction[]): ReadonlySet<number> {
  const marks = new Set<number>();
  const seen = new Set<CoreFunction>();
  const open: CoreCode[] = [plan];
  const enter = (func: CoreFunction): void => {
    if (seen.has(func)) return;
    seen.add(func);
    open.push(func);
  };
  for (let code = open.pop(); code !== undefined; code = open.pop()) {
    const survey = surveyOf(code);
    for (const mark of survey.marks) marks.add(mark);
    for (const { op } of survey.calls) {
      for (const callee of calleesOf(op)) enter(callee);
      if (op.kind === "call-path") for (const func of byPath) enter(func);
    }
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
