/** Calls: of the policy's functions, of built-ins in the runtime or at the host, and of functions found by path. */
import { OWN_NAMES } from "@regomesh/policy-runtime";
import type { IrOperand, IrStmt } from "../ir/policy.ts";
import { OP, putU32 } from "../wasm/encode.ts";
import {
  br,
  callIndex,
  call as callRuntime,
  close,
  constant,
  get,
  i32Const,
  localOf,
  newLocal,
  op,
  open,
  set,
  tee,
  undefinedIf,
} from "./code.ts";
import { branchIfEqual } from "./compare.ts";
import { EmitError } from "./error.ts";
import { operand, readLocal, stringAt } from "./operand.ts";
import type { PolicyContext } from "./policy-context.ts";
import { HOST_PARTS, type RuntimeFunction, runtimeBuiltin } from "./runtime-calls.ts";
import type { StatementContext } from "./statement-context.ts";

type CallStmt = Extract<IrStmt, { readonly type: "CallStmt" }>["stmt"];
type CallDynamicStmt = Extract<IrStmt, { readonly type: "CallDynamicStmt" }>["stmt"];

/** OPA's ABI has opa_builtin0 to opa_builtin4. */
const HOST_OPERANDS_MAX = 4;

/** `elements` are those of a collection to compare with in line, where the call is a membership test. */
export function call(context: StatementContext, stmt: CallStmt, elements?: readonly IrOperand[]): void {
  const { body, policy } = context;
  const args = stmt.args ?? [];
  if (elements !== undefined && args[0] !== undefined) {
    isOneOf(context, args[0], elements, stmt.result);
    return;
  }
  const own = policy.functions.get(stmt.func);
  if (own !== undefined) {
    checkCount(context, stmt.func, args.length, own.func.params.length);
    for (const arg of args) operand(body, policy.strings, arg);
    callIndex(body, own.index);
    result(context, stmt.result);
    return;
  }
  const isVoid = policy.builtins.get(stmt.func);
  const builtin = runtimeBuiltin(policy.runtime, stmt.func);
  if (builtin !== undefined) {
    for (const part of HOST_PARTS[stmt.func] ?? []) hostNumber(policy, part);
    checkCount(context, stmt.func, args.length, builtin.signature.params);
    for (const arg of args) operand(body, policy.strings, arg);
    callIndex(body, builtin.index);
    if (builtin.signature.results === 0) return;
  } else {
    if (isVoid === undefined)
      throw new EmitError(`${body.name} calls ${stmt.func}, which is neither a function nor a built-in`);
    hostCall(context, stmt.func, args);
  }
  if (isVoid === true) op(body, OP.drop);
  else result(context, stmt.result);
}

function isOneOf(
  { body, policy }: StatementContext,
  value: IrOperand,
  elements: readonly IrOperand[],
  target: number,
): void {
  const { FALSE_VALUE, TRUE_VALUE } = body.calls.values;
  const done = open(body, OP.block);
  const found = open(body, OP.block);
  for (const element of elements) branchIfEqual(body, policy.strings, value, element, found);
  i32Const(body, FALSE_VALUE);
  set(body, localOf(body, target));
  br(body, done);
  close(body);
  i32Const(body, TRUE_VALUE);
  set(body, localOf(body, target));
  close(body);
}

function hostCall({ body, policy }: StatementContext, name: string, args: readonly IrOperand[]): void {
  if (args.length > HOST_OPERANDS_MAX) {
    throw new EmitError(`${name} has ${args.length} operands; a built-in of the host has at most ${HOST_OPERANDS_MAX}`);
  }
  i32Const(body, hostNumber(policy, name));
  for (const arg of args) operand(body, policy.strings, arg);
  callRuntime(body, `hostCall${args.length}` as RuntimeFunction);
}

function hostNumber(policy: PolicyContext, builtin: string): number {
  const name = OWN_NAMES.get(builtin) ?? builtin;
  const known = policy.hostBuiltins.get(name) ?? policy.hostBuiltins.size;
  policy.hostBuiltins.set(name, known);
  return known;
}

/** Takes the value on the stack; undefined leaves the block. */
function result({ body }: StatementContext, target: number): void {
  tee(body, localOf(body, target));
  op(body, OP.i32Eqz);
  undefinedIf(body);
}

function checkCount({ body }: StatementContext, name: string, given: number, wanted: number): void {
  if (given !== wanted) throw new EmitError(`${body.name} calls ${name} with ${given} operands; it has ${wanted}`);
}

export function dynamicCall(context: StatementContext, stmt: CallDynamicStmt): void {
  const { body, policy } = context;
  const args = stmt.args ?? [];
  const place = newLocal(body);
  constant(body, policy.functionTree(args.length));
  path(context, stmt.path);
  callRuntime(body, "functionAt");
  tee(body, place);
  i32Const(body, 0);
  op(body, OP.i32LtS);
  undefinedIf(body);
  for (const arg of args) readLocal(body, arg);
  get(body, place);
  op(body, OP.callIndirect);
  putU32(body.code, policy.typeOf(args.length));
  op(body, 0);
  result(context, stmt.result);
}

/** An array of the path's keys. */
function path({ body, policy }: StatementContext, keys: readonly IrOperand[]): void {
  if (keys.every((key) => key.type === "string_index")) {
    constant(body, JSON.stringify(keys.map((key) => stringAt(policy.strings, key.value))));
    return;
  }
  const array = newLocal(body);
  i32Const(body, keys.length);
  callRuntime(body, "makeArray");
  set(body, array);
  for (const key of keys) {
    get(body, array);
    operand(body, policy.strings, key);
    callRuntime(body, "arrayPush");
  }
  get(body, array);
}
