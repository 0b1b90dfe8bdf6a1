/** array.concat, array.flatten, array.reverse, array.slice. */
import { burn } from "../failure";
import { int64, toInt64 } from "../number/number";
import { arrayGet, arrayLen, arrayPush, makeArray } from "../value/array";
import { ARRAY, kindOf } from "../value/value";
import { expectInt, expectKind } from "./operands";

function append(target: usize, array: usize, from: i32, to: i32): void {
  burn((to - from) >> 2);
  for (let i = from; i < to; i++) arrayPush(target, arrayGet(array, i));
}

export function concatArrays(a: usize, b: usize): usize {
  if (!expectKind("array.concat", 1, a, ARRAY) || !expectKind("array.concat", 2, b, ARRAY)) return 0;
  if (arrayLen(a) == 0) return b;
  if (arrayLen(b) == 0) return a;
  const joined = makeArray(arrayLen(a) + arrayLen(b));
  append(joined, a, 0, arrayLen(a));
  append(joined, b, 0, arrayLen(b));
  return joined;
}

/** One level. */
export function flatten(array: usize): usize {
  if (!expectKind("array.flatten", 1, array, ARRAY)) return 0;
  const length = arrayLen(array);
  const flat = makeArray(length);
  burn(length >> 2);
  for (let i = 0; i < length; i++) {
    const element = arrayGet(array, i);
    if (kindOf(element) == ARRAY) append(flat, element, 0, arrayLen(element));
    else arrayPush(flat, element);
  }
  return flat;
}

export function reverseArray(array: usize): usize {
  if (!expectKind("array.reverse", 1, array, ARRAY)) return 0;
  const length = arrayLen(array);
  const reversed = makeArray(length);
  burn(length >> 2);
  for (let i = length - 1; i >= 0; i--) arrayPush(reversed, arrayGet(array, i));
  return reversed;
}

/** Out of range is cut to the range. */
export function slice(array: usize, start: usize, stop: usize): usize {
  if (!expectKind("array.slice", 1, array, ARRAY)) return 0;
  if (!expectInt("array.slice", 2, start) || !expectInt("array.slice", 3, stop)) return 0;
  const length = <i64>arrayLen(array);
  toInt64(stop);
  const to = int64 < 0 ? 0 : int64 > length ? length : int64;
  toInt64(start);
  const from = int64 < 0 ? 0 : int64 > to ? to : int64;
  if (from == 0 && to == length) return array;
  const part = makeArray(<i32>(to - from));
  append(part, array, <i32>from, <i32>to);
  return part;
}
