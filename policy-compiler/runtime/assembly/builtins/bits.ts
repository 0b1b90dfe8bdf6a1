/** bits.and, .or, .xor, .negate, .lsh, .rsh: integers of any size, in two's complement. */
import { builtinError } from "../failure";
import {
  AND, OR, XOR, addIntegers, combineBits, integerOf, integerOfInt, integerToNumber, isMinus, magnitudeOf, makeInteger,
} from "../number/integer";
import { keep } from "../number/arithmetic";
import { LIMBS_MAX, bitLength, isZero, lowBits, shiftLeft, shiftRight } from "../number/natural";
import { int64, toInt64 } from "../number/number";
import { heapPtr } from "../memory";
import { compare } from "../value/compare";
import { makeInt, makeSmallInt } from "../value/value";
import { expectWhole } from "./numbers";
import { operandFault } from "./operands";

function combine(name: string, a: usize, b: usize, operation: i32): usize {
  if (!expectWhole(name, 1, a) || !expectWhole(name, 2, b)) return 0;
  if (toInt64(a)) {
    const x = int64;
    if (toInt64(b)) return makeInt(operation == AND ? x & int64 : operation == OR ? x | int64 : x ^ int64);
  }
  const mark = heapPtr;
  const x = integerOf(a);
  const y = integerOf(b);
  if (x == 0 || y == 0) return builtinError("number too big");
  return keep(mark, integerToNumber(combineBits(x, y, operation)));
}

export function bitsAnd(a: usize, b: usize): usize {
  return combine("bits.and", a, b, AND);
}

export function bitsOr(a: usize, b: usize): usize {
  return combine("bits.or", a, b, OR);
}

export function bitsXor(a: usize, b: usize): usize {
  return combine("bits.xor", a, b, XOR);
}

export function bitsNegate(a: usize): usize {
  if (!expectWhole("bits.negate", 1, a)) return 0;
  if (toInt64(a)) return makeInt(~int64);
  const mark = heapPtr;
  const x = integerOf(a);
  if (x == 0) return builtinError("number too big");
  const opposite = makeInteger(!isMinus(x), magnitudeOf(x));
  return keep(mark, integerToNumber(addIntegers(opposite, integerOfInt(1), true)));
}

export function bitsShiftLeft(a: usize, bits: usize): usize {
  return shift("bits.lsh", a, bits, true);
}

export function bitsShiftRight(a: usize, bits: usize): usize {
  return shift("bits.rsh", a, bits, false);
}

function shift(name: string, a: usize, bits: usize, isLeft: bool): usize {
  if (!expectWhole(name, 1, a) || !expectWhole(name, 2, bits)) return 0;
  if (compare(bits, makeSmallInt(0)) < 0) {
    return operandFault(name, 2, "must be an unsigned integer number but got a negative integer");
  }
  const mark = heapPtr;
  const x = integerOf(a);
  if (x == 0) return builtinError("number too big");
  if (isZero(magnitudeOf(x))) return makeSmallInt(0);
  const by = integerOf(bits);
  const distance = by != 0 && bitLength(magnitudeOf(by)) < 32 ? <i64>lowBits(magnitudeOf(by)) : i64.MAX_VALUE;
  if (isLeft) {
    if (distance > <i64>(LIMBS_MAX << 5) - <i64>bitLength(magnitudeOf(x))) return builtinError("number too big");
    return keep(mark, integerToNumber(makeInteger(isMinus(x), shiftLeft(magnitudeOf(x), <i32>distance))));
  }
  if (distance >= <i64>bitLength(magnitudeOf(x))) return makeSmallInt(isMinus(x) ? -1 : 0);
  return keep(mark, integerToNumber(shiftedDown(x, <i32>distance)));
}

/** Rounds towards minus infinity. */
function shiftedDown(x: usize, distance: i32): usize {
  if (!isMinus(x)) return makeInteger(false, shiftRight(magnitudeOf(x), distance));
  const one = integerOfInt(1);
  const less = addIntegers(makeInteger(false, magnitudeOf(x)), one, true);
  const quotient = makeInteger(false, shiftRight(magnitudeOf(less), distance));
  const more = addIntegers(quotient, one, false);
  return makeInteger(true, magnitudeOf(more));
}
