/** What works on values of any kind: references, lengths, merging, changing along a path. */
import { burn } from "../failure";
import { arrayGet, arrayLen } from "./array";
import { entriesOf, entryCount, findEntry, sortEntries } from "./entries";
import { copyObject, makeObject, objectGet, objectInsert, objectKeyAt, objectLen, objectValueAt } from "./object";
import { ARRAY, OBJECT, SET, STRING, UNDEFINED, intOf, isInt, kindOf, makeInt, stringLen, stringPtr } from "./value";

/** `value[key]`, or undefined (0). A set gives the member itself. */
export function valueGet(value: usize, key: usize): usize {
  if (value & 1 || value == 0) return UNDEFINED;
  const kind = load<u32>(value) & 0xff;
  if (kind == OBJECT) return objectGet(value, key);
  if (kind == ARRAY) {
    if (!isInt(key)) return UNDEFINED;
    const i = intOf(key);
    return i >= 0 && i < <i64>arrayLen(value) ? arrayGet(value, <i32>i) : UNDEFINED;
  }
  if (kind == SET) {
    const i = findEntry(value, key);
    return i < 0 ? UNDEFINED : <usize>load<u32>(entriesOf(value) + (<usize>i << 3));
  }
  return UNDEFINED;
}

/** Elements, entries, or code points of a string; -1 for other kinds. */
export function valueLength(value: usize): i32 {
  const kind = kindOf(value);
  if (kind == ARRAY) return arrayLen(value);
  if (kind == OBJECT || kind == SET) return entryCount(value);
  if (kind == STRING) {
    const length = stringLen(value);
    const ptr = stringPtr(value);
    let n = 0;
    burn(length >> 6);
    for (let i = 0; i < length; i++) if ((load<u8>(ptr + i) & 0xc0) != 0x80) n++;
    return n;
  }
  return -1;
}

/** Makes the value ready to be walked by position; gives its length, 0 for scalars. */
export function scanLength(value: usize): i32 {
  if (value & 1 || value == 0) return 0;
  const kind = load<u32>(value) & 0xff;
  if (kind < ARRAY) return 0;
  if (kind != ARRAY) sortEntries(value);
  return load<i32>(value, 4);
}

/** Key of the i-th element of something that scanLength made ready. */
export function scanKey(value: usize, i: i32): usize {
  if ((load<u32>(value) & 0xff) == ARRAY) return makeInt(i);
  return <usize>load<u32>(entriesOf(value) + (<usize>i << 3));
}

// @ts-ignore: decorator
@inline
export function scanValue(value: usize, i: i32): usize {
  if ((load<u32>(value) & 0xff) == ARRAY) return arrayGet(value, i);
  return <usize>load<u32>(entriesOf(value) + (<usize>i << 3), 4);
}

/** Merges objects deeply; where both have something else under a key, `a` stands. */
export function merge(a: usize, b: usize): usize {
  if (a == UNDEFINED) return b;
  if (b == UNDEFINED) return a;
  if (kindOf(a) != OBJECT || kindOf(b) != OBJECT) return a;
  burn(objectLen(a) + objectLen(b));
  const merged = copyObject(a);
  const length = objectLen(b);
  for (let i = 0; i < length; i++) {
    const key = objectKeyAt(b, i);
    objectInsert(merged, key, merge(objectGet(a, key), objectValueAt(b, i)));
  }
  return merged;
}

/** `target` with `value` at the path (an array of keys); objects on the way are copied or made. */
export function upsert(target: usize, path: usize, value: usize): usize {
  return upsertFrom(target, path, 0, value);
}

function upsertFrom(target: usize, path: usize, at: i32, value: usize): usize {
  if (at == arrayLen(path)) return value;
  const copy = kindOf(target) == OBJECT ? copyObject(target) : makeObject();
  const key = arrayGet(path, at);
  objectInsert(copy, key, upsertFrom(objectGet(copy, key), path, at + 1, value));
  return copy;
}
