/**
 * Which functions keep what they have found for the generation: those that are asked more than once, by what they
 * are given. And whether all are given the caller's input, so that what is read of it may be kept, too.
 */
import type { CoreModule } from "../core/module.ts";
import { codesOf } from "../core/module.ts";
import type { CoreCode, CoreFunction } from "../core/op.ts";
import { surveyOf } from "../core/survey.ts";
import type { Value } from "../core/value.ts";
import { someOp } from "../core/walk.ts";

const INPUT = 0;

export function keepAnswers(module: CoreModule): void {
  const calls = new Map<CoreFunction, number>();
  for (const code of codesOf(module)) {
    const times = code.params.length > 2 ? 2 : 1;
    if (!countCalls(code, { module, calls, times })) module.sharesInput = false;
  }
  for (const func of module.functions) {
    if ((calls.get(func) ?? 0) <= 1 || func.keeps === "gathered") continue;
    if (func.params.length === 2) func.keeps = "value";
    else if (module.growsOwn && func.params.length > 2 && isLaborious(func)) func.keeps = "answers";
  }
}

type Count = {
  readonly module: CoreModule;
  readonly calls: Map<CoreFunction, number>;
  /** 2 where the function may run more than once. */
  readonly times: number;
};

/** Counts how often functions are called, 2 for many times; gives whether all get the caller's input. Data may be a part of it: a unit's own. */
function countCalls(code: CoreCode, { module, calls, times }: Count): boolean {
  let shares = true;
  const add = (func: CoreFunction, more: number) => calls.set(func, (calls.get(func) ?? 0) + more);
  for (const { op, isRepeated } of surveyOf(code).calls) {
    // The rules of a set are called by nobody else, once for each set of arguments: their answers are not kept.
    if (op.kind === "call" && op.callee.kind === "function") add(op.callee, isRepeated ? 2 : times);
    else if (op.kind === "call-path") {
      for (const func of module.functions) if (func.path.length > 0) add(func, 2);
    }
    if (!isInput(op.args[0])) shares = false;
  }
  return shares;
}

function isInput(value: Value | undefined): boolean {
  return value?.kind === "local" && value.id === INPUT;
}

/** Loops, or calls others. */
export function isLaborious(func: CoreFunction): boolean {
  return surveyOf(func).calls.length > 0 || someOp(func.body, (op) => op.kind === "loop");
}
