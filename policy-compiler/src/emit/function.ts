/**
 * Functions and plans. A function whose only parameters are input and data (a rule without
 * arguments) keeps its value for the generation in which it was found, one with arguments its
 * answers by them (runtime/assembly/memo.ts); one that is part
 * of a long or endless chain of calls counts the depth.
 */
import type { CoreFunction, CorePlan, Region } from "../core/op.ts";
import { I32, OP } from "../wasm/encode.ts";
import { type Body, type Emitted, endBody, newBody, newLocal, putAt } from "./body.ts";
import {
  atom,
  br,
  call,
  callIndex,
  close,
  get,
  globalGet,
  globalSet,
  i32Const,
  load,
  memoAddress,
  op,
  open,
  set,
  store,
  tee,
} from "./instruction.ts";
import type { PolicyContext } from "./policy-context.ts";
import { emitRegions } from "./regions.ts";
import { tick } from "./steps.ts";

/** Calls of policy functions that may be under way where recursion is possible. */
const DEPTH_MAX = 2000;

export function emitFunction(policy: PolicyContext, func: CoreFunction): Emitted {
  const body = newBody(func.name, policy.functions.get(func)?.params ?? func.params.length, policy, func.body);
  const memo = func.keeps === "value" ? policy.statics.memoSlots++ : undefined;
  func.params.forEach((param, i) => {
    putAt(body, param, i);
  });
  if (func.stretch > 0) tick(body, func.stretch);
  const generation = memo === undefined ? undefined : newLocal(body);
  if (memo !== undefined && generation !== undefined) recall(body, memo, generation);
  const gathers = func.keeps === "gathered" ? recallGathered(body, policy.statics.memoSlots++) : undefined;
  const answers = func.keeps === "answers" ? recallAnswer(body, policy.statics.memoSlots++) : undefined;
  if (func.countsDepth) goDown(body);
  const done = open(body, OP.block, I32);
  emitRegions({ body, policy, returnValue: () => returnTo(body, done), results: undefined }, func.body, func.stretch);
  i32Const(body, 0);
  close(body);
  if (func.countsDepth) goUp(body);
  if (memo !== undefined && generation !== undefined) remember(body, memo, generation);
  if (answers !== undefined) rememberAnswer(body, answers);
  if (gathers !== undefined) rememberGathered(body, gathers);
  return endBody(body);
}

/** A plan is a function of input and data that gives the set of its results. */
export function emitPlan(policy: PolicyContext, plan: CorePlan): Emitted {
  const body = newPlanBody(`plan ${plan.name}`, plan, policy);
  const results = newLocal(body);
  call(body, "newSet");
  set(body, results);
  const done = open(body, OP.block, I32);
  const returnValue = () => {
    op(body, OP.drop);
    get(body, results);
    returnTo(body, done);
  };
  emitRegions({ body, policy, returnValue, results }, plan.body, 0);
  get(body, results);
  close(body);
  return endBody(body);
}

/**
 * A plan's value: what its one result binds to `result`, without the object and the set around it
 * where the plan is as planners lay an entrypoint's out.
 */
export function emitAnswer(policy: PolicyContext, plan: CorePlan, planIndex: number): Emitted {
  const direct = directPlan(plan);
  const body = newPlanBody(`answer ${plan.name}`, plan, policy);
  if (direct === undefined) {
    get(body, 0);
    get(body, 1);
    callIndex(body, planIndex);
    atom(body, RESULT);
    call(body, "resultOf");
  } else {
    const done = open(body, OP.block, I32);
    const returnValue = () => returnTo(body, done);
    emitRegions({ body, policy, returnValue, results: undefined }, [direct], 0);
    i32Const(body, 0);
    close(body);
  }
  return endBody(body);
}

const RESULT = "result";

function newPlanBody(name: string, { params, body: regions }: CorePlan, policy: PolicyContext): Body {
  const body = newBody(name, params.length, policy, regions);
  params.forEach((param, i) => {
    putAt(body, param, i);
  });
  return body;
}

/** A region that returns the value that the plan's one region wraps up. */
function directPlan({ body: [region], answer }: CorePlan): Region | undefined {
  if (region === undefined || answer === undefined) return undefined;
  const { value, wraps } = answer;
  const { label, ops } = region;
  const before = ops.filter((op) => !wraps.includes(op));
  return { label, ops: [...before, { kind: "return", at: {}, weight: 1, ends: [], value }] };
}

/** Returns the value on the stack. The generation of the outermost open `with` comes back. */
function returnTo(body: Body, done: number): void {
  const outermost = body.frames.find((open) => open.restore !== undefined)?.restore;
  if (outermost !== undefined) {
    get(body, outermost.generation);
    globalSet(body, "memoGeneration");
  }
  br(body, done);
}

function recall(body: Body, slot: number, generation: number): void {
  memoAddress(body, slot);
  load(body, 0);
  globalGet(body, "memoGeneration");
  tee(body, generation);
  op(body, OP.i32Eq);
  open(body, OP.if);
  memoAddress(body, slot);
  load(body, 4);
  op(body, OP.return);
  close(body);
}

/** Keeps the value on the stack, and leaves it there. The generation is stored last: a trap in between keeps nothing. */
function remember(body: Body, slot: number, generation: number): void {
  const value = newLocal(body);
  set(body, value);
  memoAddress(body, slot);
  get(body, value);
  store(body, 4);
  memoAddress(body, slot);
  get(body, generation);
  store(body, 0);
  get(body, value);
}

type Answers = {
  readonly slot: number;
  /** Local with the array of arguments; 0 while calls are only counted. */
  readonly args: number;
  readonly generation: number;
};

/** Returns the answer that is kept for these arguments, if there is one. Input and data are the generation's. */
function recallAnswer(body: Body, slot: number): Answers {
  const answers: Answers = { slot, args: newLocal(body), generation: newLocal(body) };
  const found = newLocal(body);
  memoAddress(body, slot);
  call(body, "memoCounts");
  open(body, OP.if);
  i32Const(body, body.params - 2);
  call(body, "makeArray");
  set(body, answers.args);
  for (let param = 2; param < body.params; param++) {
    get(body, answers.args);
    get(body, param);
    call(body, "arrayPush");
  }
  memoAddress(body, slot);
  get(body, answers.args);
  call(body, "memoFind");
  tee(body, found);
  open(body, OP.if);
  i32Const(body, 0);
  get(body, found);
  get(body, found);
  i32Const(body, body.calls.values.NO_VALUE);
  op(body, OP.i32Eq, OP.select, OP.return);
  close(body);
  globalGet(body, "memoGeneration");
  set(body, answers.generation);
  close(body);
  return answers;
}

/** Keeps the value on the stack, and leaves it there. */
function rememberAnswer(body: Body, { slot, args, generation }: Answers): void {
  const value = newLocal(body);
  set(body, value);
  get(body, args);
  open(body, OP.if);
  memoAddress(body, slot);
  get(body, generation);
  get(body, args);
  get(body, value);
  call(body, "memoKeep");
  close(body);
  get(body, value);
}

type Gathering = { readonly slot: number; readonly held: number };

/** Returns what is gathered already, and nothing while that is not worth it. */
function recallGathered(body: Body, slot: number): Gathering {
  const found = newLocal(body);
  memoAddress(body, slot);
  call(body, "gathered");
  tee(body, found);
  i32Const(body, body.calls.values.NO_VALUE);
  op(body, OP.i32Ne);
  open(body, OP.if);
  get(body, found);
  op(body, OP.return);
  close(body);
  const held = newLocal(body);
  call(body, "beginGathering");
  set(body, held);
  return { slot, held };
}

/** Keeps the value on the stack, and leaves it there; 0 where it may not be used. */
function rememberGathered(body: Body, { slot, held }: Gathering): void {
  const value = newLocal(body);
  set(body, value);
  memoAddress(body, slot);
  get(body, held);
  get(body, value);
  call(body, "keepGathered");
}

function goDown(body: Body): void {
  globalGet(body, "depth");
  i32Const(body, 1);
  op(body, OP.i32Add);
  globalSet(body, "depth");
  globalGet(body, "depth");
  i32Const(body, DEPTH_MAX);
  op(body, OP.i32GtS);
  open(body, OP.if);
  call(body, "tooDeep");
  close(body);
}

function goUp(body: Body): void {
  globalGet(body, "depth");
  i32Const(body, 1);
  op(body, OP.i32Sub);
  globalSet(body, "depth");
}
