/**
 * Bytes being written: a cell {ptr, length, capacity} that grows by doubling, and on the
 * spot where it lies at the heap's end. Room and copies take fuel by their size, whoever writes:
 * memory that is touched for the first time costs more than what is put there.
 */
import { burn } from "./failure";
import { alloc, heapPtr } from "./memory";
import { makeView, stringLen, stringPtr } from "./value/value";
import { byteOf } from "./static-text";

/** Bytes whose taking is in the weight of whatever takes them. */
const ROOM_FREE: i32 = 512;

export function newBuffer(capacity: i32 = 64): usize {
  if (capacity > ROOM_FREE) burn(capacity >> 7);
  const buffer = alloc(16);
  store<u32>(buffer, <u32>alloc(capacity));
  store<u32>(buffer, 0, 4);
  store<u32>(buffer, <u32>((capacity + 7) & ~7), 8);
  return buffer;
}

export function bufferLength(buffer: usize): i32 {
  return load<i32>(buffer, 4);
}

export function bufferPtr(buffer: usize): usize {
  return <usize>load<u32>(buffer);
}

/** Room for `bytes` more; gives the address to write at. */
export function reserve(buffer: usize, bytes: i32): usize {
  const length = load<i32>(buffer, 4);
  const capacity = load<i32>(buffer, 8);
  if (length + bytes > capacity) grow(buffer, length + bytes);
  return <usize>load<u32>(buffer) + <usize>length;
}

function grow(buffer: usize, wanted: i32): void {
  const capacity = load<i32>(buffer, 8);
  let next = capacity << 1;
  if (next < wanted) next = (wanted + 7) & ~7;
  if (next > ROOM_FREE) burn(next >> 7);
  const ptr = <usize>load<u32>(buffer);
  if (ptr + <usize>capacity == heapPtr) {
    alloc(<usize>(next - capacity));
  } else {
    const block = alloc(<usize>next);
    memory.copy(block, ptr, <usize>load<u32>(buffer, 4));
    store<u32>(buffer, <u32>block);
  }
  store<u32>(buffer, <u32>next, 8);
}

// @ts-ignore: decorator
@inline
export function advance(buffer: usize, bytes: i32): void {
  store<u32>(buffer, load<u32>(buffer, 4) + bytes, 4);
}

export function putByte(buffer: usize, byte: u32): void {
  store<u8>(reserve(buffer, 1), <u8>byte);
  advance(buffer, 1);
}

export function putBytes(buffer: usize, ptr: usize, length: i32): void {
  if (length > ROOM_FREE) burn(length >> 7);
  memory.copy(reserve(buffer, length), ptr, <usize>length);
  advance(buffer, length);
}

export function putString(buffer: usize, value: usize): void {
  putBytes(buffer, stringPtr(value), stringLen(value));
}

/** A static ASCII text. */
export function putText(buffer: usize, text: string): void {
  const length = text.length;
  const at = reserve(buffer, length);
  for (let i = 0; i < length; i++) store<u8>(at + i, byteOf(text, i));
  advance(buffer, length);
}

/** A decimal integer. */
export function putInt(buffer: usize, n: i64): void {
  let at = reserve(buffer, 20);
  let length = 0;
  let left = <u64>n;
  if (n < 0) {
    store<u8>(at++, 0x2d);
    length = 1;
    left = <u64>(-n);
  }
  let digits = 1;
  for (let rest = left / 10; rest != 0; rest /= 10) digits++;
  for (let i = digits - 1; i >= 0; i--) {
    store<u8>(at + i, <u8>(0x30 + <u32>(left % 10)));
    left /= 10;
  }
  advance(buffer, length + digits);
}

/** A code point as UTF-8. */
export function putCodePoint(buffer: usize, point: u32): void {
  const at = reserve(buffer, 4);
  if (point < 0x80) {
    store<u8>(at, <u8>point);
    advance(buffer, 1);
  } else if (point < 0x800) {
    store<u8>(at, <u8>(0xc0 | (point >> 6)));
    store<u8>(at + 1, <u8>(0x80 | (point & 0x3f)));
    advance(buffer, 2);
  } else if (point < 0x10000) {
    store<u8>(at, <u8>(0xe0 | (point >> 12)));
    store<u8>(at + 1, <u8>(0x80 | ((point >> 6) & 0x3f)));
    store<u8>(at + 2, <u8>(0x80 | (point & 0x3f)));
    advance(buffer, 3);
  } else {
    store<u8>(at, <u8>(0xf0 | (point >> 18)));
    store<u8>(at + 1, <u8>(0x80 | ((point >> 12) & 0x3f)));
    store<u8>(at + 2, <u8>(0x80 | ((point >> 6) & 0x3f)));
    store<u8>(at + 3, <u8>(0x80 | (point & 0x3f)));
    advance(buffer, 4);
  }
}

/** The bytes so far as a string; the buffer must not be written afterwards. */
export function bufferString(buffer: usize): usize {
  return makeView(bufferPtr(buffer), bufferLength(buffer));
}
