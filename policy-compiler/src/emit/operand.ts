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
      readLocal(body, value.value);
      return;
    case "string_index":
      atom(body, stringAt(strings, value.value));
      return;
    case "bool":
      i32Const(body, value.value ? body.calls.values.TRUE_VALUE : body.calls.values.FALSE_VALUE);
      return;
  }
}

/** The value of a local of the IR. */
export function readLocal(body: Body, irLocal: number): void {
  const text = body.known.texts.get(irLocal);
  if (text === undefined) get(body, localOf(body, irLocal));
  else literal(body, text);
}

const SMALL_INT = 2 ** 30;
const INTEGER = /^-?[1-9][0-9]{0,9}$|^0$/;

/** The word of a small integer (value/value.ts), from a number's text. */
function smallInt(text: string): number | undefined {
  const value = INTEGER.test(text) ? Number(text) : Number.NaN;
  return value >= -SMALL_INT && value < SMALL_INT ? (value << 1) | 1 : undefined;
}

/** A constant from its text: no string. */
export function literal(body: Body, text: string): void {
  const word = smallInt(text);
  if (word !== undefined) i32Const(body, word);
  else if (text === "null") i32Const(body, body.calls.values.NULL_VALUE);
  else constant(body, text);
}

/**
 * What an operand is known to be, as far as comparing goes: a word that only itself equals
 * ("unique": null and booleans), a small integer, a constant string, or anything.
 */
export type OperandKind = "unique" | "small-int" | "atom" | "any";

export function kindOfOperand(body: Body, value: IrOperand): OperandKind {
  if (value.type === "bool") return "unique";
  if (value.type === "string_index") return "atom";
  const text = body.known.texts.get(value.value);
  if (text === "null") return "unique";
  return text !== undefined && smallInt(text) !== undefined ? "small-int" : "any";
}

/** Whether both operands are the same local or constant. */
export function isSameOperand(a: IrOperand, b: IrOperand): boolean {
  return a.type === b.type && a.value === b.value;
}
