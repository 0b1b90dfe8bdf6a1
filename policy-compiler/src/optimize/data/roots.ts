/** Which part of the data each function is given as its data: a unit's own, or all. */
import type { CoreModule } from "../../core/module.ts";
import type { CoreCode, CoreFunction, Region } from "../../core/op.ts";
import { surveyOf } from "../../core/survey.ts";
import { type Local, Type, type Value } from "../../core/value.ts";
import { calleesOf, eachOp } from "../../core/walk.ts";

const DATA = 1;

export type Root = readonly string[];

/** None for what nobody calls, or is given several. */
export function rootsOf({ plans }: CoreModule): ReadonlyMap<CoreFunction, Root> {
  const roots = new Map<CoreFunction, Root | undefined>();
  const open: (readonly [func: CoreFunction, root: Root])[] = [];
  const call = (func: CoreFunction, data: Value | undefined, rootOf: (local: Local) => Root | undefined): void => {
    const root = data?.kind === "local" ? rootOf(data) : undefined;
    if (!roots.has(func)) {
      roots.set(func, root);
      if (root !== undefined) open.push([func, root]);
    } else if (roots.get(func)?.join("\0") !== root?.join("\0")) roots.set(func, undefined);
  };
  for (const plan of plans) {
    const units = unitsOf(plan.body);
    eachCall(plan, (func, data) => call(func, data, (local) => (isData(local) ? [] : units.get(local))));
  }
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const [func, root] = at;
    eachCall(func, (callee, data) => call(callee, data, (local) => (isData(local) ? root : undefined)));
  }
  const known = [...roots].flatMap(([func, root]) => (root === undefined ? [] : [[func, root] as const]));
  return new Map(known);
}

export function isData(value: Value): boolean {
  return value.kind === "local" && value.id === DATA;
}

/** Locals of a plan that are a part of the data, or something made where that is not there. */
function unitsOf(regions: readonly Region[]): ReadonlyMap<Local, Root> {
  const parts = new Map<Local, Root>();
  eachOp(regions, (op) => {
    if (op.kind === "get" && op.how === "value" && isData(op.source)) {
      if (op.key.kind === "constant" && op.key.type === Type.string) parts.set(op.target, [op.key.text]);
    } else if (op.kind === "assign" && op.source.kind === "local") {
      const part = parts.get(op.source);
      if (part !== undefined) parts.set(op.target, part);
    }
  });
  return parts;
}

function eachCall(code: CoreCode, visit: (callee: CoreFunction, data: Value | undefined) => void): void {
  for (const { op } of surveyOf(code).calls) {
    for (const callee of calleesOf(op)) visit(callee, op.args[DATA]);
  }
}
