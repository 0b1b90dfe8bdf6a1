/**
 * Value → text. JSON: sets are arrays, keys that are no strings are their own JSON text
 * in quotes. REGO: sets as `{…}` and `set()`, keys of any kind. Objects and sets come in
 * Rego's order.
 */
import { advance, bufferPtr, bufferString, newBuffer, putByte, putBytes, putInt, putText, reserve } from "../buffer";
import { burn } from "../failure";
import { pointWidth } from "../regex/utf8";
import { arrayGet, arrayLen } from "../value/array";
import { sortEntries } from "../value/compare";
import { entryCount } from "../value/entries";
import { makeObject, objectInsert, objectKeyAt, objectValueAt } from "../value/object";
import {
  ARRAY, BOOLEAN, DECIMAL, NULL, NUMBER, OBJECT, STRING, TRUE_VALUE, intOf, kindOf, stringLen, stringPtr,
} from "../value/value";

/** Sets and keys as Rego writes them. */
export const REGO: i32 = 1;
/** `<`, `>`, `&`, U+2028 and U+2029 escaped, as Go's json.Marshal does. */
export const HTML: i32 = 2;

export function writeValue(buffer: usize, value: usize, mode: i32): void {
  const kind = kindOf(value);
  burn(1);
  if (kind == STRING) writeString(buffer, stringPtr(value), stringLen(value), mode);
  else if (kind == NUMBER) writeNumber(buffer, value);
  else if (kind == NULL) putText(buffer, "null");
  else if (kind == BOOLEAN) putText(buffer, value == TRUE_VALUE ? "true" : "false");
  else if (kind == ARRAY) {
    const length = arrayLen(value);
    putByte(buffer, 0x5b);
    for (let i = 0; i < length; i++) {
      if (i > 0) putByte(buffer, 0x2c);
      writeValue(buffer, arrayGet(value, i), mode);
    }
    putByte(buffer, 0x5d);
  } else if (kind == OBJECT) {
    const object = mode & REGO ? value : textKeys(value);
    sortEntries(object);
    const length = entryCount(object);
    putByte(buffer, 0x7b);
    for (let i = 0; i < length; i++) {
      if (i > 0) putByte(buffer, 0x2c);
      writeValue(buffer, objectKeyAt(object, i), mode);
      putByte(buffer, 0x3a);
      writeValue(buffer, objectValueAt(object, i), mode);
    }
    putByte(buffer, 0x7d);
  } else if (kind != 0) {
    sortEntries(value);
    const length = entryCount(value);
    const isRego = (mode & REGO) != 0;
    if (isRego && length == 0) {
      putText(buffer, "set()");
      return;
    }
    putByte(buffer, isRego ? 0x7b : 0x5b);
    for (let i = 0; i < length; i++) {
      if (i > 0) putByte(buffer, 0x2c);
      writeValue(buffer, objectKeyAt(value, i), mode);
    }
    putByte(buffer, isRego ? 0x7d : 0x5d);
  }
}

/** The object with keys that are all strings: of others their JSON text. */
export function textKeys(object: usize): usize {
  sortEntries(object);
  const length = entryCount(object);
  // Sorted, strings stand together.
  if (length == 0) return object;
  if (kindOf(objectKeyAt(object, 0)) == STRING && kindOf(objectKeyAt(object, length - 1)) == STRING) return object;
  const shown = makeObject(length);
  burn(length);
  for (let i = 0; i < length; i++) {
    const key = objectKeyAt(object, i);
    const text = newBuffer();
    if (kindOf(key) != STRING) writeValue(text, key, HTML);
    objectInsert(shown, kindOf(key) == STRING ? key : bufferString(text), objectValueAt(object, i));
  }
  return shown;
}

export function writeNumber(buffer: usize, value: usize): void {
  if (!(value & 1) && (load<u32>(value) & DECIMAL) != 0) {
    putBytes(buffer, <usize>load<u32>(value, 8), load<i32>(value, 4));
  } else putInt(buffer, intOf(value));
}

export function writeString(buffer: usize, ptr: usize, length: i32, mode: i32): void {
  burn(length >> 5);
  putByte(buffer, 0x22);
  let from = 0;
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(ptr + i);
    if (byte >= 0x80) {
      const width = pointWidth(ptr + i, ptr + length);
      // A byte that is no text, as base64.decode may give, is U+FFFD in JSON, each one, as in Go.
      const isLine = (mode & HTML) != 0 && byte == 0xe2 && width == 3 && (load<u16>(ptr + i + 1) & 0xfeff) == 0xa880;
      if (width == 1 || isLine) {
        putBytes(buffer, ptr + from, i - from);
        putText(buffer, width == 1 ? "\\ufffd" : load<u8>(ptr + i + 2) == 0xa8 ? "\\u2028" : "\\u2029");
        from = i + width;
      }
      i += width - 1;
      continue;
    }
    if (byte >= 0x20 && byte != 0x22 && byte != 0x5c) {
      if (!(mode & HTML) || (byte != 0x3c && byte != 0x3e && byte != 0x26)) continue;
    }
    putBytes(buffer, ptr + from, i - from);
    from = i + 1;
    writeEscape(buffer, byte);
  }
  putBytes(buffer, ptr + from, length - from);
  putByte(buffer, 0x22);
}

function writeEscape(buffer: usize, byte: u32): void {
  burn(1);
  let letter: u32 = 0;
  if (byte == 0x22 || byte == 0x5c) letter = byte;
  else if (byte == 0x0a) letter = 0x6e;
  else if (byte == 0x0d) letter = 0x72;
  else if (byte == 0x09) letter = 0x74;
  else if (byte == 0x08) letter = 0x62;
  else if (byte == 0x0c) letter = 0x66;
  if (letter != 0) {
    putByte(buffer, 0x5c);
    putByte(buffer, letter);
    return;
  }
  putText(buffer, "\\u00");
  const at = reserve(buffer, 2);
  store<u8>(at, hexDigit(byte >> 4));
  store<u8>(at + 1, hexDigit(byte & 15));
  advance(buffer, 2);
}

function hexDigit(n: u32): u8 {
  return <u8>(n < 10 ? 0x30 + n : 0x57 + n);
}

/** Zero-terminated text for the host. */
export function dumpText(value: usize, mode: i32): usize {
  const buffer = newBuffer(256);
  writeValue(buffer, value, mode);
  putByte(buffer, 0);
  return bufferPtr(buffer);
}
