/**
 * The text of a number, taken apart: sign, digits, exponent. Comparison and hash work on
 * the digits themselves, so that they are exact at any size and cost no arithmetic.
 */
import { burn } from "../failure";
import { hashInt } from "../value/hash-bits";
import { DECIMAL, intOf } from "../value/value";

/** What `readText` gives: value = sign · 0.d₁d₂… · 10^exponent, d₁ and the last digit not zero. */
const SIGN: usize = 0;
const FROM: usize = 4;
const TO: usize = 8;
const EXPONENT: usize = 12;
const PARTS: i32 = 16;

const partsA = memory.data(16, 8);
const partsB = memory.data(16, 8);
const intText = memory.data(32, 8);

/** Beyond ±2^29 an exponent counts as that. */
const EXPONENT_MAX: i32 = 0x20000000;

export function isDecimalNumber(value: usize): bool {
  return !(value & 1) && (load<u32>(value) & DECIMAL) != 0;
}

export function textPtr(value: usize): usize {
  return <usize>load<u32>(value, 8);
}

export function textLength(value: usize): i32 {
  return load<i32>(value, 4);
}

/** Takes the literal of `length` bytes apart. */
function readText(ptr: usize, length: i32, parts: usize): void {
  burn(length >> 4);
  const end = ptr + <usize>length;
  let at = ptr;
  const isNegative = load<u8>(at) == 0x2d;
  if (isNegative) at++;
  let from: usize = 0;
  let to: usize = 0;
  let exponent = 0;
  let hasPoint = false;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x2e) {
      hasPoint = true;
      continue;
    }
    if ((byte | 0x20) == 0x65) break;
    if (byte != 0x30) {
      if (from == 0) from = at;
      to = at + 1;
    }
    if (hasPoint) {
      if (from == 0) exponent--;
    } else if (from != 0) exponent++;
  }
  if (at < end) exponent += readExponent(at + 1, end);
  store<i32>(parts + SIGN, from == 0 ? 0 : isNegative ? -1 : 1);
  store<u32>(parts + FROM, <u32>from);
  store<u32>(parts + TO, <u32>to);
  store<i32>(parts + EXPONENT, exponent);
}

export function readExponent(from: usize, end: usize): i32 {
  let at = from;
  const isNegative = load<u8>(at) == 0x2d;
  if (isNegative || load<u8>(at) == 0x2b) at++;
  let exponent = 0;
  for (; at < end; at++) {
    if (exponent < EXPONENT_MAX / 16) exponent = exponent * 10 + <i32>(load<u8>(at) - 0x30);
    else exponent = EXPONENT_MAX;
  }
  return isNegative ? -exponent : exponent;
}

function readParts(value: usize, parts: usize, scratch: usize): void {
  if (isDecimalNumber(value)) {
    readText(textPtr(value), textLength(value), parts);
    return;
  }
  const n = intOf(value);
  let left = <u64>(n < 0 ? -n : n);
  let at = scratch + 32;
  const end = at;
  do {
    store<u8>(--at, <u8>(0x30 + <u32>(left % 10)));
    left /= 10;
  } while (left != 0);
  if (n < 0) store<u8>(--at, 0x2d);
  readText(at, <i32>(end - at), parts);
}

/** The exponent of a literal (0.d₁d₂… · 10^exponent); 0 for zero. */
export function exponentOfText(ptr: usize, length: i32): i32 {
  readText(ptr, length, partsA);
  return load<i32>(partsA + SIGN) == 0 ? 0 : load<i32>(partsA + EXPONENT);
}

/** Exact, for any two numbers. */
export function compareNumbers(a: usize, b: usize): i32 {
  // At most one of the two is an integer cell, or they were compared without text.
  readParts(a, partsA, intText);
  readParts(b, partsB, intText);
  const sign = load<i32>(partsA + SIGN);
  const other = load<i32>(partsB + SIGN);
  if (sign != other) return sign < other ? -1 : 1;
  if (sign == 0) return 0;
  return sign * compareMagnitudes();
}

function compareMagnitudes(): i32 {
  const x = load<i32>(partsA + EXPONENT);
  const y = load<i32>(partsB + EXPONENT);
  if (x != y) return x < y ? -1 : 1;
  let at = <usize>load<u32>(partsA + FROM);
  let other = <usize>load<u32>(partsB + FROM);
  const end = <usize>load<u32>(partsA + TO);
  const otherEnd = <usize>load<u32>(partsB + TO);
  while (true) {
    if (at < end && load<u8>(at) == 0x2e) at++;
    if (other < otherEnd && load<u8>(other) == 0x2e) other++;
    if (at >= end) return other >= otherEnd ? 0 : -1;
    if (other >= otherEnd) return 1;
    const digit = load<u8>(at++);
    const otherDigit = load<u8>(other++);
    if (digit != otherDigit) return digit < otherDigit ? -1 : 1;
  }
}

/** The same for every text of one value; for an integer of 64 bits that of `hashInt`. */
export function hashNumber(value: usize): u32 {
  if (!isDecimalNumber(value)) return hashInt(intOf(value));
  readText(textPtr(value), textLength(value), partsA);
  const sign = load<i32>(partsA + SIGN);
  if (sign == 0) return hashInt(0);
  const exponent = load<i32>(partsA + EXPONENT);
  const to = <usize>load<u32>(partsA + TO);
  let mixed = <u64>hashInt((<i64>exponent << 1) + <i64>sign);
  let chunk: u64 = 0;
  let count = 0;
  for (let at = <usize>load<u32>(partsA + FROM); at < to; at++) {
    const byte = load<u8>(at);
    if (byte == 0x2e) continue;
    chunk = chunk * 10 + <u64>(byte - 0x30);
    if (++count % 19 == 0) {
      mixed = <u64>hashInt(<i64>((mixed << 32) ^ chunk));
      if (to - at > 1) chunk = 0;
    }
  }
  if (count <= exponent && exponent <= 19) {
    for (let i = count; i < exponent; i++) chunk *= 10;
    if (chunk <= <u64>i64.MAX_VALUE) return hashInt(<i64>sign * <i64>chunk);
    if (sign < 0 && chunk == 0x8000000000000000) return hashInt(i64.MIN_VALUE);
  }
  return hashInt(<i64>((mixed << 32) ^ chunk));
}

/** What `toInt64` found. */
export let int64: i64 = 0;

/** The number is an integer of 64 bits written without exponent (`2` and `2.0`), then in `int64`. */
export function toInt64(value: usize): bool {
  if (!isDecimalNumber(value)) {
    int64 = intOf(value);
    return true;
  }
  let at = textPtr(value);
  const end = at + <usize>textLength(value);
  const isNegative = load<u8>(at) == 0x2d;
  if (isNegative) at++;
  if (end - at > 19) return false;
  let n: u64 = 0;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x2e) break;
    if (byte < 0x30 || byte > 0x39) return false;
    n = n * 10 + <u64>(byte - 0x30);
  }
  for (at++; at < end; at++) if (load<u8>(at) != 0x30) return false;
  if (n > <u64>i64.MAX_VALUE) return false;
  int64 = isNegative ? -<i64>n : <i64>n;
  return true;
}

/** Digits without the zeros around them; 0 of zero. Then `significand`, `exponentOf` hold. */
export function readNumber(value: usize): void {
  readParts(value, partsA, intText);
}

/** Of the number read last: −1, 0 or 1. */
export function signOf(): i32 {
  return load<i32>(partsA + SIGN);
}

/** Where its first digit other than 0 stands. */
export function digitsFrom(): usize {
  return <usize>load<u32>(partsA + FROM);
}

/** How many digits it has, zeros at both ends left out. */
export function digitsOf(): i32 {
  const from = <usize>load<u32>(partsA + FROM);
  const to = <usize>load<u32>(partsA + TO);
  for (let at = from; at < to; at++) if (load<u8>(at) == 0x2e) return <i32>(to - from) - 1;
  return <i32>(to - from);
}

/** The power of ten before whose point its digits stand: value = 0.d₁d₂… · 10^exponent. */
export function exponentOf(): i32 {
  return load<i32>(partsA + EXPONENT);
}

/** The number is written without point and exponent. */
export function isPlainInteger(value: usize): bool {
  if (!isDecimalNumber(value)) return true;
  const length = textLength(value);
  burn(length >> 4);
  for (let i = 0; i < length; i++) {
    const byte = load<u8>(textPtr(value) + i);
    if (byte == 0x2e || (byte | 0x20) == 0x65) return false;
  }
  return true;
}
