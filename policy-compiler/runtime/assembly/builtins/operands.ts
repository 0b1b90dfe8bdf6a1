/**
 * Operands of a wrong kind, in OPA's words (v1/topdown/builtins/builtins.go). A checker
 * gives false after it has counted the error; the built-in then gives undefined.
 */
import { bufferLength, bufferPtr, newBuffer, putByte, putInt, putText } from "../buffer";
import { isErrorTextWanted, typeErrorAt } from "../failure";
import { toInt64 } from "../number/number";
import { writeQuoted } from "../text/rego-text";
import { ARRAY, BOOLEAN, NULL, NUMBER, OBJECT, SET, STRING, kindOf, stringLen, stringPtr } from "../value/value";

/** OPA's name of a kind. */
export function kindName(kind: u32): string {
  if (kind == NULL) return "null";
  if (kind == BOOLEAN) return "boolean";
  if (kind == NUMBER) return "number";
  if (kind == STRING) return "string";
  if (kind == ARRAY) return "array";
  if (kind == OBJECT) return "object";
  return "set";
}

function begin(name: string, position: i32): usize {
  const text = newBuffer(128);
  putText(text, name);
  putText(text, ": operand ");
  putInt(text, position);
  putByte(text, 0x20);
  return text;
}

/** `plus: operand 1 must be number but got string`; gives undefined. */
export function operandError(name: string, position: i32, wanted: string, value: usize): usize {
  if (!isErrorTextWanted()) return typeErrorAt(0, 0);
  const text = begin(name, position);
  putText(text, "must be ");
  putText(text, wanted);
  putText(text, " but got ");
  putText(text, kindName(kindOf(value)));
  return typeErrorAt(bufferPtr(text), bufferLength(text));
}

/** `sum: operand 1 must be set of numbers but got set containing string`; gives undefined. */
export function elementError(name: string, position: i32, composite: usize, value: usize, wanted: string): usize {
  if (!isErrorTextWanted()) return typeErrorAt(0, 0);
  const kind = kindName(kindOf(composite));
  const text = begin(name, position);
  putText(text, "must be ");
  putText(text, kind);
  putText(text, " of ");
  putText(text, wanted);
  putText(text, " but got ");
  putText(text, kind);
  putText(text, " containing ");
  putText(text, kindName(kindOf(value)));
  return typeErrorAt(bufferPtr(text), bufferLength(text));
}

/** `bits.lsh: operand 2 `, the words given and a string in quotes, if there is one; gives undefined. */
export function operandFault(name: string, position: i32, words: string, named: usize = 0): usize {
  if (!isErrorTextWanted()) return typeErrorAt(0, 0);
  const text = begin(name, position);
  putText(text, words);
  if (kindOf(named) == STRING) writeQuoted(text, stringPtr(named), stringLen(named));
  return typeErrorAt(bufferPtr(text), bufferLength(text));
}

/** The value is of the kind; otherwise the error is counted. */
export function expectKind(name: string, position: i32, value: usize, kind: u32): bool {
  if (kindOf(value) == kind) return true;
  operandError(name, position, kindName(kind), value);
  return false;
}

/** The value is a number without a fraction that fits 64 bits; read it with `toInt64`. */
export function expectInt(name: string, position: i32, value: usize): bool {
  if (!expectKind(name, position, value, NUMBER)) return false;
  if (toInt64(value)) return true;
  operandFault(name, position, "must be integer number but got floating-point number");
  return false;
}
