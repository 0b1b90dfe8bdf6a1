/**
 * Ops that passes make. Their fields are written out, in the order in which from-statement.ts has them: a spread in the midst
 * of a literal copies field by field, and thousands are made.
 */
import type { CallOp, GetOp, Label, MakeOp, Op, Region, TestOp } from "./op.ts";
import { type Local, NO_LOCALS, UNDEFINED, type Value } from "./value.ts";

/** Made by no statement of a plan. */
const NOWHERE: Op["at"] = {};

export function assign(target: Local, source: Value): Op {
  return { kind: "assign", at: NOWHERE, weight: 0, ends: NO_LOCALS, source, target };
}

export function reset(target: Local): Op {
  return assign(target, UNDEFINED);
}

export function isReset(op: Op | undefined): op is Extract<Op, { readonly kind: "assign" }> {
  return op?.kind === "assign" && op.source === UNDEFINED;
}

export function testOf(test: "defined" | "undefined" | "object", a: Value, exit: Label): TestOp {
  return { kind: "test", at: NOWHERE, weight: 0, ends: NO_LOCALS, exit, test, a, b: undefined };
}

export function returnOf(value: Value): Op {
  return { kind: "return", at: NOWHERE, weight: 0, ends: NO_LOCALS, value };
}

export function markOf(rule: number | Local): Op {
  return { kind: "mark", at: NOWHERE, weight: 0, ends: NO_LOCALS, rule };
}

export function regionsOp(regions: readonly Region[]): Op {
  return { kind: "regions", at: NOWHERE, weight: 0, ends: NO_LOCALS, regions };
}

export function call(target: Local, asked: Pick<CallOp, "callee" | "args" | "exit">): Op {
  const { callee, args, exit } = asked;
  return { kind: "call", at: NOWHERE, weight: 0, ends: NO_LOCALS, exit, callee, args, target };
}

export function lookUp(target: Local, asked: Pick<GetOp, "source" | "key" | "exit">): Op {
  const { source, key, exit } = asked;
  return { kind: "get", at: NOWHERE, weight: 0, ends: NO_LOCALS, exit, how: "value", source, key, target };
}

export function leaveTo(exit: Label): Op {
  return { kind: "leave", at: NOWHERE, weight: 0, ends: NO_LOCALS, exit };
}

export function make(what: MakeOp["what"], target: Local): Op {
  return { kind: "make", at: NOWHERE, weight: 0, ends: NO_LOCALS, what, capacity: 0, target };
}

export function giveUp(): Op {
  return { kind: "give-up", at: NOWHERE, weight: 0, ends: NO_LOCALS };
}

export function append(collection: Local, value: Value): Op {
  return { kind: "grow", at: NOWHERE, weight: 0, ends: NO_LOCALS, how: "append", collection, key: undefined, value };
}
