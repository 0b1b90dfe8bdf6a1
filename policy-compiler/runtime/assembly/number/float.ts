/**
 * Binary floats as Go's big.Float has them: mantissa · 2^exponent with a mantissa of at
 * most `precision` bits, rounded to nearest even. A cell {isNegative u32, precision i32,
 * exponent i32, mantissa: a natural}. Zero has the mantissa 0 and keeps its sign.
 */
import { alloc } from "../memory";
import {
  addNaturals, bitAt, bitLength, compareNaturals, divideNaturals, hasBitBelow, isZero, multiplyNaturals, naturalOf,
  remainder, shiftLeft, shiftRight, subtractNaturals, trailingZeros,
} from "./natural";

/** Bits that big.Float takes where nobody says otherwise. */
export const PRECISION: i32 = 64;

export function makeFloat(isNegative: bool, mantissa: usize, exponent: i32, precision: i32): usize {
  const float = alloc(16);
  store<u32>(float, isNegative ? 1 : 0);
  store<i32>(float, precision, 4);
  store<i32>(float, exponent, 8);
  store<u32>(float, <u32>mantissa, 12);
  return float;
}

export function isNegative(float: usize): bool {
  return load<u32>(float) != 0;
}

export function precisionOf(float: usize): i32 {
  return load<i32>(float, 4);
}

export function exponentOfFloat(float: usize): i32 {
  return load<i32>(float, 8);
}

export function mantissaOf(float: usize): usize {
  return <usize>load<u32>(float, 12);
}

export function isZeroFloat(float: usize): bool {
  return isZero(mantissaOf(float));
}

/** Rounds to `precision` bits; `hasMore` says that the exact value is a little larger. */
export function roundFloat(negative: bool, mantissa: usize, exponent: i32, precision: i32, hasMore: bool = false): usize {
  const excess = bitLength(mantissa) - precision;
  if (excess <= 0) return makeFloat(negative, mantissa, exponent, precision);
  let kept = shiftRight(mantissa, excess);
  const isHalf = bitAt(mantissa, excess - 1) != 0;
  const isMore = hasMore || hasBitBelow(mantissa, excess - 1);
  if (isHalf && (isMore || bitAt(kept, 0) != 0)) kept = addNaturals(kept, naturalOf(1));
  return makeFloat(negative, kept, exponent + excess, precision);
}

export function floatOfInt(n: i64): usize {
  return makeFloat(n < 0, naturalOf(<u64>(n < 0 ? -n : n)), 0, PRECISION);
}

export function negated(float: usize): usize {
  return makeFloat(!isNegative(float), mantissaOf(float), exponentOfFloat(float), precisionOf(float));
}

export function addFloats(a: usize, b: usize, precision: i32): usize {
  if (isZeroFloat(a) || isZeroFloat(b)) {
    if (isZeroFloat(a) && isZeroFloat(b)) {
      return makeFloat(isNegative(a) && isNegative(b), naturalOf(0), 0, precision);
    }
    const float = isZeroFloat(a) ? b : a;
    return roundFloat(isNegative(float), mantissaOf(float), exponentOfFloat(float), precision);
  }
  if (isNegligible(b, a, precision)) return roundFloat(isNegative(a), mantissaOf(a), exponentOfFloat(a), precision);
  if (isNegligible(a, b, precision)) return roundFloat(isNegative(b), mantissaOf(b), exponentOfFloat(b), precision);
  const gap = exponentOfFloat(a) - exponentOfFloat(b);
  const exponent = gap > 0 ? exponentOfFloat(b) : exponentOfFloat(a);
  const x = gap > 0 ? shiftLeft(mantissaOf(a), gap) : mantissaOf(a);
  const y = gap < 0 ? shiftLeft(mantissaOf(b), -gap) : mantissaOf(b);
  if (isNegative(a) == isNegative(b)) return roundFloat(isNegative(a), addNaturals(x, y), exponent, precision);
  const order = compareNaturals(x, y);
  if (order == 0) return makeFloat(false, naturalOf(0), 0, precision);
  if (order > 0) return roundFloat(isNegative(a), subtractNaturals(x, y), exponent, precision);
  return roundFloat(isNegative(b), subtractNaturals(y, x), exponent, precision);
}

/** `small` is so far below the last bit of `large` that it cannot change the rounded sum. */
function isNegligible(small: usize, large: usize, precision: i32): bool {
  const bits = bitLength(mantissaOf(large));
  const gap = exponentOfFloat(large) + bits - exponentOfFloat(small) - bitLength(mantissaOf(small));
  return bits <= precision && gap > precision + 4;
}

export function multiplyFloats(a: usize, b: usize, precision: i32): usize {
  const product = multiplyNaturals(mantissaOf(a), mantissaOf(b));
  const exponent = isZero(product) ? 0 : exponentOfFloat(a) + exponentOfFloat(b);
  return roundFloat(isNegative(a) != isNegative(b), product, exponent, precision);
}

/** a / b; b is not zero. */
export function divideFloats(a: usize, b: usize, precision: i32): usize {
  const negative = isNegative(a) != isNegative(b);
  if (isZeroFloat(a)) return makeFloat(negative, naturalOf(0), 0, precision);
  const missing = precision + 2 + bitLength(mantissaOf(b)) - bitLength(mantissaOf(a));
  const shift = missing > 0 ? missing : 0;
  const quotient = divideNaturals(shiftLeft(mantissaOf(a), shift), mantissaOf(b));
  const exponent = exponentOfFloat(a) - exponentOfFloat(b) - shift;
  return roundFloat(negative, quotient, exponent, precision, !isZero(remainder));
}

export function isWhole(float: usize): bool {
  const exponent = exponentOfFloat(float);
  return exponent >= 0 || isZeroFloat(float) || trailingZeros(mantissaOf(float)) >= -exponent;
}

/** The value without its fraction, as a natural. */
export function truncated(float: usize): usize {
  const exponent = exponentOfFloat(float);
  return exponent >= 0 ? shiftLeft(mantissaOf(float), exponent) : shiftRight(mantissaOf(float), -exponent);
}

/** The natural as a float of all its bits, 64 at least. Zero has no sign. */
export function wholeFloat(negative: bool, natural: usize): usize {
  const bits = bitLength(natural);
  return makeFloat(negative && bits > 0, natural, 0, bits > PRECISION ? bits : PRECISION);
}
