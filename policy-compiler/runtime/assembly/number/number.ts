/**
 * Numbers that are no 64-bit integers keep the text they were written with, as OPA's do.
 * This is what values, JSON and the compiler need of them; the arithmetic stands beside.
 */
import { alloc, heapPtr, setHeapPtr } from "../memory";
import { DECIMAL, NUMBER, intOf, makeInt } from "../value/value";
import { isDecimalNumber, exponentOfText, textLength, textPtr } from "./decimal-text";
import { exponentOfFloat, isNegative, mantissaOf } from "./float";
import { doubleFromText } from "./float-text";
import { lowBits } from "./natural";

export { compareNumbers, hashNumber, int64, isDecimalNumber, isPlainInteger, toInt64 } from "./decimal-text";

/** OPA's bound: numbers written with an exponent lie between 2^-100000 and 2^100000. */
const EXPONENT_MAX: i32 = 30103;

/** A number from a literal of JSON's grammar (checked by the caller), or 0 where it is out of range. */
export function parseNumber(ptr: usize, length: i32): usize {
  let at = ptr;
  const end = ptr + <usize>length;
  const isNegative = load<u8>(at) == 0x2d;
  if (isNegative) at++;
  if (end - at <= 19) {
    // Nineteen digits fit 64 bits without sign.
    let n: u64 = 0;
    while (at < end) {
      const digit = <u32>load<u8>(at) - 0x30;
      if (digit > 9) break;
      n = n * 10 + <u64>digit;
      at++;
    }
    if (at == end && !(isNegative && n == 0)) {
      if (n <= <u64>i64.MAX_VALUE) return makeInt(isNegative ? -<i64>n : <i64>n);
      if (isNegative && n == 0x8000000000000000) return makeInt(i64.MIN_VALUE);
    }
  }
  if (!isInRange(ptr, length)) return 0;
  return makeDecimal(ptr, length);
}

/** Only what is written with an exponent can be out of range. */
function isInRange(ptr: usize, length: i32): bool {
  for (let i = 0; i < length; i++) {
    if ((load<u8>(ptr + i) | 0x20) != 0x65) continue;
    const exponent = exponentOfText(ptr, length);
    return exponent <= EXPONENT_MAX && exponent > -EXPONENT_MAX;
  }
  return true;
}

/** A number that keeps this text; it must not be that of an integer of 64 bits. */
export function makeDecimal(ptr: usize, length: i32): usize {
  const cell = alloc(16);
  store<u32>(cell, NUMBER | DECIMAL);
  store<u32>(cell, <u32>length, 4);
  store<u32>(cell, <u32>ptr, 8);
  store<u32>(cell, 0, 12);
  return cell;
}

/** The nearest double; infinite where it is too large. */
export function toDouble(value: usize): f64 {
  if (!isDecimalNumber(value)) return <f64>intOf(value);
  const mark = heapPtr;
  const float = doubleFromText(textPtr(value), textLength(value));
  let n = <f64>lowBits(mantissaOf(float));
  let exponent = exponentOfFloat(float);
  const negative = isNegative(float);
  setHeapPtr(mark);
  for (; exponent > 900 && n != 0 && n < Infinity; exponent -= 900) n *= powerOfTwo(900);
  for (; exponent < -900 && n != 0; exponent += 900) n *= powerOfTwo(-900);
  if (n != 0 && n < Infinity) n *= powerOfTwo(exponent);
  return negative ? -n : n;
}

/** For exponents of normal doubles. */
function powerOfTwo(exponent: i32): f64 {
  return reinterpret<f64>(<u64>(exponent + 1023) << 52);
}
