/**
 * `parsed_path` and `parsed_query` as opa-envoy-plugin makes them of the request target:
 * the path before `?`, percent-decoded, leading slashes off, split on `/`; the query as Go's
 * url.ParseQuery reads it. Where an escape is malformed the plugin fails the whole check:
 * here the value is undefined and `isBadRequest` says so.
 */
import { burn } from "../failure";
import { alloc } from "../memory";
import { arrayPush, makeArray } from "../value/array";
import { makeObject, objectGet, objectInsert } from "../value/object";
import { targetLength, targetPtr } from "./head";
import { textOf } from "./text";
import { makeView } from "../value/value";

/** A policy asked for a path or query that is malformed. */
export let isBadRequest: bool = false;

export function resetTarget(): void {
  isBadRequest = false;
}

const MALFORMED: usize = 0;
let decodedLength: i32 = 0;

/** Sixteen bytes at a time, as far as nothing is escaped and all is ASCII: what is behind the head may be read. */
export function parsedPathValue(): usize {
  const target = targetPtr();
  const whole = targetLength();
  let from = 0;
  while (from < whole && load<u8>(target + from) == 0x2f) from++;
  const segments = makeArray(8);
  let end = whole;
  for (let at = from; at < end; at += 16) {
    const bytes = v128.load(target + at);
    let slashes = <u32>i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x2f)));
    let others = <u32>i8x16.bitmask(
      v128.or(bytes, v128.or(i8x16.eq(bytes, i8x16.splat(0x25)), i8x16.eq(bytes, i8x16.splat(0x3f)))),
    );
    if (end - at < 16) {
      const within = ((<u32>1) << (end - at)) - 1;
      slashes &= within;
      others &= within;
    }
    if (others != 0) {
      const first = <i32>ctz(others);
      if (load<u8>(target + at + first) != 0x3f) return decodedPathValue(target, whole);
      end = at + first;
      slashes &= ((<u32>1) << first) - 1;
    }
    for (; slashes != 0; slashes &= slashes - 1) {
      const slash = at + <i32>ctz(slashes);
      arrayPush(segments, makeView(target + from, slash - from));
      from = slash + 1;
    }
  }
  arrayPush(segments, makeView(target + from, end - from));
  return segments;
}

function decodedPathValue(target: usize, whole: i32): usize {
  let end = 0;
  while (end < whole && load<u8>(target + end) != 0x3f) end++;
  let path = decode(target, end, false);
  if (path == MALFORMED) {
    isBadRequest = true;
    return 0;
  }
  let length = decodedLength;
  while (length > 0 && load<u8>(path) == 0x2f) {
    path++;
    length--;
  }
  const segments = makeArray(8);
  let from = 0;
  for (let i = 0; i < length; i++) {
    if (load<u8>(path + i) != 0x2f) continue;
    arrayPush(segments, textOf(path + from, i - from));
    from = i + 1;
  }
  arrayPush(segments, textOf(path + from, length - from));
  return segments;
}

export function parsedQueryValue(): usize {
  const query = makeObject();
  const target = targetPtr();
  const length = targetLength();
  let at = 0;
  while (at < length && load<u8>(target + at) != 0x3f) at++;
  at++;
  while (at < length) {
    burn(1);
    let end = at;
    let equals = -1;
    for (; end < length; end++) {
      const byte = load<u8>(target + end);
      if (byte == 0x26) break;
      if (byte == 0x3b) isBadRequest = true;
      if (byte == 0x3d && equals < 0) equals = end;
    }
    if (end > at) addParameter(query, at, equals < 0 ? end : equals, equals < 0 ? end : equals + 1, end);
    at = end + 1;
  }
  return isBadRequest ? 0 : query;
}

function addParameter(query: usize, name: i32, nameEnd: i32, value: i32, end: i32): void {
  const key = decodeText(name, nameEnd);
  const text = decodeText(value, end);
  if (key == 0 || text == 0) {
    isBadRequest = true;
    return;
  }
  let values = objectGet(query, key);
  if (values == 0) {
    values = makeArray(2);
    objectInsert(query, key, values);
  }
  arrayPush(values, text);
}

function decodeText(from: i32, end: i32): usize {
  const bytes = decode(targetPtr() + from, end - from, true);
  return bytes == MALFORMED ? 0 : textOf(bytes, decodedLength);
}

/**
 * The bytes without percent escapes (RFC 3986 §2.1), in a query with `+` as space; their
 * number is in decodedLength. The place of the bytes themselves where nothing is escaped.
 */
function decode(ptr: usize, length: i32, isQuery: bool): usize {
  decodedLength = length;
  let i = 0;
  for (; i < length; i++) {
    const byte = load<u8>(ptr + i);
    if (byte == 0x25 || (isQuery && byte == 0x2b)) break;
  }
  if (i == length) return ptr;
  burn(length >> 3);
  const out = alloc(<usize>length);
  memory.copy(out, ptr, i);
  let to = out + i;
  while (i < length) {
    const byte = load<u8>(ptr + i);
    if (byte == 0x25) {
      if (i + 2 >= length) return MALFORMED;
      const high = hexDigit(load<u8>(ptr + i + 1));
      const low = hexDigit(load<u8>(ptr + i + 2));
      if (high < 0 || low < 0) return MALFORMED;
      store<u8>(to++, <u8>((high << 4) | low));
      i += 3;
    } else {
      store<u8>(to++, isQuery && byte == 0x2b ? 0x20 : byte);
      i++;
    }
  }
  decodedLength = <i32>(to - out);
  return out;
}

function hexDigit(byte: u32): i32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : -1;
}
