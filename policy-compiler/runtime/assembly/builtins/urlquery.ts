/** urlquery.*: application/x-www-form-urlencoded, as Go's net/url has it. */
import { bufferLength, bufferPtr, bufferString, newBuffer, putByte } from "../buffer";
import { builtinError, builtinErrorText, burn } from "../failure";
import { hexValue } from "../text/hex";
import { indexOfBytes } from "../text/find";
import { writeQueryEscaped } from "../text/query";
import { arrayGet, arrayLen, arrayPush, makeArray } from "../value/array";
import { sortEntries } from "../value/compare";
import { makeObject, objectGet, objectInsert, objectKeyAt, objectLen, objectValueAt } from "../value/object";
import { setAt, setLen } from "../value/set";
import { textKeys } from "../json/write";
import { ARRAY, OBJECT, SET, STRING, kindOf, makeView, stringLen, stringPtr } from "../value/value";
import { expectKind, operandFault } from "./operands";

/** The text without escapes, or 0 and the place of the bad one in `badEscape`. */
function unescaped(ptr: usize, length: i32): usize {
  const text = newBuffer(length + 8);
  burn(length >> 4);
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(ptr + i);
    if (byte != 0x25) {
      putByte(text, byte == 0x2b ? 0x20 : byte);
      continue;
    }
    const high = i + 2 < length ? hexValue(load<u8>(ptr + i + 1)) : -1;
    const low = i + 2 < length ? hexValue(load<u8>(ptr + i + 2)) : -1;
    if (high < 0 || low < 0) {
      badEscape = ptr + i;
      badEscapeLength = length - i < 3 ? length - i : 3;
      return 0;
    }
    putByte(text, <u32>((high << 4) | low));
    i += 2;
  }
  return bufferString(text);
}

let badEscape: usize = 0;
let badEscapeLength: i32 = 0;

function escapeError(words: string): usize {
  const text = newBuffer(16);
  putByte(text, 0x22);
  for (let i = 0; i < badEscapeLength; i++) putByte(text, load<u8>(badEscape + i));
  putByte(text, 0x22);
  return builtinErrorText(bufferPtr(text), bufferLength(text), words);
}

export function encodeQuery(value: usize): usize {
  if (!expectKind("urlquery.encode", 1, value, STRING)) return 0;
  const text = newBuffer(stringLen(value) + 16);
  writeQueryEscaped(text, value);
  return bufferString(text);
}

export function decodeQuery(value: usize): usize {
  if (!expectKind("urlquery.decode", 1, value, STRING)) return 0;
  const text = unescaped(stringPtr(value), stringLen(value));
  return text == 0 ? escapeError("urlquery.decode: invalid URL escape ") : text;
}

/** Values are strings, or arrays or sets of strings, of which each is a parameter of its own. */
export function encodeObject(object: usize): usize {
  if (!expectKind("urlquery.encode_object", 1, object, OBJECT)) return 0;
  const fields = textKeys(object);
  sortEntries(fields);
  const text = newBuffer(64);
  const length = objectLen(fields);
  for (let i = 0; i < length; i++) {
    const key = objectKeyAt(fields, i);
    const value = objectValueAt(fields, i);
    const kind = kindOf(value);
    if (kind == STRING) writePair(text, key, value);
    else if (kind == ARRAY || kind == SET) {
      if (kind == SET) sortEntries(value);
      const count = kind == SET ? setLen(value) : arrayLen(value);
      for (let j = 0; j < count; j++) {
        const element = kind == SET ? setAt(value, j) : arrayGet(value, j);
        if (kindOf(element) != STRING) return badValue();
        writePair(text, key, element);
      }
    } else return badValue();
  }
  return bufferString(text);
}

function badValue(): usize {
  return operandFault("urlquery.encode_object", 1, "values must be string, array[string], or set[string]");
}

function writePair(text: usize, key: usize, value: usize): void {
  burn(1);
  if (bufferLength(text) > 0) putByte(text, 0x26);
  writeQueryEscaped(text, key);
  putByte(text, 0x3d);
  writeQueryEscaped(text, value);
}

const ampersand = memory.data<u8>([0x26]);

/** Names with arrays of their values, in order. */
export function decodeObject(query: usize): usize {
  if (!expectKind("urlquery.decode_object", 1, query, STRING)) return 0;
  const fields = makeObject();
  let at = stringPtr(query);
  const end = at + <usize>stringLen(query);
  while (at < end) {
    burn(1);
    const next = indexOfBytes(at, <i32>(end - at), 0, ampersand, 1);
    const length = next < 0 ? <i32>(end - at) : next;
    if (length > 0 && !addPair(fields, at, length)) return 0;
    at += <usize>(length + 1);
  }
  return fields;
}

function addPair(fields: usize, ptr: usize, length: i32): bool {
  let split = length;
  for (let i = length - 1; i >= 0; i--) {
    const byte = load<u8>(ptr + i);
    if (byte == 0x3b) {
      builtinError("urlquery.decode_object: invalid semicolon separator in query");
      return false;
    }
    if (byte == 0x3d) split = i;
  }
  const key = unescaped(ptr, split);
  let value: usize = 0;
  if (key != 0) value = split == length ? makeView(ptr, 0) : unescaped(ptr + split + 1, length - split - 1);
  if (value == 0) {
    escapeError("urlquery.decode_object: invalid URL escape ");
    return false;
  }
  let values = objectGet(fields, key);
  if (values == 0) {
    values = makeArray(2);
    objectInsert(fields, key, values);
  }
  arrayPush(values, value);
  return true;
}
