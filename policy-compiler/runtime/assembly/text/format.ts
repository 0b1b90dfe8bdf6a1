/**
 * Go's fmt.Sprintf (fmt/print.go) over an array of Rego values: strings, int64, *big.Int
 * and float64 as themselves, everything else as the string that OPA shows of it.
 */
import { bufferString, newBuffer, putByte, putBytes, putCodePoint, putString, putText } from "../buffer";
import { burn } from "../failure";
import { int64, toInt64 } from "../number/number";
import { textLength, textPtr } from "../number/decimal-text";
import { integerOf, writeInteger } from "../number/integer";
import { pointAt, pointWidth } from "../regex/utf8";
import { arrayGet, arrayLen } from "../value/array";
import {
  BOOLEAN, NULL, NUMBER, STRING, isInt, kindOf, makeText, makeView, stringLen, stringPtr,
} from "../value/value";
import {
  MINUS, NONE, PLUS, SHARP, SHARP_V, SPACE, ZERO, addFlag, clearFlags, has, precision, putPadded, putRepeated,
  setPrecision, setWidth, turnFlagsForV, width,
} from "./format-flags";
import { BIG, FLOAT64, INT64, TEXT, numberKind, putFloat, putInteger } from "./format-number";
import { hexDigit } from "./hex";
import { writeQuoted, writeRego } from "./rego-text";

/** Width and precision that Go takes. */
const SIZE_MAX: i32 = 1000000;

let args: usize = 0;
let argIndex: i32 = 0;
let at: usize = 0;
let end: usize = 0;
let isReordered: bool = false;
let isGoodIndex: bool = true;

/** Of a template's arguments Go's types, as texts, and null for nil: booleans are Go's own then. 0 of sprintf's, which OPA passes as strings. */
let types: usize = 0;

/** The text as a string value. */
export function formatText(format: usize, values: usize, typesOfValues: usize = 0): usize {
  types = typesOfValues;
  args = values;
  argIndex = 0;
  at = stringPtr(format);
  end = at + <usize>stringLen(format);
  isReordered = false;
  const text = newBuffer(stringLen(format) + 64);
  burn(stringLen(format) >> 4);
  while (at < end) {
    const from = at;
    while (at < end && load<u8>(at) != 0x25) at++;
    putBytes(text, from, <i32>(at - from));
    if (at == end) break;
    at++;
    burn(1);
    if (!formatOne(text)) break;
  }
  if (!isReordered && argIndex < arrayLen(args)) putExtra(text);
  return bufferString(text);
}

/** One verb, behind its percent sign; false at the end of the format. */
function formatOne(text: usize): bool {
  clearFlags();
  isGoodIndex = true;
  readFlags();
  let isAfterIndex = readIndex();
  if (at < end && load<u8>(at) == 0x2a) {
    at++;
    readStarWidth(text);
    isAfterIndex = false;
  } else {
    setWidth(readSize());
    if (isAfterIndex && width != NONE) isGoodIndex = false;
  }
  if (at + 1 < end && load<u8>(at) == 0x2e) {
    at++;
    if (isAfterIndex) isGoodIndex = false;
    isAfterIndex = readIndex();
    if (at < end && load<u8>(at) == 0x2a) {
      at++;
      readStarPrecision(text);
      isAfterIndex = false;
    } else {
      const size = readSize();
      setPrecision(size == NONE ? 0 : size);
    }
  }
  if (!isAfterIndex) readIndex();
  if (at >= end) {
    putText(text, "%!(NOVERB)");
    return false;
  }
  const verb = pointAt(at, end);
  at += pointWidth(at, end);
  if (verb == 0x25) putByte(text, 0x25);
  else if (!isGoodIndex) putFault(text, verb, "(BADINDEX)");
  else if (argIndex >= arrayLen(args)) putFault(text, verb, "(MISSING)");
  else {
    if (verb == 0x76) turnFlagsForV();
    const index = argIndex++;
    putArgument(text, arrayGet(args, index), index, verb);
  }
  return true;
}

function putFault(text: usize, verb: u32, words: string): void {
  putText(text, "%!");
  putCodePoint(text, verb);
  putText(text, words);
}

function readFlags(): void {
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x23) addFlag(SHARP);
    else if (byte == 0x30) addFlag(ZERO);
    else if (byte == 0x2b) addFlag(PLUS);
    else if (byte == 0x2d) addFlag(MINUS);
    else if (byte == 0x20) addFlag(SPACE);
    else return;
  }
}

/** `[3]`: the next argument is the third. */
function readIndex(): bool {
  if (at >= end || load<u8>(at) != 0x5b) return false;
  isReordered = true;
  const open = at;
  let close = open + 1;
  burn((end - open) >> 5);
  while (close < end && load<u8>(close) != 0x5d) close++;
  if (close >= end || end - open < 3) {
    at = open + 1;
    isGoodIndex = false;
    return false;
  }
  at = open + 1;
  const limit = end;
  end = close;
  const index = readSize();
  const isNumber = index != NONE && at == close;
  end = limit;
  at = close + 1;
  if (isNumber && index >= 1 && index <= arrayLen(args)) {
    argIndex = index - 1;
    return true;
  }
  isGoodIndex = false;
  return isNumber;
}

/** A decimal number, or NONE; one that is too large takes the rest of the format. */
function readSize(): i32 {
  let size = NONE;
  for (; at < end; at++) {
    const digit = <i32>load<u8>(at) - 0x30;
    if (digit < 0 || digit > 9) break;
    if (size > SIZE_MAX) {
      at = end;
      return NONE;
    }
    size = (size == NONE ? 0 : size * 10) + digit;
  }
  return size;
}

/** The next argument as an integer that a size may be, in `int64`. */
function takeSize(): bool {
  if (argIndex >= arrayLen(args)) return false;
  const value = arrayGet(args, argIndex++);
  return isInt(value) && toInt64(value) && int64 <= SIZE_MAX && int64 >= -SIZE_MAX;
}

function readStarWidth(text: usize): void {
  if (!takeSize()) {
    putText(text, "%!(BADWIDTH)");
    return;
  }
  if (int64 < 0) addFlag(MINUS);
  setWidth(<i32>(int64 < 0 ? -int64 : int64));
}

function readStarPrecision(text: usize): void {
  const isSize = takeSize();
  if (isSize && int64 >= 0) setPrecision(<i32>int64);
  else putText(text, "%!(BADPREC)");
}

function putExtra(text: usize): void {
  clearFlags();
  putText(text, "%!(EXTRA ");
  const first = argIndex;
  for (; argIndex < arrayLen(args); argIndex++) {
    if (argIndex > first) putText(text, ", ");
    const value = arrayGet(args, argIndex);
    if (!isNil(argIndex)) {
      putType(text, value, argIndex);
      putByte(text, 0x3d);
    }
    putArgument(text, value, argIndex, 0x76);
  }
  putByte(text, 0x29);
}

/** Nil has a type no more than a value. */
function isNil(index: i32): bool {
  return types != 0 && kindOf(arrayGet(types, index)) == NULL;
}

/** Go's name of the type as which OPA passes the value. */
function putType(text: usize, value: usize, index: i32): void {
  if (types != 0) {
    putString(text, arrayGet(types, index));
    return;
  }
  const kind = kindOf(value) == NUMBER ? numberKind(value) : TEXT;
  putText(text, kind == INT64 ? "int64" : kind == BIG ? "*big.Int" : kind == FLOAT64 ? "float64" : "string");
}

function putArgument(text: usize, value: usize, index: i32, verb: u32): void {
  if (isNil(index)) {
    if (verb == 0x54 || verb == 0x76) putStringVerb(text, makeText("<nil>"), 0x73);
    else putFault(text, verb, "(<nil>)");
    return;
  }
  if (verb == 0x54) {
    const name = newBuffer(16);
    putType(name, value, index);
    putStringVerb(text, bufferString(name), 0x73);
    return;
  }
  if (verb == 0x74 && types != 0 && kindOf(value) == BOOLEAN) {
    putStringVerb(text, shownString(value), 0x73);
    return;
  }
  const kind = kindOf(value) == NUMBER ? numberKind(value) : TEXT;
  if (kind == INT64 || kind == BIG) {
    if (putInteger(text, value, kind, verb)) return;
    if (kind == BIG) {
      putFault(text, verb, "(big.Int=");
      writeInteger(text, integerOf(value));
      putByte(text, 0x29);
      return;
    }
  } else if (kind == FLOAT64) {
    if (putFloat(text, value, verb)) return;
  } else if (putStringVerb(text, shownString(value), verb)) return;
  putFault(text, verb, "(");
  putType(text, value, index);
  putByte(text, 0x3d);
  putArgument(text, value, index, 0x76);
  putByte(text, 0x29);
}

function shownString(value: usize): usize {
  if (kindOf(value) == STRING) return value;
  if (kindOf(value) == NUMBER) return makeView(textPtr(value), textLength(value));
  const shown = newBuffer(64);
  writeRego(shown, value);
  return bufferString(shown);
}

/** False where the verb is none for strings. */
function putStringVerb(text: usize, value: usize, verb: u32): bool {
  if (verb == 0x78 || verb == 0x58) {
    putStringHex(text, value, verb == 0x58);
    return true;
  }
  const isQuoted = verb == 0x71 || (verb == 0x76 && has(SHARP_V));
  if (!isQuoted && verb != 0x73 && verb != 0x76) return false;
  const ptr = stringPtr(value);
  let length = stringLen(value);
  if (precision != NONE) length = prefixLength(ptr, length, precision);
  const piece = newBuffer(length + 16);
  if (!isQuoted) putBytes(piece, ptr, length);
  else if (has(SHARP) && canBackquote(ptr, length)) {
    putByte(piece, 0x60);
    putBytes(piece, ptr, length);
    putByte(piece, 0x60);
  } else writeQuoted(piece, ptr, length, has(PLUS));
  putPadded(text, piece, true);
  return true;
}

/** Bytes of the first `points` code points. */
function prefixLength(ptr: usize, length: i32, points: i32): i32 {
  const last = ptr + <usize>length;
  let to = ptr;
  burn((points < length ? points : length) >> 4);
  for (let i = 0; i < points && to < last; i++) to += pointWidth(to, last);
  return <i32>(to - ptr);
}

/** No control character but the tab, no backquote, no byte order mark, nothing that is not UTF-8. */
function canBackquote(ptr: usize, length: i32): bool {
  const last = ptr + <usize>length;
  burn(length >> 3);
  for (let i = ptr; i < last; i += pointWidth(i, last)) {
    const byte = <u32>load<u8>(i);
    if (byte >= 0x80 && pointWidth(i, last) == 1) return false;
    const point = pointAt(i, last);
    if ((point < 0x20 && point != 9) || point == 0x60 || point == 0x7f || point == 0xfeff) return false;
  }
  return true;
}

function putStringHex(text: usize, value: usize, isUpper: bool): void {
  const length = precision != NONE && precision < stringLen(value) ? precision : stringLen(value);
  if (length == 0) {
    putRepeated(text, has(ZERO) && !has(MINUS) ? 0x30 : 0x20, width);
    return;
  }
  const piece = newBuffer((length << 1) + 8);
  burn(length >> 1);
  for (let i = 0; i < length; i++) {
    if (has(SPACE) && i > 0) putByte(piece, 0x20);
    if (has(SHARP) && (i == 0 || has(SPACE))) putText(piece, isUpper ? "0X" : "0x");
    const byte = <u32>load<u8>(stringPtr(value) + i);
    putDigit(piece, byte >> 4, isUpper);
    putDigit(piece, byte & 15, isUpper);
  }
  putPadded(text, piece, true);
}

function putDigit(buffer: usize, n: u32, isUpper: bool): void {
  const digit = <u32>hexDigit(n);
  putByte(buffer, isUpper && digit >= 0x61 ? digit - 32 : digit);
}
