/**
 * What a template works on. Data are Rego values without sets; a missing key is 0. Data's
 * numbers are texts to Go's templates (json.Number); numbers written in the template, and
 * positions and lengths, are constants: cells {CONSTANT, –, a number value}.
 */
import { putByte, putString, putText } from "../buffer";
import { burn } from "../failure";
import { alloc } from "../memory";
import { SHORTEST, doubleFromText, writeFloatAs } from "../number/float-text";
import { textLength, textPtr } from "../number/decimal-text";
import { writeNumber } from "../json/write";
import { arrayGet, arrayLen } from "../value/array";
import { sortEntries } from "../value/compare";
import { objectKeyAt, objectLen, objectValueAt } from "../value/object";
import { ARRAY, BOOLEAN, NULL, NUMBER, OBJECT, SET, STRING, isInt, intOf, isTrue, kindOf, makeInt, stringLen } from "../value/value";

export const CONSTANT: u32 = 8;

export function makeConstant(number: usize): usize {
  const cell = alloc(16);
  store<u32>(cell, CONSTANT);
  store<u32>(cell, <u32>number, 8);
  return cell;
}

export function constantOfInt(n: i32): usize {
  return makeConstant(makeInt(n));
}

export function numberOf(constant: usize): usize {
  return <usize>load<u32>(constant, 8);
}

/** Go's names for data as JSON has them: no sets, and keys that are strings. */
export function isPlainData(value: usize): bool {
  const kind = kindOf(value);
  if (kind == SET) return false;
  if (kind < ARRAY) return true;
  const length = load<i32>(value, 4);
  burn(1 + length);
  for (let i = 0; i < length; i++) {
    if (kind == ARRAY ? !isPlainData(arrayGet(value, i)) : !isPlainData(objectValueAt(value, i))) return false;
    if (kind == OBJECT && kindOf(objectKeyAt(value, i)) != STRING) return false;
  }
  return true;
}

/** Empty strings, arrays and objects, false, 0, null and what is missing do not hold. */
export function holds(value: usize): bool {
  const kind = kindOf(value);
  if (kind == 0 || kind == NULL) return false;
  if (kind == BOOLEAN) return isTrue(value);
  if (kind == NUMBER) return true;
  if (kind == CONSTANT) return !isInt(numberOf(value)) || intOf(numberOf(value)) != 0;
  return kind == STRING ? stringLen(value) > 0 : load<i32>(value, 4) > 0;
}

/** As Go's %v. */
export function writeGo(buffer: usize, value: usize): void {
  const kind = kindOf(value);
  burn(1);
  if (kind == STRING) putString(buffer, value);
  else if (kind == NUMBER) writeNumber(buffer, value);
  else if (kind == BOOLEAN) putText(buffer, isTrue(value) ? "true" : "false");
  else if (kind == CONSTANT) writeConstant(buffer, numberOf(value));
  else if (kind == ARRAY) {
    putByte(buffer, 0x5b);
    for (let i = 0; i < arrayLen(value); i++) {
      if (i > 0) putByte(buffer, 0x20);
      writeGo(buffer, arrayGet(value, i));
    }
    putByte(buffer, 0x5d);
  } else if (kind == OBJECT) {
    sortEntries(value);
    putText(buffer, "map[");
    for (let i = 0; i < objectLen(value); i++) {
      if (i > 0) putByte(buffer, 0x20);
      writeGo(buffer, objectKeyAt(value, i));
      putByte(buffer, 0x3a);
      writeGo(buffer, objectValueAt(value, i));
    }
    putByte(buffer, 0x5d);
  } else putText(buffer, "<nil>");
}

function writeConstant(buffer: usize, number: usize): void {
  if (isInt(number)) writeNumber(buffer, number);
  else writeFloatAs(buffer, doubleFromText(textPtr(number), textLength(number)), 0x67, SHORTEST, true);
}
