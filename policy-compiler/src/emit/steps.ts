/** Fuel: loops and functions take theirs in line, by what they do (`optimize/fuel.ts`). */

import { OP } from "../wasm/encode.ts";
import type { Body } from "./body.ts";
import { call, close, globalGet, globalSet, i64Const, op, open } from "./instruction.ts";

export function tick(body: Body, units: number): void {
  globalGet(body, "fuel");
  i64Const(body, units);
  op(body, OP.i64Sub);
  globalSet(body, "fuel");
  globalGet(body, "fuel");
  i64Const(body, 0);
  op(body, OP.i64LtS);
  open(body, OP.if);
  call(body, "outOfFuel");
  close(body);
}
