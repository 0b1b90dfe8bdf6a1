/** Calls: of the policy's functions, of built-ins in the runtime or at the host, and of functions found by path. */
import { OWN_NAMES } from "@regomesh/policy-runtime";
import { EmitError } from "../core/error.ts";
import type { CallOp, CallPathOp, OneOfOp } from "../core/op.ts";
import { Type, type Value } from "../core/value.ts";
import { OP, putU32 } from "../wasm/encode.ts";
import { newLocal, placeOf } from "./body.ts";
import { branchIfEqual } from "./compare.ts";
import { exitIf, setOrExit } from "./frame.ts";
import {
  br,
  callIndex,
  call as callRuntime,
  close,
  constant,
  get,
  i32Const,
  op,
  open,
  set,
  tee,
} from "./instruction.ts";
import type { OpContext } from "./op-context.ts";
import { operand, operands } from "./operand.ts";
import type { PolicyContext } from "./policy-context.ts";
import { HOST_PARTS, type RuntimeFunction } from "./runtime-calls.ts";

/** OPA's ABI has opa_builtin0 to opa_builtin4. */
const HOST_OPERANDS_MAX = 4;

export function call(context: OpContext, { callee, args, target, exit }: CallOp): void {
  const { body, policy } = context;
  if (callee.kind === "function") {
    checkCount(context, callee.name, args.length, callee.params.length);
    operands(body, args);
    callIndex(body, policy.functions.get(callee)?.index ?? -1);
    setOrExit(body, target, exit);
    return;
  }
  const { name, isVoid } = callee;
  const builtin = policy.builtinOf(name);
  if (builtin !== undefined) {
    HOST_PARTS[name]?.forEach((part) => {
      hostNumber(policy, part);
    });
    checkCount(context, name, args.length, builtin.signature.params);
    operands(body, args);
    callIndex(body, builtin.index);
    if (builtin.signature.results === 0) return;
  } else {
    if (isVoid === undefined)
      throw new EmitError(`${body.name} calls ${name}, which is neither a function nor a built-in`);
    hostCall(context, name, args);
  }
  if (isVoid === true) op(body, OP.drop);
  else setOrExit(body, target, exit);
}

export function oneOf({ body }: OpContext, { value, elements, target }: OneOfOp): void {
  const { FALSE_VALUE, TRUE_VALUE } = body.calls.values;
  const place = placeOf(body, target);
  const done = open(body, OP.block);
  const found = open(body, OP.block);
  for (const element of elements) branchIfEqual(body, value, element, found);
  i32Const(body, FALSE_VALUE);
  set(body, place);
  br(body, done);
  close(body);
  i32Const(body, TRUE_VALUE);
  set(body, place);
  close(body);
}

function hostCall({ body, policy }: OpContext, name: string, args: readonly Value[]): void {
  if (args.length > HOST_OPERANDS_MAX) {
    throw new EmitError(`${name} has ${args.length} operands; a built-in of the host has at most ${HOST_OPERANDS_MAX}`);
  }
  i32Const(body, hostNumber(policy, name));
  operands(body, args);
  callRuntime(body, `hostCall${args.length}` as RuntimeFunction);
}

function hostNumber(policy: PolicyContext, builtin: string): number {
  const name = OWN_NAMES.get(builtin) ?? builtin;
  const known = policy.hostBuiltins.get(name) ?? policy.hostBuiltins.size;
  policy.hostBuiltins.set(name, known);
  return known;
}

function checkCount({ body }: OpContext, name: string, given: number, wanted: number): void {
  if (given !== wanted) throw new EmitError(`${body.name} calls ${name} with ${given} operands; it has ${wanted}`);
}

export function callPath(context: OpContext, { path, args, target, exit }: CallPathOp): void {
  const { body, policy } = context;
  const place = newLocal(body);
  constant(body, policy.functionTree(args.length));
  keysOf(context, path);
  callRuntime(body, "functionAt");
  tee(body, place);
  i32Const(body, 0);
  op(body, OP.i32LtS);
  exitIf(body, exit);
  operands(body, args);
  get(body, place);
  op(body, OP.callIndirect);
  putU32(body.code, policy.typeOf(args.length));
  op(body, 0);
  setOrExit(body, target, exit);
}

/** An array of the path's keys. */
function keysOf({ body }: OpContext, keys: readonly Value[]): void {
  const names = keys.flatMap((key) => (key.kind === "constant" && key.type === Type.string ? [key.text] : []));
  if (names.length === keys.length) {
    constant(body, JSON.stringify(names));
    return;
  }
  const array = newLocal(body);
  i32Const(body, keys.length);
  callRuntime(body, "makeArray");
  set(body, array);
  for (const key of keys) {
    get(body, array);
    operand(body, key);
    callRuntime(body, "arrayPush");
  }
  get(body, array);
}
