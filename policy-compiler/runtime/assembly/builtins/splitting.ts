/** split, strings.split_n, replace, strings.replace_n. */
import { bufferString, newBuffer, putBytes, putString } from "../buffer";
import { burn } from "../failure";
import { alloc } from "../memory";
import { int64, toInt64 } from "../number/number";
import { pointWidth } from "../regex/utf8";
import { indexOfBytes } from "../text/find";
import { arrayGet, arrayLen, arrayPush, makeArray } from "../value/array";
import { equalBytes } from "../value/bytes";
import { sortEntries } from "../value/compare";
import { objectKeyAt, objectLen, objectValueAt } from "../value/object";
import { OBJECT, STRING, kindOf, makeView, stringLen, stringPtr } from "../value/value";
import { expectInt, expectKind, operandFault } from "./operands";
import { expectStrings } from "./strings";

/** At most `most` parts (the last one has the rest); by nothing into code points. */
function parts(text: usize, separator: usize, most: i64): usize {
  const found = makeArray(4);
  let at = stringPtr(text);
  const end = at + <usize>stringLen(text);
  const width = stringLen(separator);
  if (width == 0) {
    while (at < end && <i64>arrayLen(found) + 1 < most) {
      burn(1);
      const point = pointWidth(at, end);
      arrayPush(found, makeView(at, point));
      at += point;
    }
    if (at < end) arrayPush(found, makeView(at, <i32>(end - at)));
    return found;
  }
  while (<i64>arrayLen(found) + 1 < most) {
    const next = indexOfBytes(at, <i32>(end - at), 0, stringPtr(separator), width);
    if (next < 0) break;
    burn(1);
    arrayPush(found, makeView(at, next));
    at += <usize>(next + width);
  }
  arrayPush(found, makeView(at, <i32>(end - at)));
  return found;
}

export function split(text: usize, separator: usize): usize {
  return expectStrings("split", text, separator) ? parts(text, separator, i64.MAX_VALUE) : 0;
}

/** The first `count` parts; of a negative count the last. */
export function splitN(text: usize, separator: usize, count: usize): usize {
  if (!expectStrings("strings.split_n", text, separator) || !expectInt("strings.split_n", 3, count)) return 0;
  toInt64(count);
  const wanted = int64;
  const most = wanted >= 0 && wanted < i64.MAX_VALUE ? wanted + 1 : i64.MAX_VALUE;
  const all = parts(text, separator, most);
  const length = <i64>arrayLen(all);
  const from = wanted < 0 && length + wanted > 0 ? length + wanted : 0;
  const to = wanted >= 0 && wanted < length ? wanted : length;
  const some = makeArray(<i32>(to - from));
  for (let i = from; i < to; i++) arrayPush(some, arrayGet(all, <i32>i));
  return some;
}

export function replace(text: usize, old: usize, replacement: usize): usize {
  if (!expectStrings("replace", text, old) || !expectKind("replace", 3, replacement, STRING)) return 0;
  const pair = alloc(8);
  store<u32>(pair, <u32>old);
  store<u32>(pair, <u32>replacement, 4);
  return replaced(text, pair, 1);
}

export function replaceN(patterns: usize, text: usize): usize {
  if (!expectKind("strings.replace_n", 1, patterns, OBJECT)) return 0;
  if (!expectKind("strings.replace_n", 2, text, STRING)) return 0;
  sortEntries(patterns);
  const length = objectLen(patterns);
  const pairs = alloc(<usize>length << 3);
  for (let i = 0; i < length; i++) {
    const key = objectKeyAt(patterns, i);
    const value = objectValueAt(patterns, i);
    if (kindOf(key) != STRING) return operandFault("strings.replace_n", 1, "non-string key found in pattern object");
    if (kindOf(value) != STRING) {
      return operandFault("strings.replace_n", 1, "non-string value found in pattern object");
    }
    store<u32>(pairs + (<usize>i << 3), <u32>key);
    store<u32>(pairs + (<usize>i << 3), <u32>value, 4);
  }
  return replaced(text, pairs, length);
}

/** First bytes of patterns: 256 bits. */
const firstBytes = memory.data(32);

/**
 * Go's strings.Replacer: at each byte the first pattern that matches, then on behind it;
 * an empty pattern matches everywhere but not twice at one place.
 */
function replaced(text: usize, pairs: usize, count: i32): usize {
  memory.fill(firstBytes, 0, 32);
  let hasEmpty = false;
  for (let j = 0; j < count; j++) {
    const old = <usize>load<u32>(pairs + (<usize>j << 3));
    if (stringLen(old) == 0) hasEmpty = true;
    else {
      const byte = <usize>load<u8>(stringPtr(old));
      store<u8>(firstBytes + (byte >> 3), load<u8>(firstBytes + (byte >> 3)) | (1 << (<u8>byte & 7)));
    }
  }
  const ptr = stringPtr(text);
  const length = stringLen(text);
  const target = newBuffer(length + 16);
  let last = 0;
  let wasEmpty = false;
  burn(length >> 5);
  for (let i = 0; i <= length; ) {
    const byte = i < length ? <usize>load<u8>(ptr + i) : 0;
    const mayBegin = i < length && (load<u8>(firstBytes + (byte >> 3)) & (1 << (<u8>byte & 7))) != 0;
    if (!mayBegin && !hasEmpty) {
      i++;
      continue;
    }
    const match = matchAt(ptr + i, length - i, pairs, count, wasEmpty);
    if (match < 0) {
      wasEmpty = false;
      i++;
      continue;
    }
    const pair = pairs + (<usize>match << 3);
    putBytes(target, ptr + last, i - last);
    putString(target, <usize>load<u32>(pair, 4));
    const width = stringLen(<usize>load<u32>(pair));
    wasEmpty = width == 0;
    i += width;
    last = i;
  }
  if (last == 0 && load<i32>(target, 4) == 0) return text;
  putBytes(target, ptr + last, length - last);
  return bufferString(target);
}

function matchAt(ptr: usize, length: i32, pairs: usize, count: i32, isEmptyBarred: bool): i32 {
  burn(1 + (count >> 3));
  for (let j = 0; j < count; j++) {
    const old = <usize>load<u32>(pairs + (<usize>j << 3));
    const width = stringLen(old);
    if (width == 0 ? !isEmptyBarred : width <= length && equalBytes(ptr, stringPtr(old), width)) return j;
  }
  return -1;
}
