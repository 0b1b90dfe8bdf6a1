/**
 * Values as OPA shows them to people (its String methods): a blank behind `,` and `:`,
 * sets in braces, strings quoted as Go's strconv.Quote does.
 */
import { putByte, putCodePoint, putString, putText } from "../buffer";
import { burn } from "../failure";
import { writeNumber } from "../json/write";
import { BAD_POINT, pointAt, pointWidth } from "../regex/utf8";
import { CATEGORY_BYTES, categoryRuns } from "../regex/unicode-tables";
import { arrayGet, arrayLen } from "../value/array";
import { sortEntries } from "../value/compare";
import { entryCount } from "../value/entries";
import { objectKeyAt, objectValueAt } from "../value/object";
import {
  ARRAY, BOOLEAN, NULL, NUMBER, OBJECT, STRING, TRUE_VALUE, kindOf, stringLen, stringPtr,
} from "../value/value";
import { byteOf } from "../static-text";

/** A string's own bytes; any other value as writeRego writes it. */
export function writePlainly(buffer: usize, value: usize): void {
  if (kindOf(value) == STRING) putString(buffer, value);
  else writeRego(buffer, value);
}

export function writeRego(buffer: usize, value: usize): void {
  const kind = kindOf(value);
  burn(1);
  if (kind == STRING) writeQuoted(buffer, stringPtr(value), stringLen(value));
  else if (kind == NUMBER) writeNumber(buffer, value);
  else if (kind == NULL) putText(buffer, "null");
  else if (kind == BOOLEAN) putText(buffer, value == TRUE_VALUE ? "true" : "false");
  else if (kind == ARRAY) writeArray(buffer, value);
  else if (kind == OBJECT || entryCount(value) > 0) writeEntries(buffer, value, kind == OBJECT);
  else if (kind != 0) putText(buffer, "set()");
}

function writeArray(buffer: usize, value: usize): void {
  const length = arrayLen(value);
  putByte(buffer, 0x5b);
  for (let i = 0; i < length; i++) {
    if (i > 0) putText(buffer, ", ");
    writeRego(buffer, arrayGet(value, i));
  }
  putByte(buffer, 0x5d);
}

function writeEntries(buffer: usize, value: usize, isObject: bool): void {
  sortEntries(value);
  const length = entryCount(value);
  putByte(buffer, 0x7b);
  for (let i = 0; i < length; i++) {
    if (i > 0) putText(buffer, ", ");
    writeRego(buffer, objectKeyAt(value, i));
    if (!isObject) continue;
    putText(buffer, ": ");
    writeRego(buffer, objectValueAt(value, i));
  }
  putByte(buffer, 0x7d);
}

/** In double quotes, with Go's escapes; on demand all but ASCII escaped. */
export function writeQuoted(buffer: usize, ptr: usize, length: i32, isAscii: bool = false): void {
  const end = ptr + <usize>length;
  burn(length >> 4);
  putByte(buffer, 0x22);
  for (let at = ptr; at < end; at += pointWidth(at, end)) {
    const byte = <u32>load<u8>(at);
    if (byte < 0x80 || pointWidth(at, end) > 1) writeQuotedPoint(buffer, pointAt(at, end), 0x22, isAscii);
    else {
      putText(buffer, "\\x");
      writeHex(buffer, byte, 2);
    }
  }
  putByte(buffer, 0x22);
}

/** A code point as it stands between quotes of this kind. */
export function writeQuotedPoint(buffer: usize, point: u32, quote: u32, isAscii: bool): void {
  if (point == quote || point == 0x5c) {
    putByte(buffer, 0x5c);
    putByte(buffer, point);
  } else if (point < 0x80 ? point >= 0x20 && point < 0x7f : !isAscii && isPrintable(point)) putCodePoint(buffer, point);
  else if (point >= 0x07 && point <= 0x0d) {
    putByte(buffer, 0x5c);
    putByte(buffer, byteOf("abtnvfr", point - 7));
  } else if (point < 0x80) {
    putText(buffer, "\\x");
    writeHex(buffer, point, 2);
  } else writePoint(buffer, point);
}

function writePoint(buffer: usize, point: u32): void {
  putText(buffer, point < 0x10000 ? "\\u" : "\\U");
  writeHex(buffer, point, point < 0x10000 ? 4 : 8);
}

/** The lowest `digits` hexadecimal digits. */
export function writeHex(buffer: usize, n: u32, digits: i32, isUpper: bool = false): void {
  burn(1);
  for (let i = digits - 1; i >= 0; i--) {
    const digit = (n >> (<u32>i << 2)) & 15;
    putByte(buffer, digit < 10 ? 0x30 + digit : (isUpper ? 0x37 : 0x57) + digit);
  }
}

/** Letters, marks, numbers, punctuation, symbols (Go's unicode.IsPrint); the only blank is ASCII's. */
export function isPrintable(point: u32): bool {
  if (point < 0x80) return point >= 0x20 && point < 0x7f;
  if (point == BAD_POINT || (point >= 0x4e00 && point < 0xa000) || (point >= 0xac00 && point < 0xd7a4)) return true;
  if (point > 0xa0 && point < 0x370) return point != 0xad;
  const category = categoryOf(point);
  return category > 0 && category <= LAST_SYMBOL;
}

/** Class of So in the table; behind it come separators and other. */
const LAST_SYMBOL: u32 = 22;

function categoryOf(point: u32): u32 {
  burn(16);
  let at = 0;
  let reached: u32 = 0;
  while (at < CATEGORY_BYTES) {
    const kind = load<u8>(categoryRuns + <usize>(at++));
    let length: u32 = 0;
    for (let shift: u32 = 0; ; shift += 7) {
      const byte = <u32>load<u8>(categoryRuns + <usize>(at++));
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    reached += length;
    if (point < reached) return kind;
  }
  return 0;
}
