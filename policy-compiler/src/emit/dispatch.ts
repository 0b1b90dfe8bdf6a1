/** DispatchStmt: the functions that the index leaves, called through the table in their order. */
import type { IrDispatch } from "../ir/policy.ts";
import { putIndex } from "../link/index-words.ts";
import { LIST_END } from "../link/runtime-layout.ts";
import { OP, putU32 } from "../wasm/encode.ts";
import {
  type Body,
  br,
  call,
  close,
  get,
  i32Const,
  indexAddress,
  load,
  localOf,
  newLocal,
  op,
  open,
  set,
  store,
  tee,
} from "./code.ts";
import { EmitError } from "./error.ts";
import { operand, readLocal } from "./operand.ts";
import type { PolicyContext } from "./policy-context.ts";
import type { StatementContext } from "./statement-context.ts";
import { tick } from "./steps.ts";

/** Units of fuel that a turn takes, beside what the function does. */
const TURN = 8;

export function dispatch({ body, policy }: StatementContext, stmt: IrDispatch): void {
  const cursors = ask(body, policy, stmt);
  const target = stmt.how === "grow" ? undefined : localOf(body, stmt.target);
  if (target !== undefined && stmt.how === "first") {
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
  for (const arg of stmt.args) operand(body, policy.strings, arg);
  get(body, place);
  op(body, OP.callIndirect);
  putU32(body.code, policy.typeOf(stmt.args.length));
  op(body, 0);
  if (target === undefined) op(body, OP.drop);
  else if (stmt.how === "agree") agree(body, target);
  else {
    tee(body, target);
    br(body, exit, OP.brIf);
  }
  br(body, again);
  close(body);
  close(body);
}

/** Asks the index; gives the locals with the addresses of the lists that it leads to. */
function ask(body: Body, policy: PolicyContext, { funcs, keys, index }: IrDispatch): readonly number[] {
  const first = tableIndex(policy, funcs[0] ?? "");
  funcs.forEach((name, i) => {
    if (tableIndex(policy, name) !== first + i) throw new EmitError(`${name} is not where a dispatch looks for it`);
  });
  const { words } = policy.statics;
  const asked = words.length;
  for (const _ of keys) words.push(0);
  keys.forEach((key, i) => {
    indexAddress(body, asked + i);
    readLocal(body, key);
    store(body, 0);
  });
  return index.map((root) => {
    const node = putIndex(policy.statics, root, (func) => first + func);
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

function tableIndex(policy: PolicyContext, name: string): number {
  const found = policy.functions.get(name);
  if (found === undefined) throw new EmitError(`a dispatch calls ${name}, which is no function`);
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
