/** What works on values of any kind: references, lengths, merging, changing along a path. */
import { bufferString, newBuffer } from "../buffer";
import { burn } from "../failure";
import { writeNumber } from "../json/write";
import { textLength, textPtr } from "../number/decimal-text";
import { pointCount } from "../regex/utf8";
import { arrayGet, arrayLen } from "./array";
import { sortEntries } from "./compare";
import { entriesOf, entryCount } from "./entries";
import { findEntry } from "./equal";
import { copyObject, makeObject, objectGet, objectInsert, objectKeyAt, objectLen, objectValueAt } from "./object";
import { ARRAY, NUMBER, OBJECT, SET, STRING, UNDEFINED, intOf, isInt, kindOf, makeInt, stringLen, stringPtr } from "./value";

/** `value[key]`, or undefined (0). A set gives the key, as it is written there: `{1.0}[1]` is 1. */
export function valueGet(value: usize, key: usize): usize {
  if (value & 1 || value == 0) return UNDEFINED;
  const kind = load<u32>(value) & 0xff;
  if (kind == OBJECT) return objectGet(value, key);
  if (kind == ARRAY) {
    if (isInt(key)) return elementAt(value, intOf(key));
    return kindOf(key) == NUMBER ? elementAt(value, indexOfText(textPtr(key), textLength(key))) : UNDEFINED;
  }
  return kind == SET && findEntry(value, key) >= 0 ? key : UNDEFINED;
}

function elementAt(array: usize, i: i64): usize {
  return i >= 0 && i < <i64>arrayLen(array) ? arrayGet(array, <i32>i) : UNDEFINED;
}

const INDEX_DIGITS_MAX: i32 = 19;

/** The index that a text means: an optional sign, digits, and zeros behind a point (OPA's util.Atoi64); -1 for none. */
function indexOfText(ptr: usize, length: i32): i64 {
  let at = ptr;
  const end = ptr + <usize>length;
  const sign = length > 0 ? load<u8>(at) : 0;
  if (sign == 0x2b || sign == 0x2d) at++;
  if (at == end || <i32>(end - at) > INDEX_DIGITS_MAX) return -1;
  let n: i64 = 0;
  let isFraction = false;
  for (; at < end; at++) {
    const byte = <u32>load<u8>(at);
    if (byte == 0x2e && !isFraction) isFraction = true;
    else if (isFraction ? byte != 0x30 : byte - 0x30 > 9) return -1;
    else if (!isFraction) n = n * 10 + <i64>(byte - 0x30);
  }
  return sign == 0x2d ? -n : n;
}

/**
 * `value[key]` where the value is a base document. OPA reads those by paths of texts: a number
 * also finds the key of its text in an object, and a text of digits the element of an array.
 */
export function baseGet(value: usize, key: usize): usize {
  if (value & 1 || value == 0) return UNDEFINED;
  const kind = load<u32>(value) & 0xff;
  const isText = kindOf(key) == STRING;
  if (kind == ARRAY && isText) return elementAt(value, indexOfText(stringPtr(key), stringLen(key)));
  const own = valueGet(value, key);
  if (own != UNDEFINED || kind != OBJECT || kindOf(key) != NUMBER) return own;
  const buffer = newBuffer(24);
  writeNumber(buffer, key);
  return objectGet(value, bufferString(buffer));
}

/** Elements, entries, or code points of a string; -1 for other kinds. */
export function valueLength(value: usize): i32 {
  const kind = kindOf(value);
  if (kind == ARRAY) return arrayLen(value);
  if (kind == OBJECT || kind == SET) return entryCount(value);
  if (kind == STRING) {
    const length = stringLen(value);
    const ptr = stringPtr(value);
    burn(length >> 6);
    return pointCount(ptr, length);
  }
  return -1;
}

/** Makes the value ready to be walked by position; gives its length, 0 for scalars. */
export function scanLength(value: usize): i32 {
  if (value & 1 || value == 0) return 0;
  const kind = load<u32>(value) & 0xff;
  if (kind < ARRAY) return 0;
  if (kind != ARRAY) sortEntries(value);
  return load<i32>(value, 4);
}

/** Key of the i-th element of something that scanLength made ready. */
export function scanKey(value: usize, i: i32): usize {
  if ((load<u32>(value) & 0xff) == ARRAY) return makeInt(i);
  return <usize>load<u32>(entriesOf(value) + (<usize>i << 3));
}

// @ts-ignore: decorator
@inline
export function scanValue(value: usize, i: i32): usize {
  if ((load<u32>(value) & 0xff) == ARRAY) return arrayGet(value, i);
  return <usize>load<u32>(entriesOf(value) + (<usize>i << 3), 4);
}

/** Merges objects deeply; where both have something else under a key, `a` stands. */
export function merge(a: usize, b: usize): usize {
  if (a == UNDEFINED) return b;
  if (b == UNDEFINED) return a;
  if (kindOf(a) != OBJECT || kindOf(b) != OBJECT) return a;
  burn(objectLen(a) + objectLen(b));
  const merged = copyObject(a);
  const length = objectLen(b);
  for (let i = 0; i < length; i++) {
    const key = objectKeyAt(b, i);
    objectInsert(merged, key, merge(objectGet(a, key), objectValueAt(b, i)));
  }
  return merged;
}

/** `target` with `value` at the path (an array of keys); objects on the way are copied or made. */
export function upsert(target: usize, path: usize, value: usize): usize {
  return upsertFrom(target, path, 0, value);
}

function upsertFrom(target: usize, path: usize, at: i32, value: usize): usize {
  if (at == arrayLen(path)) return value;
  const copy = kindOf(target) == OBJECT ? copyObject(target) : makeObject();
  const key = arrayGet(path, at);
  objectInsert(copy, key, upsertFrom(objectGet(copy, key), path, at + 1, value));
  return copy;
}
