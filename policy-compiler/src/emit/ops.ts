/** One emitter for each op of core; core/op.ts says what they mean. */
import { ValueKind } from "@regomesh/policy-runtime";
import { EmitError } from "../core/error.ts";
import type { GatherOp, GetOp, GrowOp, MakeOp, Op, TestOp, WithOp } from "../core/op.ts";
import { Type } from "../core/value.ts";
import { OP } from "../wasm/encode.ts";
import { newLocal, placeOf, type Restore } from "./body.ts";
import { callPath, call as emitCall, oneOf } from "./call.ts";
import { assignOnce, branchIfEqual, exitUnlessCollection, exitUnlessEqual, exitUnlessKind } from "./compare.ts";
import { closeFrame, exitHere, exitIf, exitLabel, leave, openFrame, putBack, setOrExit } from "./frame.ts";
import { inputSlot } from "./input-slot.ts";
import {
  br,
  call,
  close,
  constant,
  get,
  globalGet,
  i32Const,
  op as instruction,
  markAddress,
  open,
  set,
  store,
} from "./instruction.ts";
import { loop } from "./loop.ts";
import { narrow } from "./narrow.ts";
import type { Nested, OpContext } from "./op-context.ts";
import { operand } from "./operand.ts";
import { checkRule, ruleSet } from "./rule-set.ts";

type OpOf<Kind extends Op["kind"]> = Extract<Op, { readonly kind: Kind }>;
type Nesting = "regions" | "loop" | "not" | "with";
type Emitters = { readonly [Kind in Exclude<Op["kind"], Nesting>]: (context: OpContext, op: OpOf<Kind>) => void };
/** These give the regions that stand inside of their ops. */
type Openers = { readonly [Kind in Nesting]: (context: OpContext, op: OpOf<Kind>) => readonly Nested[] };

/** Elements that an array gets room for at once, whatever the plan foresees. */
const CAPACITY_MAX = 4096;

const NONE: readonly Nested[] = [];

/** Emits the op, and gives the regions inside of it, which the caller emits next. */
export function emitOp(context: OpContext, op: Op): readonly Nested[] {
  const { kind } = op;
  if (kind === "regions" || kind === "loop" || kind === "not" || kind === "with")
    return (OPENERS[kind] as (context: OpContext, op: Op) => readonly Nested[])(context, op);
  (EMITTERS[kind] as (context: OpContext, op: Op) => void)(context, op);
  return NONE;
}

function not({ body }: OpContext, { regions, exit }: OpOf<"not">): readonly Nested[] {
  const region = regions[0];
  openFrame(body, region.label);
  const end = () => {
    exitHere(body, exit); // the region holds, so its negation does not
    closeFrame(body);
  };
  return [{ region, end }];
}

function withOp({ body }: OpContext, { local, path, value, regions, exit }: WithOp): readonly Nested[] {
  const region = regions[0];
  const restore: Restore = {
    target: placeOf(body, local),
    saved: newLocal(body),
    generation: newLocal(body),
  };
  get(body, restore.target);
  set(body, restore.saved);
  if (path.length === 0) operand(body, value);
  else {
    get(body, restore.target);
    constant(body, JSON.stringify(path));
    operand(body, value);
    call(body, "upsert");
  }
  set(body, restore.target);
  call(body, "memoPush");
  set(body, restore.generation);
  const done = open(body, OP.block);
  openFrame(body, region.label, restore);
  const end = () => {
    br(body, done);
    closeFrame(body);
    putBack(body, restore);
    exitHere(body, exit);
    close(body);
    putBack(body, restore);
  };
  return [{ region, end }];
}

function regions({ body }: OpContext, op: OpOf<"regions">): readonly Nested[] {
  const end = () => closeFrame(body);
  return op.regions.map((region) => ({ begin: () => openFrame(body, region.label), region, end }));
}

function lookUp({ body }: OpContext, { how, source, key, target, exit }: GetOp): void {
  if (source.kind === "constant") {
    exitHere(body, exit); // strings and booleans have no parts
    return;
  }
  operand(body, source);
  operand(body, key);
  const isAtom = key.kind === "constant" && key.type === Type.string;
  call(body, how === "base" ? "baseGet" : isAtom ? "getAtom" : "valueGet");
  setOrExit(body, target, exit);
}

function make({ body }: OpContext, { what, capacity, target }: MakeOp): void {
  if (what === "array") {
    i32Const(body, Math.min(Math.max(capacity, 0), CAPACITY_MAX));
    call(body, "makeArray");
  } else call(body, what === "object" ? "newObject" : "newSet");
  set(body, placeOf(body, target));
}

const GROWERS = {
  append: "arrayPush",
  add: "setAdd",
  insert: "objectInsert",
  "insert-once": "objectInsertOnce",
} as const;

function grow({ body }: OpContext, { how, collection, key, value }: GrowOp): void {
  operand(body, collection);
  if (key !== undefined) operand(body, key);
  operand(body, value);
  call(body, GROWERS[how]);
}

const GATHERERS = { array: "gatherArray", set: "gatherSet", object: "gatherObject" } as const;

function gather({ body }: OpContext, { what, groups, by, key, value }: GatherOp): void {
  operand(body, groups);
  operand(body, by);
  if (key !== undefined) operand(body, key);
  operand(body, value);
  call(body, GATHERERS[what]);
}

function test({ body }: OpContext, op: TestOp): void {
  const { a, exit } = op;
  switch (op.test) {
    case "equal":
      exitUnlessEqual(body, a, op.b, exit);
      return;
    case "not-equal":
      if (a === op.b) exitHere(body, exit);
      else branchIfEqual(body, a, op.b, exitLabel(body, exit));
      return;
    case "array":
    case "object":
    case "set":
      exitUnlessKind(body, a, ValueKind[op.test], exit);
      return;
    case "collection":
      exitUnlessCollection(body, a, exit);
      return;
    case "defined":
      operand(body, a);
      instruction(body, OP.i32Eqz);
      exitIf(body, exit);
      return;
    case "undefined":
      operand(body, a);
      exitIf(body, exit);
      return;
  }
}

function mark({ body, policy }: OpContext, { rule }: OpOf<"mark">): void {
  if (typeof rule === "number") {
    checkRule(policy, body.name, rule);
    markAddress(body, rule);
  } else {
    // A small integer is twice what it says, and one more; a mark is four bytes.
    operand(body, rule);
    i32Const(body, 1);
    instruction(body, OP.i32Sub);
    i32Const(body, 1);
    instruction(body, OP.i32Shl);
    markAddress(body, 0);
    instruction(body, OP.i32Add);
  }
  globalGet(body, "runGeneration");
  store(body, 0);
}

const OPENERS: Openers = { regions, loop, not, with: withOp };

const EMITTERS: Emitters = {
  return: ({ body, returnValue }, { value }) => {
    operand(body, value);
    returnValue();
  },
  call: emitCall,
  "call-path": callPath,
  leave: ({ body }, { exit }) => leave(body, exit),
  get: lookUp,
  input: (context, op) => {
    inputSlot(context, op);
    setOrExit(context.body, op.target, op.exit);
  },
  "need-input": ({ body }, { source }) => {
    operand(body, source);
    call(body, "needInput");
  },
  length: ({ body }, { source, target }) => {
    operand(body, source);
    call(body, "lengthOf");
    set(body, placeOf(body, target));
  },
  assign: ({ body }, { source, target }) => {
    operand(body, source);
    set(body, placeOf(body, target));
  },
  "assign-once": ({ body }, { source, target }) => assignOnce(body, source, target),
  make,
  grow,
  gather,
  "give-up": ({ body, returnValue }) => {
    call(body, "gathersTooMuch");
    open(body, OP.if);
    i32Const(body, 0);
    returnValue();
    close(body);
  },
  merge: ({ body }, { a, b, target }) => {
    operand(body, a);
    operand(body, b);
    call(body, "merge");
    set(body, placeOf(body, target));
  },
  test,
  "one-of": oneOf,
  result: ({ body, results }, { value }) => {
    if (results === undefined) throw new EmitError(`${body.name} adds to the results outside of a plan`);
    get(body, results);
    operand(body, value);
    call(body, "setAdd");
  },
  mark,
  rules: ruleSet,
  narrow,
};
