/** Integers of any size, as cells {isNegative u32, magnitude: a natural}, and the values that they are made of. */
import { newBuffer, bufferLength, bufferPtr, putByte, putBytes, putInt } from "../buffer";
import { burn } from "../failure";
import { alloc } from "../memory";
import { intOf, isInt, makeInt } from "../value/value";
import { digitsFrom, digitsOf, exponentOf, readNumber, signOf } from "./decimal-text";
import {
  addNaturals, bitLength, compareNaturals, decimalDigits, digitCount, divideNaturals, isZero, limbCount, lowBits,
  multiplyNaturals, naturalFromDigits, naturalFromLimbs, naturalOf, powerOf, remainder, subtractNaturals,
} from "./natural";
import { makeDecimal } from "./number";

/** Decimal digits of a number that arithmetic still takes. */
export const DIGITS_MAX: i32 = 150000;

export function makeInteger(isNegative: bool, magnitude: usize): usize {
  const integer = alloc(8);
  store<u32>(integer, isNegative && !isZero(magnitude) ? 1 : 0);
  store<u32>(integer, <u32>magnitude, 4);
  return integer;
}

export function isMinus(integer: usize): bool {
  return load<u32>(integer) != 0;
}

export function magnitudeOf(integer: usize): usize {
  return <usize>load<u32>(integer, 4);
}

export function integerOfInt(n: i64): usize {
  return makeInteger(n < 0, naturalOf(<u64>(n < 0 ? -n : n)));
}

/** The number as an integer, or 0 where it has a fraction or is beyond DIGITS_MAX. */
export function integerOf(value: usize): usize {
  if (isInt(value)) return integerOfInt(intOf(value));
  readNumber(value);
  if (signOf() == 0) return makeInteger(false, naturalOf(0));
  const exponent = exponentOf();
  const digits = digitsOf();
  if (digits > exponent || exponent > DIGITS_MAX) return 0;
  const isNegative = signOf() < 0;
  const magnitude = naturalFromDigits(digitsFrom(), digits);
  return makeInteger(
    isNegative,
    exponent == digits ? magnitude : multiplyNaturals(magnitude, powerOf(10, exponent - digits)),
  );
}

export function integerToNumber(integer: usize): usize {
  const magnitude = magnitudeOf(integer);
  if (bitLength(magnitude) < 64) return makeInt(isMinus(integer) ? -<i64>lowBits(magnitude) : <i64>lowBits(magnitude));
  if (isMinus(integer) && bitLength(magnitude) == 64 && lowBits(magnitude) == 0x8000000000000000) {
    return makeInt(i64.MIN_VALUE);
  }
  const buffer = newBuffer(64);
  writeInteger(buffer, integer);
  return makeDecimal(bufferPtr(buffer), bufferLength(buffer));
}

export function writeInteger(buffer: usize, integer: usize): void {
  if (isMinus(integer)) putByte(buffer, 0x2d);
  const magnitude = magnitudeOf(integer);
  const digits = decimalDigits(magnitude);
  putBytes(buffer, digits, digitCount);
}

export function addIntegers(a: usize, b: usize, isMinusB: bool): usize {
  const negative = isMinus(b) != isMinusB;
  if (isMinus(a) == negative) return makeInteger(negative, addNaturals(magnitudeOf(a), magnitudeOf(b)));
  const order = compareNaturals(magnitudeOf(a), magnitudeOf(b));
  if (order >= 0) return makeInteger(isMinus(a), subtractNaturals(magnitudeOf(a), magnitudeOf(b)));
  return makeInteger(negative, subtractNaturals(magnitudeOf(b), magnitudeOf(a)));
}

export function multiplyIntegers(a: usize, b: usize): usize {
  return makeInteger(isMinus(a) != isMinus(b), multiplyNaturals(magnitudeOf(a), magnitudeOf(b)));
}

/** What is left of a / b, with the sign of a; b is not zero. */
export function remainderOfIntegers(a: usize, b: usize): usize {
  divideNaturals(magnitudeOf(a), magnitudeOf(b));
  return makeInteger(isMinus(a), remainder);
}

export const AND: i32 = 0;
export const OR: i32 = 1;
export const XOR: i32 = 2;

/** Bit by bit, in two's complement of as many bits as it takes. */
export function combineBits(a: usize, b: usize, operation: i32): usize {
  const x = limbCount(magnitudeOf(a));
  const y = limbCount(magnitudeOf(b));
  const length = (x > y ? x : y) + 1;
  const left = twosComplement(a, length);
  const right = twosComplement(b, length);
  burn(1 + (length >> 4));
  for (let i = 0; i < length; i++) {
    const at = left + (<usize>i << 2);
    const p = load<u32>(at);
    const q = load<u32>(right + (<usize>i << 2));
    store<u32>(at, operation == AND ? p & q : operation == OR ? p | q : p ^ q);
  }
  const isNegative = <i32>load<u32>(left + (<usize>(length - 1) << 2)) < 0;
  if (isNegative) negateLimbs(left, length);
  return makeInteger(isNegative, naturalFromLimbs(left, length));
}

/** `length` limbs, least significant first. */
function twosComplement(integer: usize, length: i32): usize {
  const limbs = alloc(<usize>length << 2);
  const magnitude = magnitudeOf(integer);
  memory.fill(limbs, 0, <usize>length << 2);
  memory.copy(limbs, magnitude + 8, <usize>limbCount(magnitude) << 2);
  if (isMinus(integer)) negateLimbs(limbs, length);
  return limbs;
}

function negateLimbs(limbs: usize, length: i32): void {
  let carry: u64 = 1;
  for (let i = 0; i < length; i++) {
    const at = limbs + (<usize>i << 2);
    const inverted: u32 = ~load<u32>(at);
    carry += <u64>inverted;
    store<u32>(at, <u32>carry);
    carry >>= 32;
  }
}

/** The number has no fraction. */
export function isWholeNumber(value: usize): bool {
  if (isInt(value)) return true;
  readNumber(value);
  return signOf() == 0 || digitsOf() <= exponentOf();
}
