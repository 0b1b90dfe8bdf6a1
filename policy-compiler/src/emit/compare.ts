/**
 * Comparisons in line: one word is nearly always enough. Equal words are equal values; two
 * small integers, and anything beside null or a boolean, are equal only then. The rest
 * (strings of the input, decimals, arrays, objects, sets) the runtime compares.
 */
import { ValueKind } from "@regomesh/policy-runtime";
import type { Label } from "../core/op.ts";
import type { Local, Value } from "../core/value.ts";
import { StringFlag } from "../link/runtime-layout.ts";
import { OP } from "../wasm/encode.ts";
import { type Body, placeOf } from "./body.ts";
import { exitIf, exitLabel } from "./frame.ts";
import { br, call, close, get, i32Const, op, open, set, several } from "./instruction.ts";
import { kindOfValue, operand } from "./operand.ts";

/** Exits where the values are not equal. */
export function exitUnlessEqual(body: Body, first: Value, second: Value, exit: Label): void {
  if (first === second) return;
  const isConstantFirst = kindOfValue(second) === "any";
  const a = isConstantFirst ? second : first;
  const b = isConstantFirst ? first : second;
  const kind = kindOfValue(b);
  if (kind === "unique") {
    both(body, a, b);
    op(body, OP.i32Ne);
    exitIf(body, exit);
    return;
  }
  const same = open(body, OP.block);
  both(body, a, b);
  op(body, OP.i32Eq);
  br(body, same, OP.brIf);
  const left = exitLabel(body, exit);
  smallInts(body, a, b, left);
  if (kind === "atom") {
    leaveIfInterned(body, a, left);
    bothTexts(body, a, b);
  } else slowly(body, a, b);
  op(body, OP.i32Eqz);
  exitIf(body, exit);
  close(body);
}

/** Branches to `label` where the values are equal. */
export function branchIfEqual(body: Body, first: Value, second: Value, label: number): void {
  const isConstantFirst = kindOfValue(second) === "any";
  const a = isConstantFirst ? second : first;
  const b = isConstantFirst ? first : second;
  both(body, a, b);
  op(body, OP.i32Eq);
  br(body, label, OP.brIf);
  if (kindOfValue(b) === "unique") return;
  const differ = open(body, OP.block);
  smallInts(body, a, b, differ);
  if (kindOfValue(b) === "atom") {
    leaveIfInterned(body, a, differ);
    bothTexts(body, a, b);
  } else slowly(body, a, b);
  br(body, label, OP.brIf);
  close(body);
}

function both(body: Body, a: Value, b: Value): void {
  operand(body, a);
  operand(body, b);
}

/** Two different small integers differ: branches to `label`. */
function smallInts(body: Body, a: Value, b: Value, label: number): void {
  const kind = kindOfValue(b);
  if (kind === "atom") return;
  operand(body, a);
  if (kind !== "small-int") {
    operand(body, b);
    op(body, OP.i32And);
  }
  i32Const(body, 1);
  op(body, OP.i32And);
  br(body, label, OP.brIf);
}

/** No cell is a string; one that is an atom, or was looked up among them, differs from an atom at another address: branches to `label`. */
function leaveIfInterned(body: Body, value: Value, label: number): void {
  operand(body, value);
  several(body, [OP.i32Const, 1, OP.i32And]);
  br(body, label, OP.brIf);
  operand(body, value);
  op(body, OP.i32Load, 0, 0);
  several(body, [OP.i32Const, StringFlag.atom | StringFlag.checked, OP.i32And]);
  br(body, label, OP.brIf);
}

function bothTexts(body: Body, a: Value, b: Value): void {
  both(body, a, b);
  call(body, "isAtomText");
}

function slowly(body: Body, a: Value, b: Value): void {
  both(body, a, b);
  call(body, "isEqual");
}

/** Exits where the value is not of the kind (value/value.ts). Undefined is of none. */
export function exitUnlessKind(body: Body, source: Value, kind: number, exit: Label): void {
  kindOf(body, source, exit);
  i32Const(body, kind);
  op(body, OP.i32Ne);
  exitIf(body, exit);
}

/** Exits where the value is no array, object or set, which are the last of the kinds. */
export function exitUnlessCollection(body: Body, source: Value, exit: Label): void {
  kindOf(body, source, exit);
  i32Const(body, ValueKind.array);
  op(body, OP.i32LtU);
  exitIf(body, exit);
}

/** Leaves the kind of the value on the stack; a small integer exits. */
function kindOf(body: Body, source: Value, exit: Label): void {
  operand(body, source);
  i32Const(body, 1);
  op(body, OP.i32And);
  exitIf(body, exit);
  operand(body, source);
  op(body, OP.i32Load8, 0, 0); // of address 0: 0
}

/** Assigns, unless the local has a value already, which must be equal. */
export function assignOnce(body: Body, source: Value, target: Local): void {
  const local = placeOf(body, target);
  const done = open(body, OP.block);
  get(body, local);
  open(body, OP.if);
  get(body, local);
  operand(body, source);
  op(body, OP.i32Eq);
  br(body, done, OP.brIf);
  get(body, local);
  operand(body, source);
  call(body, "isEqual");
  br(body, done, OP.brIf);
  call(body, "assignConflict");
  close(body);
  operand(body, source);
  set(body, local);
  close(body);
}
