/** concat, contains, startswith, endswith, indexof, substring, lower, upper, reverse, count. */
import { bufferString, newBuffer, putString } from "../buffer";
import { builtinError, burn } from "../failure";
import { int64, toInt64 } from "../number/number";
import { pointCount, pointWidth } from "../regex/utf8";
import { changeCase } from "../text/case";
import { indexOfBytes } from "../text/find";
import { arrayGet, arrayPush, makeArray } from "../value/array";
import { equalBytes } from "../value/bytes";
import { sortEntries } from "../value/compare";
import { setAt } from "../value/set";
import {
  ARRAY, SET, STRING, kindOf, makeBoolean, makeInt, makeSmallInt, makeView, newString, stringLen, stringPtr,
} from "../value/value";
import { elementError, expectInt, expectKind, operandError } from "./operands";

export function expectStrings(name: string, a: usize, b: usize): bool {
  return expectKind(name, 1, a, STRING) && expectKind(name, 2, b, STRING);
}

/** The i-th of an array's elements or a sorted set's members. */
// @ts-ignore: decorator
@inline
export function elementOf(collection: usize, i: i32): usize {
  return kindOf(collection) == ARRAY ? arrayGet(collection, i) : setAt(collection, i);
}

/** The value is an array or set of strings. */
export function expectStringCollection(name: string, position: i32, value: usize, wanted: string): bool {
  const kind = kindOf(value);
  if (kind != ARRAY && kind != SET) {
    operandError(name, position, wanted, value);
    return false;
  }
  if (kind == SET) sortEntries(value);
  const length = load<i32>(value, 4);
  burn(length >> 2);
  for (let i = 0; i < length; i++) {
    if (kindOf(elementOf(value, i)) == STRING) continue;
    elementError(name, position, value, elementOf(value, i), "strings");
    return false;
  }
  return true;
}

export function concat(separator: usize, parts: usize): usize {
  if (!expectKind("concat", 1, separator, STRING)) return 0;
  if (!expectStringCollection("concat", 2, parts, "one of {set, array}")) return 0;
  const length = load<i32>(parts, 4);
  if (length == 1) return elementOf(parts, 0);
  const text = newBuffer(64);
  for (let i = 0; i < length; i++) {
    burn(1 + ((stringLen(separator) + stringLen(elementOf(parts, i))) >> 6));
    if (i > 0) putString(text, separator);
    putString(text, elementOf(parts, i));
  }
  return bufferString(text);
}

export function indexInString(text: usize, part: usize, from: i32): i32 {
  return indexOfBytes(stringPtr(text), stringLen(text), from, stringPtr(part), stringLen(part));
}

export function contains(text: usize, part: usize): usize {
  return expectStrings("contains", text, part) ? makeBoolean(indexInString(text, part, 0) >= 0) : 0;
}

export function hasPrefix(text: usize, prefix: usize): bool {
  const length = stringLen(prefix);
  return length <= stringLen(text) && equalBytes(stringPtr(text), stringPtr(prefix), length);
}

export function hasSuffix(text: usize, suffix: usize): bool {
  const from = stringLen(text) - stringLen(suffix);
  return from >= 0 && equalBytes(stringPtr(text) + <usize>from, stringPtr(suffix), stringLen(suffix));
}

export function startsWith(text: usize, prefix: usize): usize {
  return expectStrings("startswith", text, prefix) ? makeBoolean(hasPrefix(text, prefix)) : 0;
}

export function endsWith(text: usize, suffix: usize): usize {
  return expectStrings("endswith", text, suffix) ? makeBoolean(hasSuffix(text, suffix)) : 0;
}

export function anyPrefixMatch(texts: usize, prefixes: usize): usize {
  return anyMatch("strings.any_prefix_match", texts, prefixes, false);
}

export function anySuffixMatch(texts: usize, suffixes: usize): usize {
  return anyMatch("strings.any_suffix_match", texts, suffixes, true);
}

function anyMatch(name: string, texts: usize, parts: usize, isSuffix: bool): usize {
  const wanted = "one of {string, set, array}";
  if (kindOf(texts) != STRING && !expectStringCollection(name, 1, texts, wanted)) return 0;
  if (kindOf(parts) != STRING && !expectStringCollection(name, 2, parts, wanted)) return 0;
  const textCount = kindOf(texts) == STRING ? 1 : load<i32>(texts, 4);
  const partCount = kindOf(parts) == STRING ? 1 : load<i32>(parts, 4);
  for (let i = 0; i < textCount; i++) {
    const text = kindOf(texts) == STRING ? texts : elementOf(texts, i);
    burn(1 + (partCount >> 2));
    for (let j = 0; j < partCount; j++) {
      const part = kindOf(parts) == STRING ? parts : elementOf(parts, j);
      if (isSuffix ? hasSuffix(text, part) : hasPrefix(text, part)) return makeBoolean(true);
    }
  }
  return makeBoolean(false);
}

export function indexOf(text: usize, part: usize): usize {
  if (!expectStrings("indexof", text, part)) return 0;
  if (stringLen(part) == 0) return builtinError("indexof: empty search character");
  const at = indexInString(text, part, 0);
  return makeSmallInt(at < 0 ? -1 : pointCount(stringPtr(text), at));
}

/** All positions; matches may overlap. */
export function indexOfAll(text: usize, part: usize): usize {
  if (!expectStrings("indexof_n", text, part)) return 0;
  if (stringLen(part) == 0) return builtinError("indexof_n: empty search character");
  const found = makeArray(4);
  let at = 0;
  let points = 0;
  while (true) {
    const next = indexInString(text, part, at);
    if (next < 0) return found;
    points += pointCount(stringPtr(text) + <usize>at, next - at);
    arrayPush(found, makeSmallInt(points));
    at = next;
    const end = stringPtr(text) + <usize>stringLen(text);
    at += pointWidth(stringPtr(text) + <usize>at, end);
    points++;
    burn(1);
  }
}

/** Occurrences that do not overlap; of nothing one more than there are code points. */
export function countParts(text: usize, part: usize): usize {
  if (!expectStrings("strings.count", text, part)) return 0;
  if (stringLen(part) == 0) return makeInt(pointCount(stringPtr(text), stringLen(text)) + 1);
  let count = 0;
  for (let at = indexInString(text, part, 0); at >= 0; at = indexInString(text, part, at + stringLen(part))) {
    burn(1);
    count++;
  }
  return makeInt(count);
}

/** By code points; a negative length means to the end. */
export function substring(text: usize, start: usize, length: usize): usize {
  if (!expectKind("substring", 1, text, STRING)) return 0;
  if (!expectInt("substring", 2, start) || !expectInt("substring", 3, length)) return 0;
  toInt64(length);
  const count = int64;
  toInt64(start);
  if (int64 < 0) return builtinError("substring: negative offset");
  const end = stringPtr(text) + <usize>stringLen(text);
  const from = skipPoints(stringPtr(text), end, int64);
  const to = count < 0 ? end : skipPoints(from, end, count);
  return from == stringPtr(text) && to == end ? text : makeView(from, <i32>(to - from));
}

function skipPoints(ptr: usize, end: usize, count: i64): usize {
  let at = ptr;
  let left = count;
  while (at < end && left > 0) {
    if ((left & 15) == 0) burn(1);
    at += pointWidth(at, end);
    left--;
  }
  return at;
}

export function lower(text: usize): usize {
  return expectKind("lower", 1, text, STRING) ? changeCase(text, false) : 0;
}

export function upper(text: usize): usize {
  return expectKind("upper", 1, text, STRING) ? changeCase(text, true) : 0;
}

export function reverseString(text: usize): usize {
  if (!expectKind("strings.reverse", 1, text, STRING)) return 0;
  const length = stringLen(text);
  const reversed = newString(length);
  const end = stringPtr(text) + <usize>length;
  let to = stringPtr(reversed) + <usize>length;
  burn(length >> 3);
  for (let at = stringPtr(text); at < end; ) {
    const width = pointWidth(at, end);
    to -= width;
    memory.copy(to, at, width);
    at += width;
  }
  return reversed;
}
