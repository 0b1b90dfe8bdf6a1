/**
 * Numbers that are no 64-bit integers keep the text they were written with. This is what
 * values, JSON and the compiler need of them; the arithmetic stands beside.
 */
import { hashInt } from "../value/hash";
import { alloc } from "../memory";
import { DECIMAL, NUMBER, intOf, makeInt } from "../value/value";

/** A number from a literal of JSON's grammar (checked by the caller). */
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
  const cell = alloc(16);
  store<u32>(cell, NUMBER | DECIMAL);
  store<u32>(cell, <u32>length, 4);
  store<u32>(cell, <u32>ptr, 8);
  store<u32>(cell, 0, 12);
  return cell;
}

export function isDecimalNumber(value: usize): bool {
  return !(value & 1) && (load<u32>(value) & DECIMAL) != 0;
}

export function toDouble(value: usize): f64 {
  if (!isDecimalNumber(value)) return <f64>intOf(value);
  const ptr = <usize>load<u32>(value, 8);
  const length = load<i32>(value, 4);
  let n: f64 = 0;
  let scale: i32 = 0;
  let at = 0;
  const isNegative = load<u8>(ptr) == 0x2d;
  if (isNegative) at++;
  let hasPoint = false;
  for (; at < length; at++) {
    const byte = load<u8>(ptr + at);
    if (byte == 0x2e) hasPoint = true;
    else if (byte >= 0x30 && byte <= 0x39) {
      n = n * 10 + <f64>(byte - 0x30);
      if (hasPoint) scale--;
    } else break;
  }
  if (at < length) {
    at++;
    let sign = 1;
    if (load<u8>(ptr + at) == 0x2d) sign = -1;
    if (load<u8>(ptr + at) == 0x2d || load<u8>(ptr + at) == 0x2b) at++;
    let exponent = 0;
    for (; at < length; at++) exponent = exponent * 10 + <i32>(load<u8>(ptr + at) - 0x30);
    scale += sign * exponent;
  }
  n = scale < 0 ? n / Math.pow(10, <f64>-scale) : n * Math.pow(10, <f64>scale);
  return isNegative ? -n : n;
}

export function compareNumbers(a: usize, b: usize): i32 {
  const x = toDouble(a);
  const y = toDouble(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The same for every text of one value; for an integer that of `hashInt`. */
export function hashNumber(value: usize): u32 {
  if (!isDecimalNumber(value)) return hashInt(intOf(value));
  const n = toDouble(value);
  return Math.floor(n) == n && Math.abs(n) < 9e15 ? hashInt(<i64>n) : hashInt(reinterpret<i64>(n));
}

/** What toInt64 found. */
export let int64: i64 = 0;

/** The number is an integer of 64 bits, then in `int64`; `2.0` is one too. */
export function toInt64(value: usize): bool {
  if (isDecimalNumber(value)) return false;
  int64 = intOf(value);
  return true;
}
