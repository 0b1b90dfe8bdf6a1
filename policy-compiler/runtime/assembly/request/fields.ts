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
import { fieldCount, methodLength, readFields, readRequestLine, targetLength, targetPtr } from "./head";
import { CTX_SCHEME, FIELD_BYTES, contextField, fieldTable, headPtr } from "./region";
import { textOf } from "./text";

export function methodValue(): usize {
  readRequestLine();
  return makeView(headPtr, methodLength);
}

/** The request target as it goes upstream. */
export function targetValue(): usize {
  readRequestLine();
  return textOf(targetPtr, targetLength);
}

/** The authority: the Host field; undefined where the head has none. */
export function authorityValue(): usize {
  return findField("host");
}

/** The value of the field with this static lower-case name, or undefined. */
export function findField(name: string): usize {
  readFields();
  const length = name.length;
  let row = fieldTable;
  for (let i = 0; i < fieldCount; i++) {
    if (load<i32>(row, 4) == length && isNamed(load<u32>(row), name)) return valueAt(row);
    row += FIELD_BYTES;
  }
  return 0;
}

function isNamed(ptr: usize, name: string): bool {
  for (let i = 0, length = name.length; i < length; i++) {
    if (lower(load<u8>(ptr + i)) != <u32>name.charCodeAt(i)) return false;
  }
  return true;
}

/** `headers[name]` for a name that is a string value; as the headers object would give it. */
export function fieldValue(name: usize): usize {
  const length = stringLen(name);
  const ptr = stringPtr(name);
  if (length > 0 && load<u8>(ptr) == 0x3a) return pseudoField(ptr, length);
  readFields();
  const first = length == 0 ? 0 : load<u8>(ptr);
  let row = fieldTable;
  for (let i = 0; i < fieldCount; i++) {
    if (load<i32>(row, 4) == length && isSameName(load<u32>(row), ptr, length, first)) {
      if (length == 4 && load<u32>(ptr) == 0x74736f68) return 0; // host
      return joined(row, i);
    }
    row += FIELD_BYTES;
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
  return textOf(<usize>load<u32>(row, 8), load<i32>(row, 12));
}

/** The value at `row` (the i-th), with those of later fields of the same name behind. */
function joined(row: usize, i: i32): usize {
  const length = load<i32>(row, 4);
  const name = <usize>load<u32>(row);
  let buffer: usize = 0;
  for (let k = i + 1; k < fieldCount; k++) {
    const other = fieldTable + FIELD_BYTES * <usize>k;
    if (load<i32>(other, 4) != length || !isSameField(name, load<u32>(other), length)) continue;
    if (buffer == 0) {
      buffer = newBuffer(load<i32>(row, 12) + load<i32>(other, 12) + 8);
      putBytes(buffer, <usize>load<u32>(row, 8), load<i32>(row, 12));
    }
    putByte(buffer, 0x2c);
    putBytes(buffer, <usize>load<u32>(other, 8), load<i32>(other, 12));
  }
  if (buffer == 0) return valueAt(row);
  const whole = bufferString(buffer);
  return textOf(stringPtr(whole), stringLen(whole));
}

function isSameField(a: usize, b: usize, length: i32): bool {
  for (let i = 0; i < length; i++) if (lower(load<u8>(a + i)) != lower(load<u8>(b + i))) return false;
  return true;
}

/** The whole object. */
export function headersValue(): usize {
  readFields();
  const headers = makeObject(fieldCount + 4);
  burn(fieldCount);
  let row = fieldTable;
  for (let i = 0; i < fieldCount; i++) {
    const length = load<i32>(row, 4);
    const name = makeView(lowered(load<u32>(row), length), length);
    if (!(length == 4 && load<u32>(stringPtr(name)) == 0x74736f68)) {
      if (objectGet(headers, name) == 0) addEntry(headers, name, joined(row, i));
    }
    row += FIELD_BYTES;
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
