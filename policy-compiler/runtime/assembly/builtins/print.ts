/**
 * print and template strings. Operands that may be undefined come as sets: empty, or of
 * one value. (A set of more would print once for each; the compiler makes none.)
 */
import { bufferPtr, bufferString, newBuffer, putByte, putText } from "../buffer";
import { burn } from "../failure";
import { printLine } from "../abi/host";
import { arrayGet, arrayLen } from "../value/array";
import { setAt, setLen } from "../value/set";
import { writePlainly } from "../text/rego-text";
import { ARRAY, SET, TRUE_VALUE, kindOf } from "../value/value";
import { expectKind } from "./operands";

function writeOperand(buffer: usize, operand: usize): void {
  burn(1);
  if (kindOf(operand) != SET) writePlainly(buffer, operand);
  else if (setLen(operand) == 0) putText(buffer, "<undefined>");
  else writePlainly(buffer, setAt(operand, 0));
}

export function print(operands: usize): usize {
  if (!expectKind("internal.print", 1, operands, ARRAY)) return 0;
  const line = newBuffer(128);
  const length = arrayLen(operands);
  for (let i = 0; i < length; i++) {
    if (i > 0) putByte(line, 0x20);
    writeOperand(line, arrayGet(operands, i));
  }
  putByte(line, 0);
  printLine(bufferPtr(line));
  return TRUE_VALUE;
}

export function templateString(parts: usize): usize {
  if (!expectKind("internal.template_string", 1, parts, ARRAY)) return 0;
  const text = newBuffer(64);
  const length = arrayLen(parts);
  for (let i = 0; i < length; i++) writeOperand(text, arrayGet(parts, i));
  return bufferString(text);
}
