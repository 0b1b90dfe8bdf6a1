/**
 * Number literals that Go's parsers take and JSON has not, given in JSON's grammar as `tidyLiteral` gives its: `1_000`,
 * `0x1.8p3` as strconv.ParseFloat has them, and `0x1f`, `0o17`, `017`, `0b11` as strconv.ParseInt with base 0 has.
 */
import { bufferLength, bufferPtr, newBuffer, putByte, putBytes, putInt } from "../buffer";
import { burn } from "../failure";
import { alloc } from "../memory";
import { hexValue } from "../text/hex";
import { literalLength, setLiteralLength, tidyLiteral } from "./literal";
import {
  decimalDigits, digitCount, isZero, multiplyNaturals, naturalFromLimbs, powerOf, shiftLeft, shiftRight, trailingZeros,
} from "./natural";

/** Characters of such a literal: no float of 64 bits needs as many. */
const LENGTH_MAX: i32 = 4096;
/** Beyond these powers of two a literal of that length is out of range, or zero. */
const POWER_MAX: i32 = LENGTH_MAX;
const POWER_MIN: i32 = -5 * LENGTH_MAX;

/** What strconv.ParseFloat takes, but for infinities; 0 where it is none. */
export function floatLiteral(ptr: usize, length: i32): usize {
  const plain = tidyLiteral(ptr, length);
  if (plain != 0) return plain;
  if (!mayHaveUnderscores(ptr, length)) return 0;
  const text = withoutUnderscores(ptr, length);
  const sign = isSigned(text) ? 1 : 0;
  return isPrefixed(text + sign, strippedLength - sign, 0x78)
    ? hexFloat(text, strippedLength)
    : tidyLiteral(text, strippedLength);
}

/** What strconv.ParseInt takes with base 0; 0 where it is none. */
export function integerLiteral(ptr: usize, length: i32): usize {
  if (!mayHaveUnderscores(ptr, length)) return 0;
  const text = withoutUnderscores(ptr, length);
  const sign = isSigned(text) ? 1 : 0;
  let at = text + sign;
  let rest = strippedLength - sign;
  let bits = 0;
  if (isPrefixed(at, rest, 0x78)) bits = 4;
  else if (isPrefixed(at, rest, 0x6f)) bits = 3;
  else if (isPrefixed(at, rest, 0x62)) bits = 1;
  if (bits != 0) {
    at += 2;
    rest -= 2;
  } else if (rest > 1 && load<u8>(at) == 0x30) bits = 3;
  if (rest == 0) return 0;
  for (let i = 0; i < rest; i++) {
    const digit = hexValue(load<u8>(at + i));
    if (digit < 0 || digit >= (bits == 0 ? 10 : 1 << bits)) return 0;
  }
  const isZeroDigit = rest == 1 && load<u8>(at) == 0x30;
  if (bits == 0 && !isZeroDigit) return tidyLiteral(text, strippedLength);
  if (bits == 0) bits = 1;
  return writeScaled(load<u8>(text) == 0x2d, naturalFromBits(at, rest, bits), 0);
}

/** Underscores stand between digits, or behind a prefix, as Go has it; texts without any pass. */
function mayHaveUnderscores(ptr: usize, length: i32): bool {
  if (length == 0 || length > LENGTH_MAX) return false;
  burn(length >> 4);
  let at = isSigned(ptr) ? 1 : 0;
  let before = 0x21;
  let isHex = false;
  if (length - at >= 2 && load<u8>(ptr + at) == 0x30) {
    const letter = load<u8>(ptr + at + 1) | 0x20;
    if (letter == 0x62 || letter == 0x6f || letter == 0x78) {
      isHex = letter == 0x78;
      before = 0x30;
      at += 2;
    }
  }
  for (; at < length; at++) {
    const byte = load<u8>(ptr + at);
    if (byte - 0x30 < 10 || (isHex && (byte | 0x20) - 0x61 < 6)) before = 0x30;
    else if (byte == 0x5f) {
      if (before != 0x30) return false;
      before = 0x5f;
    } else if (before == 0x5f) return false;
    else before = 0x21;
  }
  return before != 0x5f;
}

/** Of what `withoutUnderscores` gave. */
let strippedLength: i32 = 0;

function withoutUnderscores(ptr: usize, length: i32): usize {
  const target = alloc(<usize>length + 1);
  strippedLength = 0;
  for (let i = 0; i < length; i++) {
    const byte = load<u8>(ptr + i);
    if (byte != 0x5f) store<u8>(target + strippedLength++, byte);
  }
  return target;
}

function isSigned(ptr: usize): bool {
  return load<u8>(ptr) == 0x2b || load<u8>(ptr) == 0x2d;
}

function isPrefixed(ptr: usize, length: i32, letter: u32): bool {
  return length >= 2 && load<u8>(ptr) == 0x30 && (load<u8>(ptr + 1) | 0x20) == letter;
}

/** `0x1.8p3`: the power of two must be there. */
function hexFloat(text: usize, length: i32): usize {
  const end = text + <usize>length;
  let at = text + (isSigned(text) ? 3 : 2);
  const digits = alloc(<usize>length);
  let count = 0;
  let power = 0;
  let isFraction = false;
  for (; at < end && (load<u8>(at) | 0x20) != 0x70; at++) {
    const digit = hexValue(load<u8>(at));
    if (load<u8>(at) == 0x2e && !isFraction) isFraction = true;
    else if (digit < 0) return 0;
    else {
      store<u8>(digits + count++, load<u8>(at));
      if (isFraction) power -= 4;
    }
  }
  if (count == 0 || ++at >= end) return 0;
  const isMinus = load<u8>(at) == 0x2d;
  if (isSigned(at)) at++;
  if (at == end) return 0;
  let written = 0;
  for (; at < end; at++) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit > 9) return 0;
    if (written <= 10 * LENGTH_MAX) written = written * 10 + <i32>digit;
  }
  return writeScaled(load<u8>(text) == 0x2d, naturalFromBits(digits, count, 4), power + (isMinus ? -written : written));
}

/** Digits of one, three or four bits. */
function naturalFromBits(digits: usize, count: i32, bits: i32): usize {
  const limbs = ((count * bits) >> 5) + 2;
  const target = alloc(<usize>limbs << 2);
  memory.fill(target, 0, <usize>limbs << 2);
  for (let i = 0; i < count; i++) {
    const place = (count - 1 - i) * bits;
    const at = target + (<usize>(place >> 5) << 2);
    store<u64>(at, load<u64>(at) | (<u64>hexValue(load<u8>(digits + i)) << (place & 31)));
  }
  return naturalFromLimbs(target, limbs);
}

/** natural * 2 ^ power, exactly; beyond any float of 64 bits it is written as what is out of range, or as zero. */
function writeScaled(isMinus: bool, natural: usize, power: i32): usize {
  const text = newBuffer(64);
  if (isMinus && !isZero(natural)) putByte(text, 0x2d);
  if (isZero(natural) || power < POWER_MIN) putByte(text, 0x30);
  else if (power > POWER_MAX) putBytes(text, beyond, 5);
  else {
    const cut = power < 0 ? min(trailingZeros(natural), -power) : 0;
    const odd = shiftRight(natural, cut);
    const left = power + cut;
    const scaled = left < 0 ? multiplyNaturals(odd, powerOf(5, -left)) : shiftLeft(odd, left);
    const digits = decimalDigits(scaled);
    putBytes(text, digits, digitCount);
    if (left < 0) {
      putByte(text, 0x65);
      putInt(text, left);
    }
  }
  setLiteralLength(bufferLength(text));
  return bufferPtr(text);
}

/** 1e999 */
const beyond = memory.data<u8>([0x31, 0x65, 0x39, 0x39, 0x39]);
