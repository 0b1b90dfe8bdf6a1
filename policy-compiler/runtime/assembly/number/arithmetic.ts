/**
 * Arithmetic on number values, in the narrowest form that holds both operands: 64-bit
 * integers, integers of any size, floats. A result replaces what its making left on the heap.
 */
import { bufferLength, bufferPtr, newBuffer } from "../buffer";
import { builtinError } from "../failure";
import { heapPtr, setHeapPtr } from "../memory";
import { intOf, isInt, makeInt } from "../value/value";
import { int64, isDecimalNumber, textLength, textPtr, toInt64 } from "./decimal-text";
import {
  PRECISION, addFloats, divideFloats, exponentOfFloat, floatOfInt, isNegative, isWhole, isZeroFloat, makeFloat,
  multiplyFloats, negated, precisionOf, truncated, wholeFloat,
} from "./float";
import { floatFromText, writeFloat } from "./float-text";
import {
  DIGITS_MAX, addIntegers, integerOf, integerToNumber, isMinus, magnitudeOf, multiplyIntegers, remainderOfIntegers,
} from "./integer";
import { LIMBS_MAX, bitLength, isZero, naturalOf } from "./natural";
import { makeDecimal, parseNumber } from "./number";

/** Bits of the largest numbers. */
const BITS_MAX: i32 = LIMBS_MAX << 5;

let first: i64 = 0;
let second: i64 = 0;

/** Both are 64-bit integers, then in `first` and `second`. */
function areInts(a: usize, b: usize): bool {
  if (!toInt64(a)) return false;
  first = int64;
  if (!toInt64(b)) return false;
  second = int64;
  return true;
}

export function addNumbers(a: usize, b: usize): usize {
  if (areInts(a, b)) {
    const sum = first + second;
    if (((first ^ sum) & (second ^ sum)) >= 0) return makeInt(sum);
  }
  return widen(a, b, false);
}

export function subtractNumbers(a: usize, b: usize): usize {
  if (areInts(a, b)) {
    const rest = first - second;
    if (((first ^ second) & (first ^ rest)) >= 0) return makeInt(rest);
  }
  return widen(a, b, true);
}

function widen(a: usize, b: usize, isMinusB: bool): usize {
  const mark = heapPtr;
  const x = integerOf(a);
  if (x != 0) {
    const y = integerOf(b);
    if (y != 0) return keep(mark, integerToNumber(addIntegers(x, y, isMinusB)));
  }
  const p = floatOf(a);
  const q = floatOf(b);
  if (p == 0 || q == 0) return 0;
  return keep(mark, floatToNumber(addFloats(p, isMinusB ? negated(q) : q, PRECISION)));
}

// @ts-ignore: decorator
@inline
function isWord(n: i64): bool {
  return n >= -0x80000000 && n <= 0x7fffffff;
}

export function multiplyNumbers(a: usize, b: usize): usize {
  if (areInts(a, b) && isWord(first) && isWord(second)) return makeInt(first * second);
  const mark = heapPtr;
  const x = integerOf(a);
  if (x != 0) {
    const y = integerOf(b);
    if (y != 0) {
      if (bitLength(magnitudeOf(x)) + bitLength(magnitudeOf(y)) > BITS_MAX) return tooBig();
      return keep(mark, integerToNumber(multiplyIntegers(x, y)));
    }
  }
  const p = floatOf(a);
  const q = floatOf(b);
  if (p == 0 || q == 0) return 0;
  return keep(mark, floatToNumber(multiplyFloats(p, q, PRECISION)));
}


export function divideNumbers(a: usize, b: usize): usize {
  if (areInts(a, b) && isWord(first) && isWord(second)) {
    if (second == 0) return builtinError("div: divide by zero");
    if (first != 0 && first % second == 0) return makeInt(first / second);
  }
  const mark = heapPtr;
  const q = floatOf(b);
  if (q != 0 && isZeroFloat(q)) return builtinError("div: divide by zero");
  const p = floatOf(a);
  if (p == 0 || q == 0) return 0;
  return keep(mark, floatToNumber(divideFloats(p, q, PRECISION)));
}

export function remainderOf(a: usize, b: usize): usize {
  if (areInts(a, b)) {
    if (second == 0) return builtinError("rem: modulo by zero");
    return makeInt(second == -1 ? 0 : first % second);
  }
  const mark = heapPtr;
  const x = integerOf(a);
  const y: usize = x == 0 ? 0 : integerOf(b);
  if (x == 0 || y == 0) return builtinError("rem: modulo on floating-point number");
  if (isZero(magnitudeOf(y))) return builtinError("rem: modulo by zero");
  return keep(mark, integerToNumber(remainderOfIntegers(x, y)));
}

/** The number as a float of 64 bits, or 0 with a built-in error where it is too long. */
export function floatOf(value: usize): usize {
  if (!isDecimalNumber(value)) return floatOfInt(intOf(value));
  if (textLength(value) > DIGITS_MAX) return tooBig();
  return floatFromText(textPtr(value), textLength(value), PRECISION);
}

export function floatToNumber(float: usize): usize {
  const size = exponentOfFloat(float);
  if (size > BITS_MAX || size < -BITS_MAX) return tooBig();
  const buffer = newBuffer(64);
  writeFloat(buffer, float);
  const length = bufferLength(buffer);
  const value: usize = length > 20 ? <usize>0 : parseNumber(bufferPtr(buffer), length);
  return value != 0 ? value : makeDecimal(bufferPtr(buffer), length);
}

function tooBig(): usize {
  return builtinError("number too big");
}

/** Moves a number made last down to `mark`, over what lies between. */
export function keep(mark: usize, value: usize): usize {
  if (value == 0) return 0;
  if (isInt(value)) {
    const n = intOf(value);
    setHeapPtr(mark);
    return makeInt(n);
  }
  const length = textLength(value);
  memory.copy(mark, textPtr(value), <usize>length);
  setHeapPtr(mark + <usize>length);
  return makeDecimal(mark, length);
}

// ── of one number ──

export function absolute(value: usize): usize {
  if (toInt64(value) && int64 != i64.MIN_VALUE) return makeInt(int64 < 0 ? -int64 : int64);
  const mark = heapPtr;
  const float = floatOf(value);
  if (float == 0) return 0;
  return keep(mark, floatToNumber(isNegative(float) ? negated(float) : float));
}

/** Halves away from zero. */
export function rounded(value: usize): usize {
  if (toInt64(value)) return makeInt(int64);
  const mark = heapPtr;
  const float = floatOf(value);
  if (float == 0) return 0;
  const sum = addFloats(float, halfOf(isNegative(float)), PRECISION);
  return keep(mark, floatToNumber(wholeFloat(isNegative(float), truncated(sum))));
}

/**
 * As OPA computes it (arithmetic.go, arithCeil and arithFloor): the number is cut off
 * first, and a cut-off zero has no sign, so that ceil(-0.5) is 1 and floor(-0.5) is 0.
 */
export function ceiling(value: usize): usize {
  return step(value, false);
}

export function floored(value: usize): usize {
  return step(value, true);
}

function step(value: usize, isDown: bool): usize {
  if (toInt64(value)) return makeInt(int64);
  const mark = heapPtr;
  const float = floatOf(value);
  if (float == 0) return 0;
  const whole = wholeFloat(isNegative(float), truncated(float));
  if (isNegative(whole) != isDown || isWhole(float)) return keep(mark, floatToNumber(whole));
  const one = floatOfInt(isDown ? -1 : 1);
  return keep(mark, floatToNumber(addFloats(whole, one, precisionOf(whole))));
}

function halfOf(negative: bool): usize {
  return makeFloat(negative, naturalOf(1), -1, 53);
}
