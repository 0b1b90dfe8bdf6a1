/**
 * Bytes of a request as strings of a policy, which are always UTF-8: valid bytes are a view;
 * a byte that belongs to no valid sequence becomes U+FFFD, as in Go's conversions.
 */
import { bufferString, newBuffer, putByte, putBytes, putCodePoint } from "../buffer";
import { burn } from "../failure";
import { makeView } from "../value/value";

const REPLACEMENT: u32 = 0xfffd;

export function textOf(ptr: usize, length: i32): usize {
  let i = 0;
  while (i + 8 <= length) {
    if ((load<u64>(ptr + i) & 0x8080808080808080) != 0) return decodeText(ptr, length);
    i += 8;
  }
  for (; i < length; i++) if (load<u8>(ptr + i) >= 0x80) return decodeText(ptr, length);
  return makeView(ptr, length);
}

function decodeText(ptr: usize, length: i32): usize {
  let i = 0;
  while (i < length) {
    const size = sequenceLength(ptr + i, length - i);
    if (size == 0) return replaceInvalid(ptr, length);
    i += size;
  }
  return makeView(ptr, length);
}

function replaceInvalid(ptr: usize, length: i32): usize {
  burn(length >> 3);
  const buffer = newBuffer(length + 8);
  let i = 0;
  while (i < length) {
    const size = sequenceLength(ptr + i, length - i);
    if (size == 0) {
      putCodePoint(buffer, REPLACEMENT);
      i++;
    } else {
      if (size == 1) putByte(buffer, load<u8>(ptr + i));
      else putBytes(buffer, ptr + i, size);
      i += size;
    }
  }
  return bufferString(buffer);
}

/** Bytes of the valid UTF-8 sequence (RFC 3629 §4) that begins here, or 0. */
export function sequenceLength(ptr: usize, left: i32): i32 {
  const first = <u32>load<u8>(ptr);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || left < 2) return 0;
  const second = <u32>load<u8>(ptr + 1);
  if (first < 0xe0) return isContinuation(second) ? 2 : 0;
  if (left < 3 || !isContinuation(load<u8>(ptr + 2))) return 0;
  if (first < 0xf0) {
    if (!isContinuation(second) || (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
    return 3;
  }
  if (left < 4 || !isContinuation(load<u8>(ptr + 3)) || !isContinuation(second)) return 0;
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return 4;
}

// @ts-ignore: decorator
@inline
function isContinuation(byte: u32): bool {
  return (byte & 0xc0) == 0x80;
}
