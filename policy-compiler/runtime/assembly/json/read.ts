/**
 * JSON text → value. Strings without escapes are views on the text, which must outlive
 * the value. With `rego` also sets (`{1, 2}`, `set()`), keys of any kind and a comma
 * before what closes, as in Rego's ground terms. Of equal keys the last one counts, as in Go.
 */
import { burn } from "../failure";
import { alloc, setHeapPtr } from "../memory";
import { parseNumber } from "../number/number";
import { arrayPush, makeArray } from "../value/array";
import { internAtom } from "../value/atoms";
import { dropLastEntry, indexEntries, pushEntry } from "../value/entries";
import { repeatsKey } from "../value/equal";
import { hashString } from "../value/hash";
import { makeObject, objectInsert } from "../value/object";
import { makeSet, setAdd } from "../value/set";
import { FALSE_VALUE, NULL_VALUE, STRING, TRUE_VALUE, kindOf, makeView } from "../value/value";

/**
 * As Go's encoding/json: what is deeper is no JSON. On a stack that ends before, reading ends the
 * evaluation: to say that such a text is none would let through what a rule would deny by it.
 */
const DEPTH_MAX: i32 = 10_000;
/** Entries up to which equal keys are looked for without an index. */
const PLAIN_MAX: i32 = 32;

let at: usize = 0;
let end: usize = 0;
let isRego: bool = false;

/** The value, or 0 where the text is not JSON (or deeper than DEPTH_MAX). */
export function parseJson(ptr: usize, length: i32, rego: bool = false): usize {
  at = ptr;
  end = ptr + <usize>length;
  isRego = rego;
  burn(length >> 4);
  const value = readValue(0);
  if (value == 0) return 0;
  skipSpace();
  return at == end ? value : 0;
}

// @ts-ignore: decorator
@inline
function skipSpace(): void {
  while (at < end) {
    const byte = load<u8>(at);
    if (byte > 0x20 || (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09)) return;
    at++;
  }
}

function readValue(depth: i32): usize {
  skipSpace();
  if (at >= end || depth > DEPTH_MAX) return 0;
  const byte = load<u8>(at);
  if (byte == 0x22) return readString();
  if (byte == 0x7b) return readObject(depth);
  if (byte == 0x5b) return readArray(depth);
  if (byte == 0x2d || (byte >= 0x30 && byte <= 0x39)) return readNumber();
  const left = end - at;
  if (left >= 4 && load<u32>(at) == 0x65757274) {
    at += 4;
    return TRUE_VALUE;
  }
  if (left >= 4 && load<u32>(at) == 0x6c6c756e) {
    at += 4;
    return NULL_VALUE;
  }
  if (left >= 5 && byte == 0x66 && load<u32>(at + 1) == 0x65736c61) {
    at += 5;
    return FALSE_VALUE;
  }
  if (isRego && left >= 5 && load<u32>(at) == 0x28746573 && load<u8>(at + 4) == 0x29) {
    at += 5;
    return makeSet();
  }
  return 0;
}

function readNumber(): usize {
  const from = at;
  if (load<u8>(at) == 0x2d) at++;
  if (at >= end) return 0;
  const first = load<u8>(at);
  if (first == 0x30) at++;
  else if (!digits()) return 0;
  if (at < end && load<u8>(at) == 0x2e) {
    at++;
    if (!digits()) return 0;
  }
  if (at < end && (load<u8>(at) | 0x20) == 0x65) {
    at++;
    if (at < end && (load<u8>(at) == 0x2b || load<u8>(at) == 0x2d)) at++;
    if (!digits()) return 0;
  }
  return parseNumber(from, <i32>(at - from));
}

/** At least one. */
function digits(): bool {
  const from = at;
  while (at < end && <u32>load<u8>(at) - 0x30 <= 9) at++;
  return at > from;
}

function readArray(depth: i32): usize {
  at++;
  skipSpace();
  if (at < end && load<u8>(at) == 0x5d) {
    at++;
    return makeArray(0);
  }
  let array: usize = 0;
  while (true) {
    const value = readValue(depth + 1);
    if (value == 0) return 0;
    // Data has many arrays of one element: they get room for one.
    if (array == 0) array = makeArray(at < end && load<u8>(at) == 0x5d ? 1 : 4);
    arrayPush(array, value);
    skipSpace();
    if (at >= end) return 0;
    const byte = load<u8>(at++);
    if (byte == 0x5d) return array;
    if (byte != 0x2c) return 0;
    if (isRego && closes(0x5d)) return array;
  }
}

/** Keys are the policy's own strings where they are equal, so that code finds them by address. */
function readObject(depth: i32): usize {
  if (isRego) return readRegoObject(depth);
  at++;
  const object = makeObject();
  skipSpace();
  if (at < end && load<u8>(at) == 0x7d) {
    at++;
    return object;
  }
  let seen: u64 = 0; // a bit for each key's hash: most keys need no look at the others
  let isIndexed = false;
  while (true) {
    skipSpace();
    if (at >= end || load<u8>(at) != 0x22) return 0;
    let key = readString();
    if (key == 0) return 0;
    key = internAtom(key);
    skipSpace();
    if (at >= end || load<u8>(at) != 0x3a) return 0;
    at++;
    const value = readValue(depth + 1);
    if (value == 0) return 0;
    if (isIndexed) objectInsert(object, key, value);
    else {
      const hash = hashString(key);
      const bit = (<u64>1) << (hash & 63);
      const length = pushEntry(object, key, value);
      if (seen & bit && repeatsKey(object, hash)) {
        dropLastEntry(object);
        objectInsert(object, key, value);
        isIndexed = true;
      } else if (length == PLAIN_MAX) {
        indexEntries(object);
        isIndexed = true;
      }
      seen |= bit;
    }
    skipSpace();
    if (at >= end) return 0;
    const byte = load<u8>(at++);
    if (byte == 0x7d) return object;
    if (byte != 0x2c) return 0;
  }
}

/** An object with keys of any kind, or a set. */
function readRegoObject(depth: i32): usize {
  at++;
  skipSpace();
  if (at < end && load<u8>(at) == 0x7d) {
    at++;
    return makeObject();
  }
  let set: usize = 0;
  let object: usize = 0;
  while (true) {
    skipSpace();
    let key = readValue(depth + 1);
    if (key == 0) return 0;
    if (kindOf(key) == STRING) key = internAtom(key);
    skipSpace();
    if (at >= end) return 0;
    let byte = load<u8>(at);
    if (set == 0 && byte == 0x3a) {
      at++;
      if (object == 0) object = makeObject();
      const value = readValue(depth + 1);
      if (value == 0) return 0;
      objectInsert(object, key, value);
      skipSpace();
      if (at >= end) return 0;
      byte = load<u8>(at);
    } else {
      if (object != 0) return 0;
      if (set == 0) set = makeSet();
      setAdd(set, key);
    }
    at++;
    if (byte == 0x7d || (byte == 0x2c && closes(0x7d))) return set != 0 ? set : object;
    if (byte != 0x2c) return 0;
  }
}

/** Takes the closing byte if it comes next. */
function closes(byte: u32): bool {
  skipSpace();
  if (at >= end || load<u8>(at) != byte) return false;
  at++;
  return true;
}

/** `at` stands on the opening quote. */
function readString(): usize {
  const from = at + 1;
  const to = endOfPlain(from);
  at = to;
  if (to >= end) return 0;
  const byte = load<u8>(to);
  if (byte == 0x22) {
    at = to + 1;
    return makeView(from, <i32>(to - from));
  }
  return byte == 0x5c ? readEscaped(from) : 0;
}

/** The first quote, backslash or control character from `from` on, or `end`. */
// @ts-ignore: decorator
@inline
function endOfPlain(from: usize): usize {
  let p = from;
  const last = end - 16;
  while (<isize>p <= <isize>last) {
    const bytes = v128.load(p);
    const stops = v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
      i8x16.lt_u(bytes, i8x16.splat(0x20)),
    );
    const mask = i8x16.bitmask(stops);
    if (mask != 0) return p + <usize>ctz(mask);
    p += 16;
  }
  while (p < end) {
    const byte = load<u8>(p);
    if (byte == 0x22 || byte == 0x5c || byte < 0x20) return p;
    p++;
  }
  return p;
}

function readEscaped(from: usize): usize {
  // The decoded text is never longer than the written one.
  let close = at;
  while (close < end && load<u8>(close) != 0x22) close += load<u8>(close) == 0x5c ? 2 : 1;
  if (close >= end) return 0;
  const target = alloc(close - from);
  memory.copy(target, from, at - from);
  let to = target + (at - from);
  while (at < close) {
    const byte = load<u8>(at);
    if (byte < 0x20) return 0;
    if (byte != 0x5c) {
      store<u8>(to++, byte);
      at++;
      continue;
    }
    const escape = load<u8>(at + 1);
    at += 2;
    if (escape == 0x75) {
      let point = readHex(at, close);
      if (point < 0) return 0;
      at += 4;
      if (point >= 0xd800 && point < 0xe000) {
        let low = -1;
        if (point < 0xdc00 && at + 6 <= close && load<u16>(at) == 0x755c) low = readHex(at + 2, close);
        if (low >= 0xdc00 && low < 0xe000) {
          at += 6;
          point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        } else point = 0xfffd;
      }
      to = putPoint(to, <u32>point);
      continue;
    }
    let plain: u32 = 0;
    if (escape == 0x22 || escape == 0x5c || escape == 0x2f) plain = escape;
    else if (escape == 0x6e) plain = 0x0a;
    else if (escape == 0x74) plain = 0x09;
    else if (escape == 0x72) plain = 0x0d;
    else if (escape == 0x62) plain = 0x08;
    else if (escape == 0x66) plain = 0x0c;
    else return 0;
    store<u8>(to++, <u8>plain);
  }
  at = close + 1;
  setHeapPtr(to);
  return makeView(target, <i32>(to - target));
}

function putPoint(to: usize, point: u32): usize {
  if (point < 0x80) {
    store<u8>(to, <u8>point);
    return to + 1;
  }
  if (point < 0x800) {
    store<u8>(to, <u8>(0xc0 | (point >> 6)));
    store<u8>(to + 1, <u8>(0x80 | (point & 0x3f)));
    return to + 2;
  }
  if (point < 0x10000) {
    store<u8>(to, <u8>(0xe0 | (point >> 12)));
    store<u8>(to + 1, <u8>(0x80 | ((point >> 6) & 0x3f)));
    store<u8>(to + 2, <u8>(0x80 | (point & 0x3f)));
    return to + 3;
  }
  store<u8>(to, <u8>(0xf0 | (point >> 18)));
  store<u8>(to + 1, <u8>(0x80 | ((point >> 12) & 0x3f)));
  store<u8>(to + 2, <u8>(0x80 | ((point >> 6) & 0x3f)));
  store<u8>(to + 3, <u8>(0x80 | (point & 0x3f)));
  return to + 4;
}

/** Four hexadecimal digits, or -1. */
function readHex(from: usize, limit: usize): i32 {
  if (from + 4 > limit) return -1;
  let n = 0;
  for (let i: usize = 0; i < 4; i++) {
    const byte = <i32>load<u8>(from + i);
    let digit = byte - 0x30;
    if (digit < 0 || digit > 9) {
      digit = (byte | 0x20) - 0x61 + 10;
      if (digit < 10 || digit > 15) return -1;
    }
    n = (n << 4) | digit;
  }
  return n;
}
