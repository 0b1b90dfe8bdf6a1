/** Iterations: walking an array, object or set by the addresses of its values. */
import { ValueKind } from "@regomesh/policy-runtime";
import type { LoopOp } from "../core/op.ts";
import type { Local } from "../core/value.ts";
import { OP } from "../wasm/encode.ts";
import { type Body, newLocal, placeOf } from "./body.ts";
import { closeFrame, openFrame } from "./frame.ts";
import { br, call, close, get, i32Const, load, op, open, set, tee } from "./instruction.ts";
import type { Nested, OpContext } from "./op-context.ts";
import { operand } from "./operand.ts";
import { tick } from "./steps.ts";

/** The place in a walk: address of the current value, bytes from one to the next, how many there are, which this is. */
type Cursor = { readonly at: number; readonly stride: number; readonly length: number; readonly position: number };

export function loop({ body }: OpContext, { source, key, value, body: region, turn }: LoopOp): readonly Nested[] {
  const cursor: Cursor = {
    at: newLocal(body),
    stride: newLocal(body),
    length: newLocal(body),
    position: newLocal(body),
  };
  const exit = open(body, OP.block);
  begin(body, source, cursor, exit);
  const again = open(body, OP.loop);
  tick(body, turn);
  if (key.reads > 0) readKey(body, key, cursor);
  get(body, cursor.at);
  load(body, 0);
  set(body, placeOf(body, value));
  openFrame(body, region.label);
  const end = () => {
    closeFrame(body);
    advance(body, cursor);
    br(body, again, OP.brIf);
    close(body);
    close(body);
  };
  return [{ region, end }];
}

function begin(body: Body, source: Local, { at, stride, length, position }: Cursor, exit: number): void {
  operand(body, source);
  call(body, "scanLength");
  tee(body, length);
  op(body, OP.i32Eqz);
  br(body, exit, OP.brIf);
  operand(body, source);
  call(body, "scanStart");
  set(body, at);
  i32Const(body, 4);
  i32Const(body, 8);
  operand(body, source);
  op(body, OP.i32Load8, 0, 0);
  i32Const(body, ValueKind.array);
  op(body, OP.i32Eq, OP.select);
  set(body, stride);
  i32Const(body, 0);
  set(body, position);
}

/** Of an array the position, of others what lies before the value. */
function readKey(body: Body, key: Local, { at, stride, position }: Cursor): void {
  get(body, position);
  i32Const(body, 1);
  op(body, OP.i32Shl);
  i32Const(body, 1);
  op(body, OP.i32Or);
  get(body, at);
  i32Const(body, 4);
  op(body, OP.i32Sub);
  load(body, 0);
  get(body, stride);
  i32Const(body, 4);
  op(body, OP.i32Eq, OP.select);
  set(body, placeOf(body, key));
}

/** Leaves on the stack whether there is another one. */
function advance(body: Body, { at, stride, length, position }: Cursor): void {
  get(body, at);
  get(body, stride);
  op(body, OP.i32Add);
  set(body, at);
  get(body, position);
  i32Const(body, 1);
  op(body, OP.i32Add);
  tee(body, position);
  get(body, length);
  op(body, OP.i32LtS);
}
