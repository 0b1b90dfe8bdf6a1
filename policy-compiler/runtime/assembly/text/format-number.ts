/** Numbers under Go's fmt verbs: int64, *big.Int and float64 are told apart, as OPA's sprintf does. */
import { bufferLength, bufferPtr, newBuffer, putByte, putBytes, putCodePoint, putText } from "../buffer";
import { int64, isPlainInteger, toDouble, toInt64 } from "../number/number";
import { textLength, textPtr } from "../number/decimal-text";
import { SHORTEST, doubleFromText, writeFloatAs } from "../number/float-text";
import { integerOf, integerOfInt, isMinus, magnitudeOf, makeInteger } from "../number/integer";
import { isZero, naturalOf } from "../number/natural";
import { writeRadix } from "../number/radix";
import { MINUS, NONE, PLUS, PLUS_V, SHARP, SPACE, ZERO, has, precision, putPadded, putRepeated, width } from "./format-flags";
import { writeBinaryFloat, writeHexFloat } from "./format-bits";
import { isPrintable, writeQuotedPoint } from "./rego-text";

export const INT64: i32 = 0;
export const BIG: i32 = 1;
export const FLOAT64: i32 = 2;
/** Too large for a double: OPA passes the text. */
export const TEXT: i32 = 3;

export function numberKind(value: usize): i32 {
  if (isPlainInteger(value)) return toInt64(value) ? INT64 : BIG;
  const double = toDouble(value);
  return double == Infinity || double == -Infinity ? TEXT : FLOAT64;
}

function baseOf(verb: u32): i32 {
  if (verb == 0x64 || verb == 0x76) return 10;
  if (verb == 0x62) return 2;
  if (verb == 0x6f || verb == 0x4f) return 8;
  return verb == 0x78 || verb == 0x58 ? 16 : 0;
}

function putUpper(buffer: usize, digits: usize): void {
  for (let i = 0; i < bufferLength(digits); i++) {
    const byte = <u32>load<u8>(bufferPtr(digits) + i);
    putByte(buffer, byte >= 0x61 ? byte - 32 : byte);
  }
}

/** False where the verb is none for integers. */
export function putInteger(buffer: usize, value: usize, kind: i32, verb: u32): bool {
  let base = baseOf(verb);
  if (kind == BIG && verb == 0x73) base = 10;
  if (base == 0) return kind == INT64 && putCharacter(buffer, value, verb);
  const integer = kind == BIG ? integerOf(value) : integerOfInt(toInt64(value) ? int64 : 0);
  const magnitude = makeInteger(false, magnitudeOf(integer));
  if (precision == 0 && isZero(magnitudeOf(integer))) {
    if (kind == INT64) putRepeated(buffer, 0x20, width);
    return true;
  }
  const digits = newBuffer(32);
  writeRadix(digits, magnitude, base);
  const isPlus = has(kind == BIG ? PLUS | PLUS_V : PLUS);
  const hasSign = isMinus(integer) || isPlus || has(SPACE);
  let zeros = precision - bufferLength(digits);
  const prefix = prefixLength(digits, base, verb, kind, zeros);
  if (precision == NONE) {
    // int64 counts a base's prefix not in, *big.Int does.
    zeros = has(ZERO) && !has(MINUS) && width != NONE ? width - (hasSign ? 1 : 0) - bufferLength(digits) : 0;
    if (kind == BIG) zeros -= prefix;
  }
  const piece = newBuffer(64);
  if (isMinus(integer)) putByte(piece, 0x2d);
  else if (hasSign) putByte(piece, isPlus ? 0x2b : 0x20);
  putPrefix(piece, digits, base, verb, kind, zeros);
  putRepeated(piece, 0x30, zeros);
  if (verb == 0x58) putUpper(piece, digits);
  else putBytes(piece, bufferPtr(digits), bufferLength(digits));
  putPadded(buffer, piece, false);
  return true;
}

function prefixLength(digits: usize, base: i32, verb: u32, kind: i32, zeros: i32): i32 {
  const prefix = newBuffer(8);
  putPrefix(prefix, digits, base, verb, kind, zeros);
  return bufferLength(prefix);
}

function putPrefix(piece: usize, digits: usize, base: i32, verb: u32, kind: i32, zeros: i32): void {
  if (verb == 0x4f) putText(piece, "0o");
  if (!has(SHARP)) return;
  if (base == 2) putText(piece, "0b");
  else if (base == 16) putText(piece, verb == 0x58 ? "0X" : "0x");
  else if (base == 8) {
    const isMissing = kind == BIG ? verb == 0x6f : zeros <= 0 && load<u8>(bufferPtr(digits)) != 0x30;
    if (isMissing) putByte(piece, 0x30);
  }
}

/** %c, %q and %U of an int64. */
function putCharacter(buffer: usize, value: usize, verb: u32): bool {
  toInt64(value);
  const point = <u64>int64 > 0x10ffff || (int64 >= 0xd800 && int64 < 0xe000) ? 0xfffd : <u32>int64;
  const piece = newBuffer(32);
  if (verb == 0x63) putCodePoint(piece, point);
  else if (verb == 0x71) {
    putByte(piece, 0x27);
    writeQuotedPoint(piece, point, 0x27, has(PLUS));
    putByte(piece, 0x27);
  } else if (verb == 0x55) {
    putText(piece, "U+");
    const digits = newBuffer(32);
    writeRadix(digits, makeInteger(false, naturalOf(<u64>int64)), 16);
    const wanted = precision > 4 ? precision : 4;
    putRepeated(piece, 0x30, wanted - bufferLength(digits));
    putUpper(piece, digits);
    if (has(SHARP) && <u64>int64 <= 0x10ffff && isPrintable(point)) {
      putText(piece, " '");
      putCodePoint(piece, point);
      putByte(piece, 0x27);
    }
  } else return false;
  putPadded(buffer, piece, verb != 0x55);
  return true;
}

/** False where the verb is none for floats. */
export function putFloat(buffer: usize, value: usize, verb: u32): bool {
  const isUpper = verb == 0x45 || verb == 0x47 || verb == 0x58;
  const kind = verb == 0x76 ? 0x67 : verb == 0x62 ? 0x62 : verb | 0x20;
  const isBits = kind == 0x78 || verb == 0x62;
  if (kind != 0x65 && kind != 0x66 && kind != 0x67 && !isBits) return false;
  let places = precision;
  if (places == NONE) places = kind == 0x67 || isBits ? SHORTEST : 6;
  const text = newBuffer(64);
  if (isBits) writeBits(text, toDouble(value), kind, precision == NONE ? -1 : precision);
  else writeFloatAs(text, doubleFromText(textPtr(value), textLength(value)), kind, places, true);
  const isNegative = load<u8>(bufferPtr(text)) == 0x2d;
  const from = bufferPtr(text) + (isNegative ? 1 : 0);
  const digits = newBuffer(64);
  putBytes(digits, from, bufferLength(text) - (isNegative ? 1 : 0));
  const countsDigits = kind == 0x67 || verb == 0x78;
  const shown = has(SHARP) && kind != 0x62 ? withPoint(digits, countsDigits, places, kind == 0x78) : digits;
  const piece = newBuffer(64);
  if (isNegative) putByte(piece, 0x2d);
  else if (has(PLUS)) putByte(piece, 0x2b);
  else if (has(SPACE)) putByte(piece, 0x20);
  const hasSign = bufferLength(piece) > 0;
  if (hasSign && has(ZERO) && !has(MINUS)) putRepeated(piece, 0x30, width - 1 - bufferLength(shown));
  if (isUpper) putUpper(piece, shown);
  else putBytes(piece, bufferPtr(shown), bufferLength(shown));
  putPadded(buffer, piece, true);
  return true;
}

function writeBits(buffer: usize, double: f64, kind: u32, places: i32): void {
  if (reinterpret<u64>(double) >>> 63) putByte(buffer, 0x2d);
  const magnitude = Math.abs(double);
  if (kind == 0x62) writeBinaryFloat(buffer, magnitude);
  else writeHexFloat(buffer, magnitude, places);
}

/** `#`: a point in any case, and for g and x the zeros that they would drop. */
function withPoint(digits: usize, countsDigits: bool, places: i32, isHex: bool): usize {
  const ptr = bufferPtr(digits);
  const length = bufferLength(digits);
  let tail = length;
  let hasPoint = false;
  let isCounting = false;
  let missing = countsDigits ? (places == SHORTEST ? 6 : places) : 0;
  for (let i = 0; i < length; i++) {
    const byte = load<u8>(ptr + i);
    if (byte == 0x2e) hasPoint = true;
    else if (byte == (isHex ? 0x70 : 0x65)) {
      tail = i;
      break;
    } else {
      if (byte != 0x30) isCounting = true;
      if (isCounting) missing--;
    }
  }
  const text = newBuffer(length + 8);
  putBytes(text, ptr, tail);
  if (!hasPoint) {
    if (tail == 1 && load<u8>(ptr) == 0x30) missing--;
    putByte(text, 0x2e);
  }
  putRepeated(text, 0x30, missing);
  putBytes(text, ptr + tail, length - tail);
  return text;
}
