/** Iterations: walking an array, object or set by the addresses of its values. */
import { ValueKind } from "@regomesh/policy-runtime";
import type { LoopOp } from "../core/op.ts";
import type { Local } from "../core/value.ts";
import { OP } from "../wasm/encode.ts";
import { type Body, newLocal, placeOf } from "./body.ts";
import { closeFrame, openFrame } from "./frame.ts";
import { br, close, open, several } from "./instruction.ts";
import type { Nested, OpContext } from "./op-context.ts";
import { operand } from "./operand.ts";
import { tick } from "./steps.ts";

/** The place in a walk: address of the current value, bytes from one to the next, how many there are, which this is. */
type Cursor = { readonly at: number; readonly stride: number; readonly length: number; readonly position: number };

export function loop({ body }: OpContext, { source, key, value, regions, turn }: LoopOp): readonly Nested[] {
  const region = regions[0];
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
  several(body, [OP.localGet, cursor.at, OP.i32Load, 0, OP.localSet, placeOf(body, value)]);
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
  const { scanLength, scanStart } = body.calls.functions;
  operand(body, source);
  several(body, [OP.call, scanLength, OP.localTee, length, OP.i32Eqz]);
  br(body, exit, OP.brIf);
  operand(body, source);
  several(body, [OP.call, scanStart, OP.localSet, at, OP.i32Const, 4, OP.i32Const, 8]);
  operand(body, source);
  several(body, [OP.i32Load8, 0, OP.i32Const, ValueKind.array, OP.i32Eq, OP.select, OP.localSet, stride]);
  several(body, [OP.i32Const, 0, OP.localSet, position]);
}

/** Of an array the position, of others what lies before the value. */
function readKey(body: Body, key: Local, { at, stride, position }: Cursor): void {
  several(body, [OP.localGet, position, OP.i32Const, 1, OP.i32Shl, OP.i32Const, 1, OP.i32Or]);
  several(body, [OP.localGet, at, OP.i32Const, 4, OP.i32Sub, OP.i32Load, 0]);
  several(body, [OP.localGet, stride, OP.i32Const, 4, OP.i32Eq, OP.select, OP.localSet, placeOf(body, key)]);
}

/** Leaves on the stack whether there is another one. */
function advance(body: Body, { at, stride, length, position }: Cursor): void {
  several(body, [OP.localGet, at, OP.localGet, stride, OP.i32Add, OP.localSet, at]);
  several(body, [OP.localGet, position, OP.i32Const, 1, OP.i32Add]);
  several(body, [OP.localTee, position, OP.localGet, length, OP.i32LtS]);
}
