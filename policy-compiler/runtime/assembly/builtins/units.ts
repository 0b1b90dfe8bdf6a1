/** units.parse ("10Ki", "200m") and units.parse_bytes ("10KB", "1GiB"). */
import { bufferLength, bufferPtr, bufferString, newBuffer, putByte, putBytes, putString, putText } from "../buffer";
import { builtinError, builtinErrorText, burn } from "../failure";
import { heapPtr } from "../memory";
import { keep } from "../number/arithmetic";
import { digitsFrom, digitsOf, exponentOf, readNumber, signOf } from "../number/decimal-text";
import { PRECISION, isNegative, makeFloat, multiplyFloats, truncated } from "../number/float";
import { floatFromText } from "../number/float-text";
import { DIGITS_MAX, integerToNumber, makeInteger } from "../number/integer";
import { literalLength, tidyLiteral } from "../number/literal";
import {
  addNaturals, compareNaturals, decimalDigits, digitCount, divideNaturals, isZero, multiplyNaturals, naturalFromDigits,
  naturalOf, powerOf, remainder, shiftLeft,
} from "../number/natural";
import { makeDecimal } from "../number/number";
import { changeCase } from "../text/case";
import { STRING, makeView, stringLen, stringPtr } from "../value/value";
import { expectKind } from "./operands";
import { byteOf } from "../static-text";

/** Digits of an exponent. */
const EXPONENT_DIGITS_MAX: i32 = 6;
/** Places behind the point of a result that is not whole. */
const PLACES: i32 = 10;
/** 0.001 as a double: this · 2^-60. */
const MILLI: u64 = 1152921504606847;
const MILLI_BITS: i32 = 60;

const LETTERS = "kmgtpe";

let amountLength: i32 = 0;
let text: usize = 0;
let length: i32 = 0;

// @ts-ignore: decorator
@inline
function isDigitAt(i: i32): bool {
  return i < length && <u32>load<u8>(text + i) - 0x30 <= 9;
}

/** The text without quotation marks. */
function unquoted(value: usize): usize {
  const buffer = newBuffer(stringLen(value) + 8);
  burn(stringLen(value) >> 4);
  for (let i = 0; i < stringLen(value); i++) {
    const byte = load<u8>(stringPtr(value) + i);
    if (byte != 0x22) putByte(buffer, byte);
  }
  return bufferString(buffer);
}

function hasBlank(): bool {
  for (let i = 0; i < length; i++) if (load<u8>(text + i) == 0x20) return true;
  return false;
}

/** Finds where the unit begins; false where the exponent is too long. */
function splitAmount(): bool {
  for (let i = 0; i < length; i++) {
    const byte = load<u8>(text + i);
    const isExponent = (byte | 0x20) == 0x65;
    if (!isDigitAt(i) && byte != 0x2e && !isExponent && byte != 0x2b && byte != 0x2d) {
      amountLength = i;
      return true;
    }
    if (!isExponent) continue;
    const next = i + 1 < length ? load<u8>(text + i + 1) : 0;
    const isSign = next == 0x2b || next == 0x2d;
    if (!isDigitAt(i + 1) && !isSign) {
      amountLength = i;
      return true;
    }
    if (isSign) i++;
    let end = i + 1;
    while (isDigitAt(end)) end++;
    if (end - i - 1 > EXPONENT_DIGITS_MAX) return false;
  }
  amountLength = length;
  return true;
}

/** Position in LETTERS + 1 of a lower-case unit letter, or 0. */
function rankOf(letter: u32): i32 {
  for (let i = 0; i < LETTERS.length; i++) if (<u32>byteOf(LETTERS, i) == letter) return i + 1;
  return 0;
}

/** 1000^rank or 1024^rank. */
function scaleOf(rank: i32, isBinary: bool): u64 {
  let scale: u64 = 1;
  for (let i = 0; i < rank; i++) scale *= isBinary ? 1024 : 1000;
  return scale;
}

function unknownUnit(words: string, unit: usize): usize {
  putText(unit, " not recognized");
  return builtinErrorText(bufferPtr(unit), bufferLength(unit), words);
}

export function parseUnits(value: usize): usize {
  if (!expectKind("units.parse", 1, value, STRING)) return 0;
  const mark = heapPtr;
  const plain = unquoted(value);
  text = stringPtr(plain);
  length = stringLen(plain);
  if (hasBlank()) return builtinError("units.parse: units.parse: spaces not allowed in resource strings");
  if (!splitAmount()) return builtinError("units.parse: units.parse: exponent too large");
  if (amountLength == 0) return builtinError("units.parse: units.parse: no amount provided");
  // Only behind its first letter a unit may be in any case: m and M differ.
  const tail = changeCase(makeView(text + amountLength + 1, length > amountLength ? length - amountLength - 1 : 0), false);
  const tailLength = stringLen(tail);
  const isBinary = tailLength == 1 && load<u8>(stringPtr(tail)) == 0x69;
  let scale: u64 = 1;
  let isMilli = false;
  if (length > amountLength) {
    const letter = <u32>load<u8>(text + amountLength);
    const rank = letter < 0x80 ? rankOf(letter | 0x20) : 0;
    if (rank == 0 || (tailLength > 0 && !isBinary)) {
      const unit = newBuffer(tailLength + 24);
      putByte(unit, letter);
      putString(unit, tail);
      return unknownUnit("units.parse: units.parse: unit ", unit);
    }
    isMilli = letter == 0x6d && !isBinary;
    if (!isMilli) scale = scaleOf(rank, isBinary);
  }
  const literal = tidyLiteral(text, amountLength);
  if (literal == 0) return builtinError("units.parse: units.parse: could not parse amount to a number");
  const number = makeDecimal(literal, literalLength);
  readNumber(number);
  const power = exponentOf() - digitsOf();
  if (power > DIGITS_MAX || power < -DIGITS_MAX) return builtinError("number too big");
  return keep(mark, scaled(isMilli ? MILLI : scale, isMilli ? MILLI_BITS : 0, power));
}

/** The number read last times scale · 2^-bits, whole or with PLACES places, halves away from zero. */
function scaled(scale: u64, bits: i32, power: i32): usize {
  const negative = signOf() < 0;
  if (signOf() == 0) return integerToNumber(makeInteger(false, naturalOf(0)));
  let above = multiplyNaturals(naturalFromDigits(digitsFrom(), digitsOf()), naturalOf(scale));
  let below = shiftLeft(naturalOf(1), bits);
  if (power >= 0) above = multiplyNaturals(above, powerOf(10, power));
  else below = multiplyNaturals(below, powerOf(10, -power));
  const whole = divideNaturals(above, below);
  if (isZero(remainder)) return integerToNumber(makeInteger(negative, whole));
  let places = divideNaturals(multiplyNaturals(above, powerOf(10, PLACES)), below);
  if (compareNaturals(shiftLeft(remainder, 1), below) >= 0) places = addNaturals(places, naturalOf(1));
  const digits = decimalDigits(places);
  const count = digitCount;
  const result = newBuffer(count + 16);
  if (negative) putByte(result, 0x2d);
  if (count <= PLACES) putByte(result, 0x30);
  else putBytes(result, digits, count - PLACES);
  putByte(result, 0x2e);
  for (let i = count; i < PLACES; i++) putByte(result, 0x30);
  const shown = count < PLACES ? count : PLACES;
  putBytes(result, digits + <usize>(count - shown), shown);
  return makeDecimal(bufferPtr(result), bufferLength(result));
}

export function parseBytes(value: usize): usize {
  if (!expectKind("units.parse_bytes", 1, value, STRING)) return 0;
  const mark = heapPtr;
  const plain = unquoted(changeCase(value, false));
  text = stringPtr(plain);
  length = stringLen(plain);
  if (hasBlank()) return builtinError("units.parse_bytes: units.parse_bytes: spaces not allowed in resource strings");
  if (!splitAmount()) return builtinError("units.parse_bytes: units.parse_bytes: exponent too large");
  if (amountLength == 0) return builtinError("units.parse_bytes: units.parse_bytes: no byte amount provided");
  const scale = byteScale();
  if (scale == 0) {
    const unit = newBuffer(length + 24);
    putBytes(unit, text + amountLength, length - amountLength);
    return unknownUnit("units.parse_bytes: units.parse_bytes: byte unit ", unit);
  }
  const literal = tidyLiteral(text, amountLength);
  if (literal == 0) {
    return builtinError("units.parse_bytes: units.parse_bytes: could not parse byte amount to a number");
  }
  const number = makeDecimal(literal, literalLength);
  readNumber(number);
  if (exponentOf() > DIGITS_MAX || exponentOf() < -DIGITS_MAX) return builtinError("number too big");
  const float = floatFromText(literal, literalLength, PRECISION);
  const product = multiplyFloats(float, makeFloat(false, naturalOf(scale), 0, PRECISION), PRECISION);
  return keep(mark, integerToNumber(makeInteger(isNegative(product), truncated(product))));
}

/** Of the unit behind the amount, in lower case: none, `k`, `kb`, `ki`, `kib` and so on; 0 of others. */
function byteScale(): u64 {
  const left = length - amountLength;
  if (left == 0) return 1;
  const rank = rankOf(load<u8>(text + amountLength));
  if (rank == 0 || left > 3) return 0;
  const second = left > 1 ? load<u8>(text + amountLength + 1) : 0;
  const last = left > 2 ? load<u8>(text + amountLength + 2) : 0;
  if (left == 1 || (left == 2 && second == 0x62)) return scaleOf(rank, false);
  return second == 0x69 && (left == 2 || last == 0x62) ? scaleOf(rank, true) : 0;
}
