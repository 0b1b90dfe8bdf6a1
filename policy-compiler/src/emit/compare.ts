/**
 * Comparisons in line: one word is nearly always enough. Equal words are equal values; two
 * small integers, and anything beside null or a boolean, are equal only then. The rest
 * (strings of the input, decimals, arrays, objects, sets) the runtime compares.
 */
import type { IrOperand } from "../ir/policy.ts";
import { StringFlag } from "../link/runtime-layout.ts";
import { OP } from "../wasm/encode.ts";
import {
  type Body,
  br,
  call,
  close,
  get,
  i32Const,
  localOf,
  op,
  open,
  set,
  undefinedIf,
  undefinedLabel,
} from "./code.ts";
import { isSameOperand, kindOfOperand, operand, type Strings } from "./operand.ts";

/** Leaves the block where the operands are not equal. */
export function leaveUnlessEqual(body: Body, strings: Strings, first: IrOperand, second: IrOperand): void {
  if (isSameOperand(first, second)) return;
  const [a, b] = constantLast(body, first, second);
  if (kindOfOperand(body, b) === "unique") {
    both(body, strings, a, b);
    op(body, OP.i32Ne);
    undefinedIf(body);
    return;
  }
  const same = open(body, OP.block);
  both(body, strings, a, b);
  op(body, OP.i32Eq);
  br(body, same, OP.brIf);
  smallInts(body, strings, a, b, undefinedLabel(body));
  if (kindOfOperand(body, b) === "atom") {
    leaveIfInterned(body, strings, a, undefinedLabel(body));
    bothTexts(body, strings, a, b);
  } else slowly(body, strings, a, b);
  op(body, OP.i32Eqz);
  undefinedIf(body);
  close(body);
}

/** Branches to `label` where the operands are equal. */
export function branchIfEqual(
  body: Body,
  strings: Strings,
  first: IrOperand,
  second: IrOperand,
  label = undefinedLabel(body),
): void {
  const [a, b] = constantLast(body, first, second);
  both(body, strings, a, b);
  op(body, OP.i32Eq);
  br(body, label, OP.brIf);
  if (kindOfOperand(body, b) === "unique") return;
  const differ = open(body, OP.block);
  smallInts(body, strings, a, b, differ);
  if (kindOfOperand(body, b) === "atom") {
    leaveIfInterned(body, strings, a, differ);
    bothTexts(body, strings, a, b);
  } else slowly(body, strings, a, b);
  br(body, label, OP.brIf);
  close(body);
}

function constantLast(body: Body, a: IrOperand, b: IrOperand): readonly [IrOperand, IrOperand] {
  return kindOfOperand(body, b) === "any" ? [b, a] : [a, b];
}

function both(body: Body, strings: Strings, a: IrOperand, b: IrOperand): void {
  operand(body, strings, a);
  operand(body, strings, b);
}

/** Two different small integers differ: branches to `label`. */
function smallInts(body: Body, strings: Strings, a: IrOperand, b: IrOperand, label: number): void {
  const kind = kindOfOperand(body, b);
  if (kind === "atom") return;
  operand(body, strings, a);
  if (kind !== "small-int") {
    operand(body, strings, b);
    op(body, OP.i32And);
  }
  i32Const(body, 1);
  op(body, OP.i32And);
  br(body, label, OP.brIf);
}

/** No cell is a string; one that is an atom, or was looked up among them, differs from an atom at another address: branches to `label`. */
function leaveIfInterned(body: Body, strings: Strings, value: IrOperand, label: number): void {
  operand(body, strings, value);
  i32Const(body, 1);
  op(body, OP.i32And);
  br(body, label, OP.brIf);
  operand(body, strings, value);
  op(body, OP.i32Load, 0, 0);
  i32Const(body, StringFlag.atom | StringFlag.checked);
  op(body, OP.i32And);
  br(body, label, OP.brIf);
}

function bothTexts(body: Body, strings: Strings, a: IrOperand, b: IrOperand): void {
  both(body, strings, a, b);
  call(body, "isAtomText");
}

function slowly(body: Body, strings: Strings, a: IrOperand, b: IrOperand): void {
  both(body, strings, a, b);
  call(body, "isEqual");
}

/** Leaves the block where the operand is not of the kind (value/value.ts). Undefined is of none. */
export function leaveUnlessKind(body: Body, strings: Strings, source: IrOperand, kind: number): void {
  operand(body, strings, source);
  i32Const(body, 1);
  op(body, OP.i32And);
  undefinedIf(body);
  operand(body, strings, source);
  op(body, OP.i32Load8, 0, 0); // of address 0: 0
  i32Const(body, kind);
  op(body, OP.i32Ne);
  undefinedIf(body);
}

/** Assigns, unless the local has a value already, which must be equal. */
export function assignOnce(body: Body, strings: Strings, source: IrOperand, target: number): void {
  const local = localOf(body, target);
  const done = open(body, OP.block);
  get(body, local);
  open(body, OP.if);
  get(body, local);
  operand(body, strings, source);
  op(body, OP.i32Eq);
  br(body, done, OP.brIf);
  get(body, local);
  operand(body, strings, source);
  call(body, "isEqual");
  br(body, done, OP.brIf);
  call(body, "assignConflict");
  close(body);
  operand(body, strings, source);
  set(body, local);
  close(body);
}
