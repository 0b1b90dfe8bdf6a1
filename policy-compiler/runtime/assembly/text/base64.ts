/** Base 64 (RFC 4648) with the strictness of Go's encoding/base64: newlines are skipped, padding must be right. */
import { advance, newBuffer, putByte, reserve } from "../buffer";
import { burn } from "../failure";

const STANDARD = memory.data<u8>([0x2b, 0x2f]);
const URL = memory.data<u8>([0x2d, 0x5f]);

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
  if (byte - 0x41 < 26) return <i32>byte - 0x41;
  if (byte - 0x61 < 26) return <i32>byte - 0x61 + 26;
  if (byte - 0x30 < 10) return <i32>byte - 0x30 + 52;
  const last = isUrl ? URL : STANDARD;
  return byte == load<u8>(last) ? 62 : byte == load<u8>(last + 1) ? 63 : -1;
}

/** The byte at which decoding failed. */
export let badBase64At: i32 = 0;

/** Decodes into a new buffer, or gives 0 and sets badBase64At. */
export function decodeBase64(ptr: usize, length: i32, isUrl: bool, isPadded: bool = true): usize {
  const buffer = newBuffer(length);
  burn(length >> 4);
  let at = 0;
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

function bad(at: i32): usize {
  badBase64At = at;
  return 0;
}

function skipNewlines(ptr: usize, from: i32, length: i32): i32 {
  let at = from;
  while (at < length && (load<u8>(ptr + at) == 0x0a || load<u8>(ptr + at) == 0x0d)) at++;
  return at;
}
