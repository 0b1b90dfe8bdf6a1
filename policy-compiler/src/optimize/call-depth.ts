/**
 * Which functions may be part of a chain of calls too long for the stack. Rego forbids
 * recursion, so for a planner's output this is nearly always none, and no depth is counted.
 */
import type { CoreModule } from "../core/module.ts";
import type { CoreFunction } from "../core/op.ts";
import { surveyOf } from "../core/survey.ts";
import { calleesOf } from "../core/walk.ts";

/** Frames that no stack is too small for. */
const CHAIN_MAX = 200;

type Open = { readonly func: CoreFunction; readonly rest: CoreFunction[]; height: number };

export function countDepths({ functions }: CoreModule): void {
  // Longest chain below each function; undefined while it is being looked at.
  const heights = new Map<CoreFunction, number | undefined>();
  for (const root of functions) {
    const open: Open[] = [];
    const enter = (func: CoreFunction) => {
      heights.set(func, undefined);
      open.push({ func, rest: [...calledBy(func, functions)], height: 0 });
    };
    if (!heights.has(root)) enter(root);
    while (open.length > 0) {
      const at = open[open.length - 1] as Open;
      const next = at.rest.pop();
      if (next === undefined) {
        open.pop();
        heights.set(at.func, at.height);
        if (at.height > CHAIN_MAX) at.func.countsDepth = true;
        const parent = open.at(-1);
        if (parent !== undefined) parent.height = Math.max(parent.height, at.height + 1);
        continue;
      }
      if (!heights.has(next)) enter(next);
      else {
        const known = heights.get(next);
        if (known === undefined)
          next.countsDepth = true; // a cycle: one of its functions counts
        else at.height = Math.max(at.height, known + 1);
      }
    }
  }
}

function calledBy(code: CoreFunction, functions: readonly CoreFunction[]): ReadonlySet<CoreFunction> {
  const called = new Set<CoreFunction>();
  for (const { op } of surveyOf(code).calls) {
    for (const callee of calleesOf(op)) called.add(callee);
    if (op.kind !== "call-path") continue;
    for (const other of functions)
      if (other.path.length > 0 && other.params.length === op.args.length) called.add(other);
  }
  return called;
}
