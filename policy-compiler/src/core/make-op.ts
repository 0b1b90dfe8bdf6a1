/** Ops that passes make. */
import type { CallOp, GetOp, Label, MakeOp, Op, Region, TestOp } from "./op.ts";
import { type Local, NO_LOCALS, UNDEFINED, type Value } from "./value.ts";

const MADE = { at: {}, weight: 0, ends: NO_LOCALS } as const;

export function assign(target: Local, source: Value): Op {
  return { kind: "assign", ...MADE, source, target };
}

export function reset(target: Local): Op {
  return assign(target, UNDEFINED);
}

export function isReset(op: Op | undefined): op is Extract<Op, { readonly kind: "assign" }> {
  return op?.kind === "assign" && op.source === UNDEFINED;
}

export function testOf(test: "defined" | "undefined" | "object", a: Value, exit: Label): TestOp {
  return { kind: "test", ...MADE, test, a, b: undefined, exit };
}

export function returnOf(value: Value): Op {
  return { kind: "return", ...MADE, value };
}

export function markOf(rule: number): Op {
  return { kind: "mark", ...MADE, rule };
}

export function regionsOp(regions: readonly Region[]): Op {
  return { kind: "regions", ...MADE, regions };
}

export function call(target: Local, asked: Pick<CallOp, "callee" | "args" | "exit">): Op {
  return { kind: "call", ...MADE, ...asked, target };
}

export function lookUp(target: Local, asked: Pick<GetOp, "source" | "key" | "exit">): Op {
  return { kind: "get", ...MADE, how: "value", ...asked, target };
}

export function leaveTo(exit: Label): Op {
  return { kind: "leave", ...MADE, exit };
}

export function make(what: MakeOp["what"], target: Local): Op {
  return { kind: "make", ...MADE, what, capacity: 0, target };
}

export function giveUp(): Op {
  return { kind: "give-up", ...MADE };
}

export function append(collection: Local, value: Value): Op {
  return { kind: "grow", ...MADE, how: "append", collection, key: undefined, value };
}
