/** The functions of Go's text/template; a value piped in is the last argument. */
import { bufferString, newBuffer, putByte, putCodePoint, putText } from "../buffer";
import { burn } from "../failure";
import { isPlainInteger } from "../number/number";
import { pointAt, pointWidth } from "../regex/utf8";
import { formatText } from "../text/format";
import { isPrintable, writeHex } from "../text/rego-text";
import { writeQueryEscaped } from "../text/query";
import { arrayGet, arrayLen, arrayPush, makeArray } from "../value/array";
import { compareBytes } from "../value/bytes";
import { compare } from "../value/compare";
import { equal } from "../value/equal";
import { objectGet } from "../value/object";
import {
  ARRAY, BOOLEAN, NULL, NULL_VALUE, NUMBER, OBJECT, STRING, intOf, isInt, isText, kindOf, makeBoolean, makeText,
  makeView, stringLen, stringPtr,
} from "../value/value";
import { breakTemplate } from "./failure";
import { CONSTANT, constantOfInt, holds, numberOf, writeGo } from "./values";

/** Of a basic value: how it compares. */
const NOTHING: i32 = 0;
const TRUTH: i32 = 1;
const TEXT: i32 = 2;
const INTEGER: i32 = 3;
const FRACTION: i32 = 4;
const OTHER: i32 = 5;

function basicKind(value: usize): i32 {
  const kind = kindOf(value);
  if (kind == 0 || kind == NULL) return NOTHING;
  if (kind == BOOLEAN) return TRUTH;
  if (kind == STRING || kind == NUMBER) return TEXT;
  if (kind == CONSTANT) return isPlainInteger(numberOf(value)) ? INTEGER : FRACTION;
  return OTHER;
}

/** A value's text: data's numbers are their text. */
function textOf(value: usize): usize {
  if (kindOf(value) == STRING) return value;
  const text = newBuffer(32);
  writeGo(text, value);
  return bufferString(text);
}

export function isFunction(name: usize): bool {
  return (
    isText(name, "and") || isText(name, "or") || isText(name, "not") || isComparison(name) || isText(name, "len") ||
    isText(name, "index") || isText(name, "slice") || isText(name, "print") || isText(name, "printf") ||
    isText(name, "println") || isText(name, "html") || isText(name, "js") || isText(name, "urlquery")
  );
}

function isComparison(name: usize): bool {
  return (
    isText(name, "eq") || isText(name, "ne") || isText(name, "lt") || isText(name, "le") || isText(name, "gt") ||
    isText(name, "ge")
  );
}

export function callFunction(name: usize, args: usize): usize {
  const count = arrayLen(args);
  burn(1 + count);
  if (isText(name, "print") || isText(name, "println")) return printed(args, isText(name, "println"));
  if (count == 0) return breakTemplate("wrong number of args");
  const first = arrayGet(args, 0);
  if (isText(name, "and") || isText(name, "or")) return decisive(args, isText(name, "or"));
  if (isComparison(name)) return compared(name, args);
  if (isText(name, "printf")) return formatted(args);
  if (isText(name, "index")) return indexed(args);
  if (isText(name, "slice")) return sliced(args);
  if (isText(name, "html") || isText(name, "js") || isText(name, "urlquery")) return escaped(name, printed(args, false));
  if (count != 1) return breakTemplate("wrong number of args");
  return isText(name, "not") ? makeBoolean(!holds(first)) : lengthOf(first);
}

/** The first argument that does not hold (for `or`: holds), or the last. */
function decisive(args: usize, isOr: bool): usize {
  const last = arrayLen(args) - 1;
  for (let i = 0; i < last; i++) if (holds(arrayGet(args, i)) == isOr) return arrayGet(args, i);
  return arrayGet(args, last);
}

function compared(name: usize, args: usize): usize {
  const a = arrayGet(args, 0);
  const isEq = isText(name, "eq");
  if (arrayLen(args) < 2 || (!isEq && arrayLen(args) != 2)) return breakTemplate("missing argument for comparison");
  if (isEq || isText(name, "ne")) {
    let isSame = false;
    for (let i = 1; i < arrayLen(args) && !isSame; i++) {
      const b = arrayGet(args, i);
      if (!mayEqual(a, b)) return 0;
      isSame = areEqual(a, b);
    }
    return makeBoolean(isSame == isEq);
  }
  const b = arrayGet(args, 1);
  const kind = basicKind(a);
  if (kind != basicKind(b)) return breakTemplate("incompatible types for comparison");
  if (kind != TEXT && kind != INTEGER && kind != FRACTION) return breakTemplate("invalid type for comparison");
  const order = kind == TEXT ? compareTexts(textOf(a), textOf(b)) : compare(numberOf(a), numberOf(b));
  const isStrict = isText(name, "lt") || isText(name, "gt");
  const isLess = isText(name, "lt") || isText(name, "le");
  return makeBoolean(order == 0 ? !isStrict : order < 0 == isLess);
}

function compareTexts(a: usize, b: usize): i32 {
  return compareBytes(stringPtr(a), stringLen(a), stringPtr(b), stringLen(b));
}

function mayEqual(a: usize, b: usize): bool {
  const kind = basicKind(a);
  const other = basicKind(b);
  if (kind == NOTHING || other == NOTHING) return true;
  if (kind == other && kind != OTHER) return true;
  breakTemplate(kind == OTHER || other == OTHER ? "non-comparable type" : "incompatible types for comparison");
  return false;
}

function areEqual(a: usize, b: usize): bool {
  const kind = basicKind(a);
  if (kind != basicKind(b)) return false;
  if (kind == NOTHING) return true;
  if (kind == TEXT) return equal(textOf(a), textOf(b));
  return kind == TRUTH ? a == b : equal(numberOf(a), numberOf(b));
}

function lengthOf(value: usize): usize {
  const kind = kindOf(value);
  if (kind == STRING || kind == NUMBER) return constantOfInt(stringLen(textOf(value)));
  if (kind == ARRAY || kind == OBJECT) return constantOfInt(load<i32>(value, 4));
  return breakTemplate("len of a value that has none");
}

/** A position from 0 to `limit`, or -1. */
function positionOf(value: usize, limit: i32): i32 {
  if (kindOf(value) != CONSTANT || !isInt(numberOf(value))) return -1;
  const n = intOf(numberOf(value));
  return n < 0 || n > <i64>limit ? -1 : <i32>n;
}

function indexed(args: usize): usize {
  let value = arrayGet(args, 0);
  for (let i = 1; i < arrayLen(args); i++) {
    const key = arrayGet(args, i);
    if (kindOf(value) == ARRAY) {
      const at = positionOf(key, arrayLen(value) - 1);
      if (at < 0) return breakTemplate("index out of range, or no integer");
      value = arrayGet(value, at);
    } else if (kindOf(value) == OBJECT) {
      if (kindOf(key) != STRING) return breakTemplate("a map's key must be a string");
      value = objectGet(value, key);
    } else return breakTemplate("cannot index this value");
  }
  return value;
}

function sliced(args: usize): usize {
  const value = arrayGet(args, 0);
  const isList = kindOf(value) == ARRAY;
  if (!isList && kindOf(value) != STRING) return breakTemplate("cannot slice this value");
  const length = isList ? arrayLen(value) : stringLen(value);
  const from = arrayLen(args) > 1 ? positionOf(arrayGet(args, 1), length) : 0;
  const to = arrayLen(args) > 2 ? positionOf(arrayGet(args, 2), length) : length;
  if (from < 0 || to < from || arrayLen(args) > 3) return breakTemplate("slice index out of range");
  if (!isList) return makeView(stringPtr(value) + <usize>from, to - from);
  const part = makeArray(to - from);
  for (let i = from; i < to; i++) arrayPush(part, arrayGet(value, i));
  return part;
}

/** Go's Sprint puts blanks where neither side is a text, Sprintln everywhere. */
function printed(args: usize, isLine: bool): usize {
  const text = newBuffer(64);
  for (let i = 0; i < arrayLen(args); i++) {
    const value = arrayGet(args, i);
    const isPlain = basicKind(value) == TEXT;
    if (i > 0 && (isLine || (!isPlain && basicKind(arrayGet(args, i - 1)) != TEXT))) putByte(text, 0x20);
    writeGo(text, value);
  }
  if (isLine) putByte(text, 0x0a);
  return bufferString(text);
}

function formatted(args: usize): usize {
  const format = arrayGet(args, 0);
  if (kindOf(format) != STRING) return breakTemplate("printf needs a format");
  const values = makeArray(arrayLen(args));
  const types = makeArray(arrayLen(args));
  for (let i = 1; i < arrayLen(args); i++) {
    const value = arrayGet(args, i);
    const kind = kindOf(value);
    arrayPush(values, kind == CONSTANT ? numberOf(value) : kind == BOOLEAN ? value : textOf(value));
    arrayPush(types, basicKind(value) == NOTHING ? NULL_VALUE : makeText(goType(value)));
  }
  return formatText(format, values, types);
}

function goType(value: usize): string {
  const kind = kindOf(value);
  if (kind == CONSTANT) return isPlainInteger(numberOf(value)) ? "int" : "float64";
  if (kind == ARRAY) return "[]interface {}";
  if (kind == OBJECT) return "map[string]interface {}";
  return kind == BOOLEAN ? "bool" : kind == NUMBER ? "json.Number" : "string";
}

function escaped(name: usize, text: usize): usize {
  const target = newBuffer(stringLen(text) + 16);
  if (isText(name, "urlquery")) writeQueryEscaped(target, text);
  else {
    const end = stringPtr(text) + <usize>stringLen(text);
    burn(stringLen(text) >> 3);
    for (let at = stringPtr(text); at < end; at += pointWidth(at, end)) {
      if (isText(name, "html")) writeHtml(target, pointAt(at, end));
      else writeScript(target, pointAt(at, end));
    }
  }
  return bufferString(target);
}

function writeHtml(target: usize, point: u32): void {
  if (point == 0x22) putText(target, "&#34;");
  else if (point == 0x27) putText(target, "&#39;");
  else if (point == 0x26) putText(target, "&amp;");
  else if (point == 0x3c) putText(target, "&lt;");
  else if (point == 0x3e) putText(target, "&gt;");
  else putCodePoint(target, point == 0 ? 0xfffd : point);
}

function writeScript(target: usize, point: u32): void {
  const isQuote = point == 0x22 || point == 0x27 || point == 0x5c;
  if (isQuote) putByte(target, 0x5c);
  const isMarkup = point == 0x3c || point == 0x3e || point == 0x26 || point == 0x3d;
  if (isQuote || (!isMarkup && isPrintable(point))) {
    putCodePoint(target, point);
    return;
  }
  putText(target, "\\u");
  writeHex(target, point, point < 0x10000 ? 4 : 6, true);
}
