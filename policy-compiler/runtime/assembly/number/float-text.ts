/** Text → float and float → text, with the roundings of Go's math/big (floatconv.go, ftoa.go). */
import { putByte, putBytes, putInt } from "../buffer";
import { alloc } from "../memory";
import {
  divideFloats, exponentOfFloat, isNegative, isWhole, isZeroFloat, makeFloat, mantissaOf,
  multiplyFloats, precisionOf, roundFloat,
} from "./float";
import {
  addNaturals, bitLength, decimalDigits, digitCount, multiplyNaturals, naturalFromDigits, naturalOf, powerOf,
  shiftLeft, subtractNaturals, trailingZeros,
} from "./natural";
import { readExponent } from "./decimal-text";

/** The float nearest to a literal, as far as 64 bits more for the power of five reach. */
export function floatFromText(ptr: usize, length: i32, precision: i32): usize {
  let at = ptr;
  const end = ptr + <usize>length;
  const negative = load<u8>(at) == 0x2d;
  if (negative) at++;
  const from = at;
  let digits = 0;
  let fraction = 0;
  let hasPoint = false;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x2e) {
      hasPoint = true;
      continue;
    }
    if ((byte | 0x20) == 0x65) break;
    digits++;
    if (hasPoint) fraction++;
  }
  const power = (at < end ? readExponent(at + 1, end) : 0) - fraction;
  const mantissa = naturalFromDigits(from, digits);
  const bits = bitLength(mantissa);
  if (bits == 0) return makeFloat(negative, mantissa, 0, precision);
  if (power == 0) return roundFloat(negative, mantissa, 0, precision);
  const exact = makeFloat(negative, mantissa, power, bits);
  const five = powerOfFive(power < 0 ? -power : power, precision + 64);
  return power < 0 ? divideFloats(exact, five, precision) : multiplyFloats(exact, five, precision);
}

/** The float with the bits of the nearest double: fewer than 53 below the normal ones. */
export function doubleFromText(ptr: usize, length: i32): usize {
  const float = floatFromText(ptr, length, 53);
  const mantissa = mantissaOf(float);
  const kept = bitLength(mantissa) + exponentOfFloat(float) + 1074;
  if (kept >= 53 || isZeroFloat(float)) return float;
  // Half of the smallest double or less is zero.
  if (kept < 0) return makeFloat(isNegative(float), naturalOf(0), 0, 53);
  const rounded = roundFloat(isNegative(float), mantissa, exponentOfFloat(float), max(kept, 1));
  if (kept > 0 || isZeroFloat(rounded)) return rounded;
  const isMore = trailingZeros(mantissa) < bitLength(mantissa) - 1;
  return makeFloat(isNegative(float), naturalOf(isMore ? 1 : 0), isMore ? -1074 : 0, 1);
}

function powerOfFive(exponent: i32, precision: i32): usize {
  // 5^27 is the largest that fits 64 bits.
  let exact: u64 = 1;
  for (let i = 0; i < exponent && i < 27; i++) exact *= 5;
  let power = makeFloat(false, naturalOf(exact), 0, precision);
  let left = exponent - 27;
  let square = makeFloat(false, naturalOf(5), 0, precision + 64);
  while (left > 0) {
    if (left & 1) power = multiplyFloats(power, square, precision);
    square = multiplyFloats(square, square, precision + 64);
    left >>= 1;
  }
  return power;
}

/** Decimal digits {ptr, count, exponent}: 0.d₁d₂… · 10^exponent, no zero at the end. */
function toDecimal(mantissa: usize, exponent: i32): usize {
  const decimal = alloc(16);
  const scaled =
    exponent >= 0 ? shiftLeft(mantissa, exponent) : multiplyNaturals(mantissa, powerOf(5, -exponent));
  const digits = decimalDigits(scaled);
  let count = digitCount;
  store<i32>(decimal, count + (exponent < 0 ? exponent : 0), 8);
  while (count > 1 && load<u8>(digits + count - 1) == 0x30) count--;
  store<u32>(decimal, <u32>digits);
  store<i32>(decimal, count, 4);
  return decimal;
}

// @ts-ignore: decorator
@inline
function digitAt(decimal: usize, i: i32): u32 {
  return i < load<i32>(decimal, 4) ? load<u8>(<usize>load<u32>(decimal) + <usize>i) : 0x30;
}

function roundDown(decimal: usize, count: i32): void {
  const digits = <usize>load<u32>(decimal);
  let length = count;
  while (length > 0 && load<u8>(digits + length - 1) == 0x30) length--;
  store<i32>(decimal, length, 4);
}

function roundUp(decimal: usize, count: i32): void {
  const digits = <usize>load<u32>(decimal);
  let length = count;
  while (length > 0 && load<u8>(digits + length - 1) == 0x39) length--;
  if (length == 0) {
    store<u8>(digits, 0x31);
    store<i32>(decimal, 1, 4);
    store<i32>(decimal, load<i32>(decimal, 8) + 1, 8);
    return;
  }
  store<u8>(digits + length - 1, load<u8>(digits + length - 1) + 1);
  store<i32>(decimal, length, 4);
}

/** To `count` digits, halves to even. */
function roundDecimal(decimal: usize, count: i32): void {
  const length = load<i32>(decimal, 4);
  if (count < 0 || count >= length) return;
  const digit = digitAt(decimal, count);
  let isUp = digit >= 0x35;
  if (digit == 0x35 && count + 1 == length) isUp = count > 0 && ((digitAt(decimal, count - 1) - 0x30) & 1) != 0;
  if (isUp) roundUp(decimal, count);
  else roundDown(decimal, count);
}

/** The fewest digits that give the float again when read with its precision. */
function roundShortest(decimal: usize, float: usize, isDouble: bool): void {
  const shift = precisionOf(float) + 1 - bitLength(mantissaOf(float));
  const mantissa = shiftLeft(mantissaOf(float), shift);
  const exponent = exponentOfFloat(float) - shift;
  const one = naturalOf(1);
  // Below a power of two a double's neighbour is only half as far.
  const isPower = isDouble && trailingZeros(mantissa) == bitLength(mantissa) - 1;
  const lower = isPower
    ? toDecimal(subtractNaturals(shiftLeft(mantissa, 1), one), exponent - 1)
    : toDecimal(subtractNaturals(mantissa, one), exponent);
  const upper = toDecimal(addNaturals(mantissa, one), exponent);
  const isInclusive = (load<u32>(mantissa, 8) & 2) == 0;
  const length = load<i32>(decimal, 4);
  for (let i = 0; i < length; i++) {
    const m = digitAt(decimal, i);
    const u = digitAt(upper, i);
    const mayDown = digitAt(lower, i) != m || (isInclusive && i + 1 == load<i32>(lower, 4));
    const mayUp = m != u && (isInclusive || m + 1 < u || i + 1 < load<i32>(upper, 4));
    if (!mayDown && !mayUp) continue;
    if (mayDown && mayUp) roundDecimal(decimal, i + 1);
    else if (mayDown) roundDown(decimal, i + 1);
    else roundUp(decimal, i + 1);
    return;
  }
}

/** Go's 'f' for whole numbers and 'g' for others, both in the fewest digits. */
export function writeFloat(buffer: usize, float: usize): void {
  writeFloatAs(buffer, float, isWhole(float) ? 0x66 : 0x67, SHORTEST, false);
}

/** As precision: the fewest digits. */
export const SHORTEST: i32 = -1;

/** By Go's verb (e, f or g) with as many places; a double's shortest form looks at its own neighbours. */
export function writeFloatAs(buffer: usize, float: usize, verb: u32, precision: i32, isDouble: bool): void {
  if (isNegative(float)) putByte(buffer, 0x2d);
  const decimal = toDecimal(mantissaOf(float), exponentOfFloat(float));
  if (isZeroFloat(float)) store<u64>(decimal, 0, 4);
  const exponent = load<i32>(decimal, 8);
  if (precision == SHORTEST) {
    if (!isZeroFloat(float)) roundShortest(decimal, float, isDouble);
  } else roundDecimal(decimal, verb == 0x65 ? precision + 1 : verb == 0x66 ? exponent + precision : max(precision, 1));
  const count = load<i32>(decimal, 4);
  const point = load<i32>(decimal, 8);
  if (verb == 0x65) writeScientific(buffer, decimal, precision == SHORTEST ? count - 1 : precision);
  else if (verb == 0x66) writePlain(buffer, decimal, precision == SHORTEST ? count - point : precision);
  else {
    const digits = precision == SHORTEST ? count : max(precision, 1);
    let limit = digits > count && count >= point ? count : digits;
    if (precision == SHORTEST) limit = 6;
    if (point - 1 < -4 || point - 1 >= limit) writeScientific(buffer, decimal, min(digits, count) - 1);
    else writePlain(buffer, decimal, (digits > point ? count : digits) - point);
  }
}

/** With a number of digits behind the point. */
function writePlain(buffer: usize, decimal: usize, places: i32): void {
  const count = load<i32>(decimal, 4);
  const exponent = load<i32>(decimal, 8);
  if (exponent > 0) {
    const whole = count < exponent ? count : exponent;
    putBytes(buffer, <usize>load<u32>(decimal), whole);
    for (let i = whole; i < exponent; i++) putByte(buffer, 0x30);
  } else putByte(buffer, 0x30);
  if (places <= 0) return;
  putByte(buffer, 0x2e);
  for (let i = 0; i < places; i++) {
    const at = exponent + i;
    putByte(buffer, at < 0 ? 0x30 : digitAt(decimal, at));
  }
}

function writeScientific(buffer: usize, decimal: usize, places: i32): void {
  putByte(buffer, digitAt(decimal, 0));
  if (places > 0) {
    putByte(buffer, 0x2e);
    for (let i = 1; i <= places; i++) putByte(buffer, digitAt(decimal, i));
  }
  let exponent = load<i32>(decimal, 8) - 1;
  if (load<i32>(decimal, 4) == 0) exponent = 0;
  putByte(buffer, 0x65);
  putByte(buffer, exponent < 0 ? 0x2d : 0x2b);
  if (exponent < 0) exponent = -exponent;
  if (exponent < 10) putByte(buffer, 0x30);
  putInt(buffer, exponent);
}
