/** Operands and constants of the IR. */
import type { IrOperand } from "../ir/policy.ts";
import { atom, type Body, constant, get, i32Const, localOf } from "./code.ts";
import { EmitError } from "./error.ts";

export type Strings = readonly string[];

export function stringAt(strings: Strings, index: number): string {
  const text = strings[index];
  if (text === undefined) throw new EmitError(`the plan has ${strings.length} strings, but uses number ${index}`);
  return text;
}

export function operand(body: Body, strings: Strings, value: IrOperand): void {
  switch (value.type) {
    case "local":
      get(body, localOf(body, value.value));
      return;
    case "string_index":
      atom(body, stringAt(strings, value.value));
      return;
    case "bool":
      i32Const(body, value.value ? body.calls.values.TRUE_VALUE : body.calls.values.FALSE_VALUE);
      return;
  }
}

const SMALL_INT = 2 ** 30;
const INTEGER = /^-?[1-9][0-9]{0,9}$|^0$/;

/** A number from its text. Small integers are words, as the runtime has them (value/value.ts). */
export function number(body: Body, text: string): void {
  const value = INTEGER.test(text) ? Number(text) : Number.NaN;
  if (value >= -SMALL_INT && value < SMALL_INT) i32Const(body, (value << 1) | 1);
  else constant(body, text);
}

/** Whether both operands are the same local or constant. */
export function isSameOperand(a: IrOperand, b: IrOperand): boolean {
  return a.type === b.type && a.value === b.value;
}
