/** Sets of rules: those that the index leaves, called through the table in their order. */

import { EmitError } from "../core/error.ts";
import { type CoreModule, codesOf } from "../core/module.ts";
import type { CoreFunction, Rule, RuleSetOp } from "../core/op.ts";
import { surveyOf } from "../core/survey.ts";
import { Type } from "../core/value.ts";
import { putIndex } from "../link/index-words.ts";
import { LIST_END } from "../link/runtime-layout.ts";
import { atomOf, type IndexWord } from "../link/statics.ts";
import { OP, putU32 } from "../wasm/encode.ts";
import { type Body, newLocal, placeOf } from "./body.ts";
import { br, call, close, get, i32Const, indexAddress, load, op, open, set, store, tee } from "./instruction.ts";
import type { OpContext } from "./op-context.ts";
import { operand, smallIntOf } from "./operand.ts";
import type { PolicyContext } from "./policy-context.ts";
import { tick } from "./steps.ts";

/** Units of fuel that a turn takes, beside what the function does. */
const TURN = 8;

/** Parameters of the functions of sets: one call is for all rules of a set, so that each is given as much as any. */
export function countParams(module: CoreModule): ReadonlyMap<CoreFunction, number> {
  const params = new Map<CoreFunction, number>();
  for (const code of codesOf(module)) {
    for (const { op } of surveyOf(code).calls) {
      if (op.kind !== "rules") continue;
      const count = op.args.length + countGiven(op.rules);
      for (const { body } of op.rules) params.set(body, count);
    }
  }
  return params;
}

/** Constants that each rule of a set is given, or zero in their place. */
function countGiven(rules: readonly Rule[]): number {
  let most = 0;
  for (const { constants } of rules) most = Math.max(most, constants.length);
  return most;
}

export function ruleSet({ body, policy }: OpContext, rules: RuleSetOp): void {
  const { how, args } = rules;
  const given = countGiven(rules.rules);
  const cursors = ask(body, policy, rules, given);
  const target = how === "grow" ? undefined : placeOf(body, rules.target);
  if (target !== undefined && how === "first") {
    i32Const(body, 0);
    set(body, target);
  }
  const place = newLocal(body);
  const exit = open(body, OP.block);
  const again = open(body, OP.loop);
  next(body, cursors, place);
  get(body, place);
  i32Const(body, LIST_END);
  op(body, OP.i32Eq);
  br(body, exit, OP.brIf);
  tick(body, TURN);
  advance(body, cursors, place);
  for (const arg of args) operand(body, arg);
  callRule({ body, policy }, args.length, given, place);
  if (target === undefined) op(body, OP.drop);
  else if (how === "agree") agree(body, target);
  else {
    tee(body, target);
    br(body, exit, OP.brIf);
  }
  br(body, again);
  close(body);
  close(body);
}

/** The rule at `place`: of the table, or of a row with the place in the table and what its body is given. */
function callRule({ body, policy }: Pick<OpContext, "body" | "policy">, args: number, given: number, place: number) {
  for (let i = 0; i < given; i++) {
    get(body, place);
    load(body, WORD * (i + 1));
  }
  get(body, place);
  if (given > 0) load(body, 0);
  op(body, OP.callIndirect);
  putU32(body.code, policy.typeOf(args + given));
  op(body, 0);
}

const WORD = 4;

/** What lists have of each rule. */
function wordsOf(policy: PolicyContext, rules: readonly Rule[], given: number): (rule: number) => IndexWord {
  const { statics } = policy;
  const { words } = statics;
  if (given === 0) {
    const first = tableIndex(policy, rules[0]?.body);
    rules.forEach(({ body: rule }, i) => {
      if (tableIndex(policy, rule) !== first + i) throw new EmitError(`${rule.name} is not where its set looks for it`);
    });
    return (rule) => first + rule;
  }
  const rows = words.length;
  for (const { body, constants, marks } of rules) {
    for (const rule of marks) checkRule(policy, body.name, rule);
    words.push(tableIndex(policy, body));
    for (const { type, text } of constants)
      words.push(type === Type.string ? { atom: atomOf(statics, text) } : smallIntOf(text));
    for (let i = constants.length; i < given; i++) words.push(0);
  }
  return (rule) => ({ at: rows + rule * (given + 1) });
}

export function checkRule({ rules }: PolicyContext, name: string, rule: number): void {
  if (rule < 0 || rule >= rules) throw new EmitError(`${name} marks rule ${rule} of none`);
}

/** Asks the index; gives the locals with the addresses of the lists that it leads to. */
function ask(body: Body, policy: PolicyContext, { rules, keys, index }: RuleSetOp, given: number): readonly number[] {
  const wordOf = wordsOf(policy, rules, given);
  const { words } = policy.statics;
  const asked = words.length;
  for (const _ of keys) words.push(0);
  keys.forEach((key, i) => {
    indexAddress(body, asked + i);
    operand(body, key);
    store(body, 0);
  });
  return index.map((root) => {
    const node = putIndex(policy.statics, root, wordOf);
    const cursor = newLocal(body);
    if (root.kind === "list") indexAddress(body, node + 1);
    else {
      indexAddress(body, node);
      indexAddress(body, asked);
      call(body, "indexFind");
    }
    set(body, cursor);
    return cursor;
  });
}

function tableIndex({ functions }: PolicyContext, rule: CoreFunction | undefined): number {
  const found = rule === undefined ? undefined : functions.get(rule);
  if (found === undefined) throw new EmitError(`a set has a rule ${rule?.name ?? ""} that is no function`);
  return found.tableIndex;
}

/** The lowest place that a list goes on with. */
function next(body: Body, cursors: readonly number[], place: number): void {
  cursors.forEach((cursor, i) => {
    get(body, cursor);
    load(body, 0);
    if (i === 0) {
      set(body, place);
      return;
    }
    const other = newLocal(body);
    tee(body, other);
    get(body, place);
    get(body, other);
    get(body, place);
    op(body, OP.i32LtU, OP.select);
    set(body, place);
  });
}

/** Lists that went on with the place go behind it. */
function advance(body: Body, cursors: readonly number[], place: number): void {
  for (const cursor of cursors) {
    get(body, cursor);
    i32Const(body, 4);
    if (cursors.length > 1) {
      i32Const(body, 0);
      get(body, cursor);
      load(body, 0);
      get(body, place);
      op(body, OP.i32Eq, OP.select);
    }
    op(body, OP.i32Add);
    set(body, cursor);
  }
}

/** Takes the value on the stack: undefined says nothing, others must be equal. */
function agree(body: Body, target: number): void {
  const value = newLocal(body);
  set(body, value);
  const done = open(body, OP.block);
  get(body, value);
  op(body, OP.i32Eqz);
  br(body, done, OP.brIf);
  get(body, target);
  op(body, OP.i32Eqz);
  open(body, OP.if);
  get(body, value);
  set(body, target);
  br(body, done);
  close(body);
  get(body, target);
  get(body, value);
  op(body, OP.i32Eq);
  br(body, done, OP.brIf);
  get(body, target);
  get(body, value);
  call(body, "isEqual");
  br(body, done, OP.brIf);
  call(body, "assignConflict");
  close(body);
}
