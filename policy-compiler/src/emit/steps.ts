/** Fuel: loops and functions take theirs in line, by what they do (`optimize/fuel.ts`). */
import { OP, VOID } from "../wasm/encode.ts";
import type { Body } from "./body.ts";
import { several } from "./instruction.ts";

export function tick(body: Body, units: number): void {
  const { fuel } = body.calls.globals;
  const { outOfFuel } = body.calls.functions;
  several(body, [OP.globalGet, fuel, OP.i64Const, units, OP.i64Sub, OP.globalSet, fuel]);
  several(body, [OP.globalGet, fuel, OP.i64Const, 0, OP.i64LtS, OP.if, VOID, OP.call, outOfFuel, OP.end]);
}
