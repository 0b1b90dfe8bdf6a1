/** Base 64 (RFC 4648) with the strictness of Go's encoding/base64: newlines are skipped, padding must be right. */
import { advance, newBuffer, putByte, reserve } from "../buffer";
import { burn } from "../failure";

const STANDARD = memory.data<u8>([0x2b, 0x2f]);
const URL = memory.data<u8>([0x2d, 0x5f]);

/** Values of digits; 255 for what is none. */
const STANDARD_VALUES = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 62, 255, 255,
  255, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 255, 255, 255, 255, 255, 255, 255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 255, 255, 255, 255, 255, 255, 26, 27, 28, 29, 30,
  31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 255, 255, 255, 255, 255,
]);
const URL_VALUES = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 62,
  255, 255, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 255, 255, 255, 255, 255, 255, 255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 255, 255, 255, 255, 63, 255, 26, 27, 28, 29, 30,
  31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 255, 255, 255, 255, 255,
]);

function digitOf(n: u32, last: usize): u8 {
  if (n < 26) return <u8>(0x41 + n);
  if (n < 52) return <u8>(0x61 + n - 26);
  return n < 62 ? <u8>(0x30 + n - 52) : load<u8>(last + <usize>(n - 62));
}

export function encodeBase64(buffer: usize, ptr: usize, length: i32, isUrl: bool, isPadded: bool): void {
  const last = isUrl ? URL : STANDARD;
  burn(length >> 4);
  let to = reserve(buffer, ((length + 2) / 3) << 2);
  const from = to;
  for (let i = 0; i < length; i += 3) {
    const left = length - i;
    let bits = <u32>load<u8>(ptr + i) << 16;
    if (left > 1) bits |= <u32>load<u8>(ptr + i + 1) << 8;
    if (left > 2) bits |= load<u8>(ptr + i + 2);
    store<u8>(to++, digitOf(bits >> 18, last));
    store<u8>(to++, digitOf((bits >> 12) & 63, last));
    if (left > 1) store<u8>(to++, digitOf((bits >> 6) & 63, last));
    else if (isPadded) store<u8>(to++, 0x3d);
    if (left > 2) store<u8>(to++, digitOf(bits & 63, last));
    else if (isPadded) store<u8>(to++, 0x3d);
  }
  advance(buffer, <i32>(to - from));
}

function valueOfDigit(byte: u32, isUrl: bool): i32 {
  const value = <i32>load<u8>((isUrl ? URL_VALUES : STANDARD_VALUES) + (byte & 0x7f));
  return byte < 0x80 && value < 64 ? value : -1;
}

/** The bits of four digits, or more than 24 bits where one is none. */
// @ts-ignore: decorator
@inline
function bitsOf(ptr: usize, values: usize): u32 {
  const digits = load<u32>(ptr);
  if (digits & 0x80808080) return 0xffffffff;
  const a = <u32>load<u8>(values + (digits & 0x7f));
  const b = <u32>load<u8>(values + ((digits >> 8) & 0x7f));
  const c = <u32>load<u8>(values + ((digits >> 16) & 0x7f));
  const d = <u32>load<u8>(values + (digits >> 24));
  return (a | b | c | d) >= 64 ? 0xffffffff : (a << 18) | (b << 12) | (c << 6) | d;
}

/** Decodes all of four digits that begin the text, with room in the buffer; gives how many bytes of text these are. */
function decodeFours(buffer: usize, ptr: usize, length: i32, values: usize): i32 {
  const from = reserve(buffer, length);
  let to = from;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    const bits = bitsOf(ptr + at, values);
    if (bits == 0xffffffff) break;
    store<u8>(to, <u8>(bits >> 16));
    store<u8>(to + 1, <u8>(bits >> 8));
    store<u8>(to + 2, <u8>bits);
    to += 3;
  }
  advance(buffer, <i32>(to - from));
  return at;
}

/** The byte at which decoding failed. */
export let badBase64At: i32 = 0;

/** Decodes into a new buffer, or gives 0 and sets badBase64At. */
export function decodeBase64(ptr: usize, length: i32, isUrl: bool, isPadded: bool = true): usize {
  const buffer = newBuffer(length);
  burn(length >> 4);
  let at = decodeFours(buffer, ptr, length, isUrl ? URL_VALUES : STANDARD_VALUES);
  let hasEnded = false;
  while (!hasEnded) {
    let bits: u32 = 0;
    let count = 0;
    while (count < 4) {
      if (at == length) {
        if (count == 1 || (count > 0 && isPadded)) return bad(at - count);
        hasEnded = true;
        break;
      }
      const byte = <u32>load<u8>(ptr + at++);
      if (byte == 0x0a || byte == 0x0d) continue;
      const digit = valueOfDigit(byte, isUrl);
      if (digit >= 0) {
        bits = (bits << 6) | <u32>digit;
        count++;
        continue;
      }
      if (byte != 0x3d || count < 2 || !isPadded) return bad(at - 1);
      if (count == 2) {
        at = skipNewlines(ptr, at, length);
        if (at == length) return bad(length);
        if (load<u8>(ptr + at) != 0x3d) return bad(at - 1);
        at++;
      }
      at = skipNewlines(ptr, at, length);
      if (at < length) return bad(at);
      hasEnded = true;
      break;
    }
    bits <<= <u32>(6 * (4 - count));
    for (let i = 1; i < count; i++) putByte(buffer, (bits >> <u32>(24 - (i << 3))) & 0xff);
  }
  return buffer;
}

/** Decodes what has digits alone, and no padding; 0 where it has others, or cannot be whole. */
export function decodeDigits(ptr: usize, length: i32, isUrl: bool): usize {
  const values = isUrl ? URL_VALUES : STANDARD_VALUES;
  const buffer = newBuffer(length);
  burn(length >> 4);
  const at = decodeFours(buffer, ptr, length, values);
  const left = length - at;
  if (left == 0) return buffer;
  if (left == 1 || left > 3) return 0;
  const a = valueOfDigit(load<u8>(ptr + at), isUrl);
  const b = valueOfDigit(load<u8>(ptr + at + 1), isUrl);
  const c = left == 3 ? valueOfDigit(load<u8>(ptr + at + 2), isUrl) : 0;
  if ((a | b | c) < 0) return 0;
  putByte(buffer, <u32>((a << 2) | (b >> 4)));
  if (left == 3) putByte(buffer, <u32>(((b << 4) | (c >> 2)) & 0xff));
  return buffer;
}

function bad(at: i32): usize {
  badBase64At = at;
  return 0;
}

function skipNewlines(ptr: usize, from: i32, length: i32): i32 {
  let at = from;
  while (at < length && (load<u8>(ptr + at) == 0x0a || load<u8>(ptr + at) == 0x0d)) at++;
  return at;
}
