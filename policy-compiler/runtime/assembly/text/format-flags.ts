/** Flags, width and precision of one verb of Go's fmt, and the padding that they ask for. */
import { bufferLength, bufferPtr, putByte, putBytes } from "../buffer";
import { burn } from "../failure";
import { pointWidth } from "../regex/utf8";

export const MINUS: u32 = 1;
export const PLUS: u32 = 2;
export const SHARP: u32 = 4;
export const SPACE: u32 = 8;
export const ZERO: u32 = 16;
/** `%#v` */
export const SHARP_V: u32 = 32;
/** `%+v`, which only *big.Int heeds */
export const PLUS_V: u32 = 64;

/** Where no width or precision is given. */
export const NONE: i32 = -1;

export let flags: u32 = 0;
export let width: i32 = NONE;
export let precision: i32 = NONE;

export function clearFlags(): void {
  flags = 0;
  width = NONE;
  precision = NONE;
}

export function addFlag(flag: u32): void {
  flags |= flag;
}

/** `%#v` and `%+v` mean something else than # and + with other verbs. */
export function turnFlagsForV(): void {
  const isSharp = has(SHARP);
  const isPlus = has(PLUS);
  flags &= ~(SHARP | PLUS);
  if (isSharp) flags |= SHARP_V;
  if (isPlus) flags |= PLUS_V;
}

export function setWidth(value: i32): void {
  width = value;
}

export function setPrecision(value: i32): void {
  precision = value;
}

// @ts-ignore: decorator
@inline
export function has(flag: u32): bool {
  return (flags & flag) != 0;
}

export function putRepeated(buffer: usize, byte: u32, count: i32): void {
  if (count > 0) burn(count >> 4);
  for (let i = 0; i < count; i++) putByte(buffer, byte);
}

/** Code points. */
export function shownWidth(ptr: usize, length: i32): i32 {
  const end = ptr + <usize>length;
  let count = 0;
  burn(length >> 4);
  for (let at = ptr; at < end; at += pointWidth(at, end)) count++;
  return count;
}

/** The piece, padded to the width. */
export function putPadded(buffer: usize, piece: usize, mayZero: bool): void {
  const missing = width - shownWidth(bufferPtr(piece), bufferLength(piece));
  if (!has(MINUS)) putRepeated(buffer, mayZero && has(ZERO) ? 0x30 : 0x20, missing);
  putBytes(buffer, bufferPtr(piece), bufferLength(piece));
  if (has(MINUS)) putRepeated(buffer, 0x20, missing);
}
