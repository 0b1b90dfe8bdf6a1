/** numbers.range, numbers.range_step, to_number, format_int. */
import { bufferLength, bufferPtr, bufferString, newBuffer, putByte, putBytes, putText } from "../buffer";
import { builtinError, builtinErrorText, burn } from "../failure";
import { addNumbers, floatOf, subtractNumbers } from "../number/arithmetic";
import { isNegative, truncated } from "../number/float";
import { integerOf, isWholeNumber, makeInteger } from "../number/integer";
import { writeRadix } from "../number/radix";
import { int64, isPlainInteger, parseNumber, toDouble, toInt64 } from "../number/number";
import { floatLiteral } from "../number/go-literal";
import { literalLength } from "../number/literal";
import { arrayPush, makeArray } from "../value/array";
import { compare } from "../value/compare";
import {
  BOOLEAN, NULL, NUMBER, STRING, TRUE_VALUE, kindOf, makeInt, makeSmallInt, stringLen, stringPtr,
} from "../value/value";
import { expectKind, operandError, operandFault } from "./operands";
import { byteOf } from "../static-text";

/** The value is a whole number of any size. */
export function expectWhole(name: string, position: i32, value: usize): bool {
  if (kindOf(value) != NUMBER) {
    operandError(name, position, "integer", value);
    return false;
  }
  if (isWholeNumber(value)) return true;
  operandFault(name, position, "must be integer number but got floating-point number");
  return false;
}

export function range(from: usize, to: usize): usize {
  if (!expectWhole("numbers.range", 1, from) || !expectWhole("numbers.range", 2, to)) return 0;
  return numbersBetween(from, to, makeSmallInt(1));
}

export function rangeStep(from: usize, to: usize, step: usize): usize {
  if (!expectWhole("numbers.range_step", 1, from) || !expectWhole("numbers.range_step", 2, to)) return 0;
  if (!expectWhole("numbers.range_step", 3, step)) return 0;
  if (compare(step, makeSmallInt(0)) <= 0) {
    return builtinError("numbers.range_step: numbers.range_step: step must be a positive integer");
  }
  return numbersBetween(from, to, step);
}

/** Both ends included; downwards where `from` is greater. */
function numbersBetween(from: usize, to: usize, step: usize): usize {
  const numbers = makeArray(8);
  const isDown = compare(from, to) > 0;
  if (toInt64(from)) {
    const first = int64;
    if (toInt64(to)) {
      const last = int64;
      if (toInt64(step)) {
        pushInts(numbers, first, last, int64);
        return numbers;
      }
    }
  }
  let next = from;
  while (next != 0 && (isDown ? compare(next, to) >= 0 : compare(next, to) <= 0)) {
    burn(8);
    arrayPush(numbers, next);
    next = isDown ? subtractNumbers(next, step) : addNumbers(next, step);
  }
  return next == 0 ? 0 : numbers;
}

function pushInts(numbers: usize, from: i64, to: i64, step: i64): void {
  let n = from;
  while (true) {
    burn(1);
    arrayPush(numbers, makeInt(n));
    if (from <= to ? <u64>(to - n) < <u64>step : <u64>(n - to) < <u64>step) return;
    n = from <= to ? n + step : n - step;
  }
}

export function toNumber(value: usize): usize {
  const kind = kindOf(value);
  if (kind == NUMBER) return value;
  if (kind == NULL) return makeSmallInt(0);
  if (kind == BOOLEAN) return makeSmallInt(value == TRUE_VALUE ? 1 : 0);
  if (kind != STRING) return operandError("to_number", 1, "one of {null, boolean, number, string}", value);
  const literal = floatLiteral(stringPtr(value), stringLen(value));
  if (literal == 0) {
    if (isInfinite(stringPtr(value), stringLen(value))) {
      return operandError("to_number", 1, "valid number string", value);
    }
    return badNumber(value, ": invalid syntax");
  }
  const number = parseNumber(literal, literalLength);
  const double = number == 0 ? Infinity : toDouble(number);
  return double == Infinity || double == -Infinity ? badNumber(value, ": value out of range") : number;
}

/** Go's words. */
function badNumber(value: usize, reason: string): usize {
  const text = newBuffer(stringLen(value) + 32);
  putByte(text, 0x22);
  putBytes(text, stringPtr(value), stringLen(value));
  putByte(text, 0x22);
  putText(text, reason);
  return builtinErrorText(bufferPtr(text), bufferLength(text), "to_number: strconv.ParseFloat: parsing ");
}

/** What Go reads as infinite or not a number. */
function isInfinite(ptr: usize, length: i32): bool {
  let at = ptr;
  const end = ptr + <usize>length;
  while (at < end && (load<u8>(at) == 0x2b || load<u8>(at) == 0x2d)) at++;
  return isWord(at, end, "inf") || isWord(at, end, "infinity") || isWord(at, end, "nan");
}

function isWord(at: usize, end: usize, word: string): bool {
  const length = word.length;
  if (<i32>(end - at) != length) return false;
  for (let i = 0; i < length; i++) if ((load<u8>(at + i) | 0x20) != byteOf(word, i)) return false;
  return true;
}

/** In base 2, 8, 10 or 16; a fraction is cut off. */
export function formatInt(number: usize, base: usize): usize {
  if (!expectKind("format_int", 1, number, NUMBER) || !expectKind("format_int", 2, base, NUMBER)) return 0;
  const radix = base & 1 ? <i32>base >> 1 : 0;
  if (radix != 2 && radix != 8 && radix != 10 && radix != 16) {
    return operandFault("format_int", 2, "must be one of {2, 8, 10, 16}");
  }
  const integer = wholePart(number);
  if (integer == 0) return 0;
  const text = newBuffer(64);
  writeRadix(text, integer, radix);
  return bufferString(text);
}

/** As OPA has it: exact where the number is written as an integer, else that of a float of 64 bits. */
function wholePart(number: usize): usize {
  if (isPlainInteger(number)) return integerOf(number);
  const float = floatOf(number);
  return float == 0 ? 0 : makeInteger(isNegative(float), truncated(float));
}
