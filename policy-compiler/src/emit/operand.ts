/** Values of core, as words on the stack. */
import { type Constant, constantOf, Type, type Value } from "../core/value.ts";
import { type Body, placeOf } from "./body.ts";
import { atom, constant, get, i32Const } from "./instruction.ts";

export function operand(body: Body, value: Value): void {
  if (value.kind === "constant") literal(body, value);
  else if (value.origin.kind === "constant") literal(body, value.origin);
  else get(body, value.place < 0 ? placeOf(body, value) : value.place);
}

export function operands(body: Body, values: readonly Value[]): void {
  for (let i = 0; i < values.length; i++) operand(body, values[i] as Value);
}

function literal(body: Body, { type, text }: Constant): void {
  const { NULL_VALUE, TRUE_VALUE, FALSE_VALUE } = body.calls.values;
  switch (type) {
    case Type.undefined:
      i32Const(body, 0);
      return;
    case Type.null:
      i32Const(body, NULL_VALUE);
      return;
    case Type.boolean:
      i32Const(body, text === "true" ? TRUE_VALUE : FALSE_VALUE);
      return;
    case Type.smallInt:
      i32Const(body, smallIntOf(text));
      return;
    case Type.string:
      atom(body, text);
      return;
    default:
      constant(body, text);
  }
}

/** The word of a small integer. */
export function smallIntOf(text: string): number {
  return (Number(text) << 1) | 1;
}

/**
 * What a value is known to be, as far as comparing goes: a word that only itself equals
 * ("unique": null and booleans), a small integer, a constant string, or anything.
 */
export type ValueKind = "unique" | "small-int" | "atom" | "any";

export function kindOfValue(value: Value): ValueKind {
  switch (constantOf(value)?.type) {
    case Type.null:
    case Type.boolean:
      return "unique";
    case Type.smallInt:
      return "small-int";
    case Type.string:
      return "atom";
    default:
      return "any";
  }
}
