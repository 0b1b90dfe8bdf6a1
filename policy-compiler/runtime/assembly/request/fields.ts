/**
 * `attributes.request.http.headers` as Envoy gives it: names in lower case, values of one
 * name joined by a comma, `host` as `:authority` only, the other pseudo-fields beside.
 */
import { bufferString, newBuffer, putByte, putBytes } from "../buffer";
import { burn } from "../failure";
import { alloc } from "../memory";
import { addEntry } from "../value/entries";
import { makeObject, objectGet, objectInsert } from "../value/object";
import { makeText, makeView, stringLen, stringPtr } from "../value/value";
import { CTX_SCHEME, FIELD_HOST, FIELD_OTHER, ROW_SIZE } from "../layout";
import {
  fieldCount, isPresent, isRepeated, knownField, methodLength, nameLength, namePtr, rowAt, targetLength, targetPtr,
  valueLength, valuePtr,
} from "./head";
import { contextField, headPtr } from "./region";
import { textOf } from "./text";

export function methodValue(): usize {
  return makeView(headPtr, methodLength());
}

/** The request target as it goes upstream. */
export function targetValue(): usize {
  return textOf(targetPtr(), targetLength());
}

/** The authority: the Host field; undefined where the head has none. */
export function authorityValue(): usize {
  if (!isPresent(FIELD_HOST)) return 0;
  return valueAt(rowAt(indexOf(FIELD_HOST)));
}

/** The value of the field with this number, as the headers object would give it, or undefined. */
export function knownFieldValue(field: i32): usize {
  if (!isPresent(field)) return 0;
  const i = indexOf(field);
  return isRepeated(field) ? joined(rowAt(i), i) : valueAt(rowAt(i));
}

/** Index of the first field with this number, which is there. */
function indexOf(field: i32): i32 {
  let i = 0;
  for (let row = rowAt(0); knownField(row) != field; row += ROW_SIZE) i++;
  return i;
}

/** `headers[name]` for a name that is a string value; as the headers object would give it. */
export function fieldValue(name: usize): usize {
  const length = stringLen(name);
  const ptr = stringPtr(name);
  if (length > 0 && load<u8>(ptr) == 0x3a) return pseudoField(ptr, length);
  const first: u32 = length == 0 ? 0 : load<u8>(ptr);
  const count = fieldCount();
  let row = rowAt(0);
  for (let i = 0; i < count; i++) {
    if (nameLength(row) == length && isSameName(namePtr(row), ptr, length, first)) {
      if (knownField(row) == FIELD_HOST) return 0;
      return joined(row, i);
    }
    row += ROW_SIZE;
  }
  return 0;
}

function pseudoField(ptr: usize, length: i32): usize {
  if (length == 7 && load<u32>(ptr) == 0x74656d3a && load<u32>(ptr + 3) == 0x646f6874) return methodValue();
  if (length == 5 && load<u32>(ptr + 1) == 0x68746170) return targetValue();
  if (length == 7 && load<u32>(ptr) == 0x6863733a && load<u32>(ptr + 3) == 0x656d6568) return contextField(CTX_SCHEME);
  if (length == 10 && load<u64>(ptr) == 0x69726f687475613a && load<u16>(ptr + 8) == 0x7974) return authorityValue();
  return 0;
}

// @ts-ignore: decorator
@inline
function isSameName(field: usize, name: usize, length: i32, first: u32): bool {
  return lower(load<u8>(field)) == first && isSameRest(field, name, length);
}

/** `name` is in lower case, as the document's keys are. */
function isSameRest(field: usize, name: usize, length: i32): bool {
  for (let i = 1; i < length; i++) if (lower(load<u8>(field + i)) != <u32>load<u8>(name + i)) return false;
  return true;
}

// @ts-ignore: decorator
@inline
function lower(byte: u32): u32 {
  return byte - 0x41 < 26 ? byte | 0x20 : byte;
}

// @ts-ignore: decorator
@inline
function valueAt(row: usize): usize {
  return textOf(valuePtr(row), valueLength(row));
}

/** The value at `row` (the i-th), with those of later fields of the same name behind. */
function joined(row: usize, i: i32): usize {
  const field = knownField(row);
  if (field != FIELD_OTHER && !isRepeated(field)) return valueAt(row);
  const length = nameLength(row);
  const name = namePtr(row);
  const count = fieldCount();
  let buffer: usize = 0;
  let other = row + ROW_SIZE;
  for (let k = i + 1; k < count; k++) {
    if (knownField(other) == field && (field != FIELD_OTHER || isSameField(other, name, length))) {
      if (buffer == 0) {
        buffer = newBuffer(valueLength(row) + valueLength(other) + 8);
        putBytes(buffer, valuePtr(row), valueLength(row));
      }
      putByte(buffer, 0x2c);
      putBytes(buffer, valuePtr(other), valueLength(other));
    }
    other += ROW_SIZE;
  }
  if (buffer == 0) return valueAt(row);
  const whole = bufferString(buffer);
  return textOf(stringPtr(whole), stringLen(whole));
}

/** Whether the row's name is this one: rows of known fields need no look at bytes, which may not be there. */
function isSameField(row: usize, name: usize, length: i32): bool {
  if (nameLength(row) != length) return false;
  const other = namePtr(row);
  for (let i = 0; i < length; i++) if (lower(load<u8>(other + i)) != lower(load<u8>(name + i))) return false;
  return true;
}

/** The whole object. */
export function headersValue(): usize {
  const count = fieldCount();
  const headers = makeObject(count + 4);
  burn(count);
  let row = rowAt(0);
  for (let i = 0; i < count; i++) {
    if (knownField(row) != FIELD_HOST) {
      const length = nameLength(row);
      const name = makeView(lowered(namePtr(row), length), length);
      if (objectGet(headers, name) == 0) addEntry(headers, name, joined(row, i));
    }
    row += ROW_SIZE;
  }
  const authority = authorityValue();
  if (authority != 0) objectInsert(headers, makeText(":authority"), authority);
  objectInsert(headers, makeText(":method"), methodValue());
  objectInsert(headers, makeText(":path"), targetValue());
  objectInsert(headers, makeText(":scheme"), contextField(CTX_SCHEME));
  return headers;
}

function lowered(ptr: usize, length: i32): usize {
  const copy = alloc(<usize>length);
  for (let i = 0; i < length; i++) store<u8>(copy + i, <u8>lower(load<u8>(ptr + i)));
  return copy;
}
