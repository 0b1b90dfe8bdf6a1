/** Fuel: loops and functions take a step each, in line. */
import { type Body, call, close, globalGet, globalSet, op, open } from "./code.ts";
import { OP } from "./wasm.ts";

export function tick(body: Body): void {
  globalGet(body, "fuel");
  op(body, OP.i64Const, 1, OP.i64Sub);
  globalSet(body, "fuel");
  globalGet(body, "fuel");
  op(body, OP.i64Const, 0, OP.i64LtS);
  open(body, OP.if);
  call(body, "outOfFuel");
  close(body);
}
