/**
 * Core seen from outside, for all passes: what an op reads, writes and grows, and which regions stand in it. In a
 * process that has just started, where nothing is optimised yet, an iterator costs as much as what is done with an op: these
 * loops count, and what most ops are comes first: a switch over texts compares them one after the other.
 */
import type { CoreFunction, Op, Region } from "./op.ts";
import type { Local, Value } from "./value.ts";

const NONE: readonly Region[] = [];
const NO_FUNCTIONS: readonly CoreFunction[] = [];

/** The regions that stand in an op. */
export function regionsOf(op: Op): readonly Region[] {
  return "regions" in op ? op.regions : NONE;
}

/** In which kinds of ops regions stand: a table, for each op is asked a dozen times. */
export const HOLDS_REGIONS: Readonly<Record<Op["kind"], boolean>> = {
  regions: true,
  loop: true,
  not: true,
  with: true,
  return: false,
  call: false,
  "call-path": false,
  leave: false,
  get: false,
  input: false,
  "need-input": false,
  length: false,
  assign: false,
  "assign-once": false,
  make: false,
  grow: false,
  gather: false,
  "give-up": false,
  merge: false,
  test: false,
  "one-of": false,
  result: false,
  mark: false,
  rules: false,
  narrow: false,
};

/** Each op of the regions at any depth, outer before inner. */
export function eachOp(regions: readonly Region[], visit: (op: Op) => void): void {
  for (let i = 0; i < regions.length; i++) {
    const { ops } = regions[i] as Region;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      visit(op);
      if (HOLDS_REGIONS[op.kind]) eachOp(regionsOf(op), visit);
    }
  }
}

/** Whether an op of the regions, at any depth, is one. */
export function someOp(regions: readonly Region[], isOne: (op: Op) => boolean): boolean {
  for (let i = 0; i < regions.length; i++) {
    const { ops } = regions[i] as Region;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      if (isOne(op) || (HOLDS_REGIONS[op.kind] && someOp(regionsOf(op), isOne))) return true;
    }
  }
  return false;
}

/** The op, and each inside of it. */
export function eachOpIn(op: Op, visit: (op: Op) => void): void {
  visit(op);
  if (HOLDS_REGIONS[op.kind]) eachOp(regionsOf(op), visit);
}

/** Whether the op, or one inside of it, is one. */
export function someOpIn(op: Op, isOne: (op: Op) => boolean): boolean {
  return isOne(op) || (HOLDS_REGIONS[op.kind] && someOp(regionsOf(op), isOne));
}

/** Puts others in the places of ops, at any depth; undefined: nothing. */
export function replaceOps(regions: readonly Region[], others: ReadonlyMap<Op, Op | undefined>): void {
  for (let i = 0; i < regions.length; i++) {
    const region = regions[i] as Region;
    const { ops } = region;
    /** From the first op on that is replaced. */
    let out: Op[] | undefined;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      if (others.has(op)) {
        out ??= ops.slice(0, j);
        const other = others.get(op);
        if (other !== undefined) out.push(other);
      } else {
        out?.push(op);
        if (HOLDS_REGIONS[op.kind]) replaceOps(regionsOf(op), others);
      }
    }
    if (out !== undefined) region.ops = out;
  }
}

/** The functions of the policy that an op calls by name. */
export function calleesOf(op: Op): readonly CoreFunction[] {
  if (op.kind === "rules") return op.rules.map(({ body }) => body);
  return op.kind === "call" && op.callee.kind === "function" ? [op.callee] : NO_FUNCTIONS;
}

/** Values that an op reads, without the collection that it grows. */
export function eachRead(op: Op, visit: (value: Value) => void): void {
  switch (op.kind) {
    case "test":
      visit(op.a);
      if (op.b !== undefined) visit(op.b);
      return;
    case "assign":
    case "input":
    case "loop":
    case "need-input":
    case "length":
      visit(op.source);
      return;
    case "get":
      visit(op.source);
      visit(op.key);
      return;
    case "regions":
    case "leave":
    case "make":
    case "not":
    case "give-up":
      return;
    case "mark":
      if (typeof op.rule !== "number") visit(op.rule);
      return;
    case "assign-once":
      visit(op.source);
      visit(op.target);
      return;
    case "return":
    case "result":
      visit(op.value);
      return;
    case "call":
      eachOf(op.args, visit);
      return;
    case "grow":
      if (op.key !== undefined) visit(op.key);
      visit(op.value);
      return;
    case "narrow":
      visit(op.source);
      visit(op.data);
      eachOf(op.keys, visit);
      return;
    case "one-of":
      visit(op.value);
      eachOf(op.elements, visit);
      return;
    case "rules":
      eachOf(op.args, visit);
      eachOf(op.keys, visit);
      if (op.how === "agree") visit(op.target);
      return;
    case "call-path":
      eachOf(op.args, visit);
      eachOf(op.path, visit);
      return;
    case "with":
      visit(op.local);
      visit(op.value);
      return;
    case "gather":
      visit(op.by);
      if (op.key !== undefined) visit(op.key);
      visit(op.value);
      return;
    case "merge":
      visit(op.a);
      visit(op.b);
      return;
  }
}

function eachOf(values: readonly Value[], visit: (value: Value) => void): void {
  for (let i = 0; i < values.length; i++) visit(values[i] as Value);
}

/** Whether an op reads such a value. */
export function someRead(op: Op, isOne: (value: Value) => boolean): boolean {
  let found = false;
  eachRead(op, (value) => {
    if (isOne(value)) found = true;
  });
  return found;
}

/** Locals that an op gives a new value. */
export function eachWrite(op: Op, visit: (local: Local) => void): void {
  switch (op.kind) {
    case "test":
    case "regions":
    case "leave":
    case "grow":
    case "mark":
    case "return":
    case "not":
    case "need-input":
    case "gather":
    case "give-up":
    case "result":
      return;
    case "assign":
    case "get":
    case "input":
    case "assign-once":
    case "call":
    case "make":
    case "call-path":
    case "length":
    case "merge":
    case "one-of":
      visit(op.target);
      return;
    case "loop":
      visit(op.key);
      visit(op.value);
      return;
    case "narrow":
      visit(op.target);
      if (op.sure !== undefined) visit(op.sure);
      return;
    case "with":
      visit(op.local);
      return;
    case "rules":
      if (op.how !== "grow") visit(op.target);
      return;
  }
}

/** Whether an op writes such a local. */
export function someWrite(op: Op, isOne: (local: Local) => boolean): boolean {
  let found = false;
  eachWrite(op, (local) => {
    if (isOne(local)) found = true;
  });
  return found;
}

/** The array, object or set that an op grows. */
export function grownBy(op: Op): Local | undefined {
  if (op.kind === "grow") return op.collection;
  if (op.kind === "gather") return op.groups;
  return op.kind === "rules" && op.how === "grow" ? op.target : undefined;
}
