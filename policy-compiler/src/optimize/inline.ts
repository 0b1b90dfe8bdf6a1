/**
 * Functions that are called at one place stand there: a rule that another asks for, a helper with one use. No call, no
 * argument is written twice, and what both read of input is read once.
 *
 *   a = f(x) else r      regions {
 *                          done: regions { … a = v; leave done }; leave r
 *                          test a defined else r }
 *
 * Not where the place may be reached more than once in a call: a function's locals have no value when it begins, and
 * what is asked again and again may be kept (memo.ts).
 */
import { copyRegions } from "../core/copy.ts";
import { newLocal } from "../core/guard.ts";
import { assign, leaveTo, regionsOp, testOf } from "../core/make-op.ts";
import { type CoreModule, codesOf } from "../core/module.ts";
import type { CallOp, CoreCode, CoreFunction, Label, Op, Region } from "../core/op.ts";
import { surveyOf } from "../core/survey.ts";
import type { Local } from "../core/value.ts";
import { calleesOf, eachOp, eachWrite, HOLDS_REGIONS, regionsOf } from "../core/walk.ts";
import { isLaborious } from "./memo.ts";

/** Ops of a function that is put elsewhere, and of one that takes others: the engine compiles large ones late. */
const OPS_MAX = 80;
const OPS_OF_CALLER_MAX = 400;

type Inlining = {
  /** Called by name at one place alone. */
  readonly once: ReadonlySet<CoreFunction>;
  readonly sizes: Map<CoreCode, number>;
  readonly gone: Set<CoreFunction>;
};

export function inlineFunctions(module: CoreModule): void {
  const once = calledOnce(module);
  if (once.size === 0) return;
  const inlining: Inlining = { once, sizes: new Map(), gone: new Set() };
  for (const code of calleesFirst(module)) {
    inlining.sizes.set(code, surveyOf(code).size);
    const calls = surveyOf(code).calls.some(({ op }) => calleesOf(op).some((callee) => once.has(callee)));
    if (calls) for (const region of code.body) inlineRow(inlining, code, region);
  }
  if (inlining.gone.size > 0) module.functions = module.functions.filter((func) => !inlining.gone.has(func));
}

function calledOnce(module: CoreModule): ReadonlySet<CoreFunction> {
  const calls = new Map<CoreFunction, number>();
  let isByPath = false;
  for (const code of codesOf(module)) {
    for (const { op } of surveyOf(code).calls) {
      // A rule of a set is called from its own place in it, which a call by name is not.
      const times = op.kind === "rules" ? 2 : 1;
      for (const callee of calleesOf(op)) calls.set(callee, (calls.get(callee) ?? 0) + times);
      if (op.kind === "call-path") isByPath = true;
    }
  }
  const isOnce = (func: CoreFunction) =>
    calls.get(func) === 1 &&
    func.grows === undefined &&
    func.keeps === "nothing" &&
    !(isByPath && func.path.length > 0);
  return new Set(module.functions.filter(isOnce));
}

/** What it calls has taken what that calls before; chains of calls are as long as they like. */
function calleesFirst(module: CoreModule): readonly CoreCode[] {
  const order: CoreCode[] = [];
  const seen = new Set<CoreCode>();
  const open: { readonly code: CoreCode; readonly rest: CoreFunction[] }[] = [];
  const enter = (code: CoreCode): void => {
    if (seen.has(code)) return;
    seen.add(code);
    open.push({ code, rest: surveyOf(code).calls.flatMap(({ op }) => calleesOf(op)) });
  };
  for (const root of codesOf(module)) {
    enter(root);
    for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
      const next = at.rest.pop();
      if (next !== undefined) enter(next);
      else {
        order.push(at.code);
        open.pop();
      }
    }
  }
  return order;
}

function inlineRow(inlining: Inlining, code: CoreCode, region: Region): void {
  region.ops = region.ops.map((op) => {
    const callee = calleeOf(inlining, code, op);
    if (callee !== undefined) return inlined(inlining, code, op as CallOp, callee);
    if (HOLDS_REGIONS[op.kind] && op.kind !== "loop")
      for (const inner of regionsOf(op)) inlineRow(inlining, code, inner);
    return op;
  });
}

/** The function that is to stand in the op's place. */
function calleeOf({ once, sizes }: Inlining, code: CoreCode, op: Op): CoreFunction | undefined {
  if (op.kind !== "call" || op.callee.kind !== "function") return undefined;
  const { callee, args } = op;
  // Of one that calls this in the end it is not known.
  const size = sizes.get(callee);
  if (!once.has(callee) || callee === code || size === undefined || callee.params.length !== args.length)
    return undefined;
  // Its caller may be asked many times, and it be kept.
  if (code.params.length > 2 && (callee.params.length === 2 || isLaborious(callee))) return undefined;
  return size <= OPS_MAX && size + (sizes.get(code) ?? 0) <= OPS_OF_CALLER_MAX ? callee : undefined;
}

function inlined({ sizes, gone }: Inlining, code: CoreCode, op: CallOp, callee: CoreFunction): Op {
  const { fresh } = code;
  const [done, check, first] = [fresh.label, fresh.label + 1, fresh.label + 2];
  fresh.label += 2 + callee.fresh.label;
  const written = new Set<Local>();
  eachOp(callee.body, (each) => eachWrite(each, (local) => written.add(local)));
  const locals = new Map<Local, Local>();
  const before: Op[] = [];
  for (const [at, param] of callee.params.entries()) {
    const arg = op.args[at];
    if (arg === undefined) continue;
    if (arg.kind === "local" && !written.has(param)) locals.set(param, arg);
    else {
      const own = newLocal(fresh);
      locals.set(param, own);
      before.push(assign(own, arg));
    }
  }
  const localize = (local: Local): Local => {
    const own = locals.get(local) ?? newLocal(fresh);
    locals.set(local, own);
    return own;
  };
  const body = copyRegions(callee.body, localize, (label) => label + first);
  for (const region of body) giveIn(region, op.target, done);
  code.survey = undefined;
  sizes.set(code, (sizes.get(code) ?? 0) + (sizes.get(callee) ?? 0));
  gone.add(callee);
  const regions = [
    { label: done, ops: [...before, regionsOp(body), leaveTo(op.exit)] },
    { label: check, ops: [testOf("defined", op.target, op.exit)] },
  ];
  return { ...regionsOp(regions), at: op.at };
}

/** What it returned is assigned. */
function giveIn(region: Region, target: Local, done: Label): void {
  region.ops = region.ops.flatMap((op): readonly Op[] => {
    if (HOLDS_REGIONS[op.kind]) for (const inner of regionsOf(op)) giveIn(inner, target, done);
    return op.kind === "return" ? [{ ...assign(target, op.value), at: op.at }, leaveTo(done)] : [op];
  });
}
