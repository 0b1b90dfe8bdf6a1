/**
 * A Rego value: an i32 (`usize`).
 *
 *   0      undefined
 *   odd    a small integer n in [-2^30, 2^30), as (n << 1) | 1
 *   even   the address of a cell (a multiple of 8)
 *
 * Every cell begins with u32 `kind | flags << 8`; the kinds are numbered in Rego's order.
 *
 *   null     {head}
 *   boolean  {head, value u32}
 *   number   {head (flag DECIMAL or not), –, i64}                  an integer of 64 bits, or
 *            {head | DECIMAL, text length u32, text ptr u32, …}    any other: see number/
 *   string   {head, length u32 (bytes), hash u32 (0: not known), ptr u32, bytes…}   UTF-8; ptr may point elsewhere (a view)
 *   array    {head, length u32, capacity u32, elements ptr u32}              elements: values
 *   object   {head, length u32, capacity u32, entries ptr u32, index ptr u32, index mask u32}   entries: key, value
 *   set      the same, entries: the member twice
 *
 * An integer that fits is always in its shortest form, so equal integers are equal cells
 * or equal words. Objects and sets keep the order of insertion until someone needs Rego's
 * order (`sortEntries`); SORTED says that it holds. What lies below the heap's mark is sealed:
 * sorted, hashed, indexed, and never written again.
 */
import {
  KIND_ARRAY, KIND_BOOLEAN, KIND_NULL, KIND_NUMBER, KIND_OBJECT, KIND_SET, KIND_STRING, STRING_FLAG_ATOM,
  STRING_FLAG_CHECKED,
} from "../layout";
import { alloc, isBelowMark } from "../memory";
import { byteOf } from "../static-text";

export const UNDEFINED: usize = 0;

export const NULL: u32 = KIND_NULL;
export const BOOLEAN: u32 = KIND_BOOLEAN;
export const NUMBER: u32 = KIND_NUMBER;
export const STRING: u32 = KIND_STRING;
export const ARRAY: u32 = KIND_ARRAY;
export const OBJECT: u32 = KIND_OBJECT;
export const SET: u32 = KIND_SET;

/** Entries stand in Rego's order. */
export const SORTED: u32 = 1 << 8;
/** A number that is not an integer of 64 bits. */
export const DECIMAL: u32 = 1 << 9;
/** A string that is one of the policy's constants: unequal to every other such string. */
export const ATOM: u32 = STRING_FLAG_ATOM;
/** A string that was looked up among the constants and is none: unequal to all of them. */
export const CHECKED: u32 = STRING_FLAG_CHECKED;
/**
 * Every string among the keys (of an array: the elements) is ATOM or CHECKED, of an array ATOM, so that a
 * constant is found by its address.
 */
export const KEYED: u32 = 1 << 12;

/** A sealed collection whose capacity, which nothing asks for any more, is the address of its indexes (data-index/find.ts). */
export const INDEXED: u32 = 1 << 13;

const nullCell = memory.data<u32>([KIND_NULL, 0], 8);
const falseCell = memory.data<u32>([KIND_BOOLEAN, 0], 8);
const trueCell = memory.data<u32>([KIND_BOOLEAN, 1], 8);

export const NULL_VALUE: usize = nullCell;
export const FALSE_VALUE: usize = falseCell;
export const TRUE_VALUE: usize = trueCell;

/** NULL … SET; 0 for undefined. */
// @ts-ignore: decorator
@inline
export function kindOf(value: usize): u32 {
  if (value & 1) return NUMBER;
  if (value == 0) return 0;
  return load<u32>(value) & 0xff;
}

// @ts-ignore: decorator
@inline
export function makeBoolean(truth: bool): usize {
  return truth ? TRUE_VALUE : FALSE_VALUE;
}

// @ts-ignore: decorator
@inline
export function isTrue(value: usize): bool {
  return value == TRUE_VALUE;
}

/** Booleans are made nowhere else, so false is one address. */
// @ts-ignore: decorator
@inline
export function isFalse(value: usize): bool {
  return value == FALSE_VALUE;
}

// ── integers of 64 bits ──

export function makeInt(n: i64): usize {
  if (n >= -0x40000000 && n < 0x40000000) return (<usize>(<i32>n << 1)) | 1;
  const cell = alloc(16);
  store<u32>(cell, NUMBER);
  store<u32>(cell, 0, 4);
  store<i64>(cell, n, 8);
  return cell;
}

// @ts-ignore: decorator
@inline
export function makeSmallInt(n: i32): usize {
  return <usize>((n << 1) | 1);
}

/** The value is an integer of 64 bits. */
// @ts-ignore: decorator
@inline
export function isInt(value: usize): bool {
  return (value & 1) != 0 || (value != 0 && (load<u32>(value) & 0xffff) == NUMBER && (load<u32>(value) & DECIMAL) == 0);
}

// @ts-ignore: decorator
@inline
export function intOf(value: usize): i64 {
  if (value & 1) return <i64>(<i32>value >> 1);
  return load<i64>(value, 8);
}

// ── strings ──

/** A string that is a view on bytes which outlive it. */
export function makeView(ptr: usize, length: i32): usize {
  const cell = alloc(16);
  store<u32>(cell, STRING);
  store<u32>(cell, <u32>length, 4);
  store<u32>(cell, 0, 8);
  store<u32>(cell, <u32>ptr, 12);
  return cell;
}

/** A string of `length` bytes to be written at `stringPtr` before anyone reads it. */
export function newString(length: i32): usize {
  const cell = alloc(16 + <usize>length);
  store<u32>(cell, STRING);
  store<u32>(cell, <u32>length, 4);
  store<u32>(cell, 0, 8);
  store<u32>(cell, <u32>(cell + 16), 12);
  return cell;
}

/** A string with a copy of the bytes. */
export function makeString(ptr: usize, length: i32): usize {
  const cell = newString(length);
  memory.copy(cell + 16, ptr, <usize>length);
  return cell;
}

/** A string of a static ASCII text. */
export function makeText(text: string): usize {
  const length = text.length;
  const cell = newString(length);
  for (let i = 0; i < length; i++) store<u8>(cell + 16 + i, byteOf(text, i));
  return cell;
}

// @ts-ignore: decorator
@inline
export function stringLen(value: usize): i32 {
  return load<i32>(value, 4);
}

// @ts-ignore: decorator
@inline
export function stringPtr(value: usize): usize {
  return <usize>load<u32>(value, 12);
}

export function isString(value: usize): bool {
  return kindOf(value) == STRING;
}

/** The string's bytes are those of a static ASCII text. */
export function isText(value: usize, text: string): bool {
  const length = text.length;
  if (kindOf(value) != STRING || stringLen(value) != length) return false;
  const ptr = stringPtr(value);
  for (let i = 0; i < length; i++) if (load<u8>(ptr + i) != byteOf(text, i)) return false;
  return true;
}

// ── flags ──

// @ts-ignore: decorator
@inline
export function hasFlag(value: usize, flag: u32): bool {
  return (load<u32>(value) & flag) != 0;
}

// @ts-ignore: decorator
@inline
export function setFlag(value: usize, flag: u32): void {
  store<u32>(value, load<u32>(value) | flag);
}

// @ts-ignore: decorator
@inline
export function clearFlag(value: usize, flag: u32): void {
  store<u32>(value, load<u32>(value) & ~flag);
}

/** Constants and data: must not be written. */
export function isSealed(value: usize): bool {
  return (value & 1) != 0 || isBelowMark(value);
}
