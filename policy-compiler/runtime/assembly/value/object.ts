/** Objects. Walk them in Rego's order with `sortEntries(object)`, then objectKeyAt / objectValueAt. */
import { addEntry, entriesOf, entryCount, makeEntries } from "./entries";
import { findEntry } from "./equal";
import { OBJECT, UNDEFINED } from "./value";

export function makeObject(capacity: i32 = 0): usize {
  return makeEntries(OBJECT, capacity);
}

// @ts-ignore: decorator
@inline
export function objectLen(object: usize): i32 {
  return entryCount(object);
}

// @ts-ignore: decorator
@inline
export function objectKeyAt(object: usize, i: i32): usize {
  return <usize>load<u32>(entriesOf(object) + (<usize>i << 3));
}

// @ts-ignore: decorator
@inline
export function objectValueAt(object: usize, i: i32): usize {
  return <usize>load<u32>(entriesOf(object) + (<usize>i << 3), 4);
}

/** The key's value, or undefined (0). */
export function objectGet(object: usize, key: usize): usize {
  const i = findEntry(object, key);
  return i < 0 ? UNDEFINED : objectValueAt(object, i);
}

/** Adds the entry, or replaces the value of an equal key. */
export function objectInsert(object: usize, key: usize, value: usize): void {
  const i = findEntry(object, key);
  if (i < 0) addEntry(object, key, value);
  else store<u32>(entriesOf(object) + (<usize>i << 3), <u32>value, 4);
}

/** A copy whose entries may be changed; keys and values are shared. */
export function copyObject(object: usize): usize {
  const length = entryCount(object);
  const copy = makeEntries(OBJECT, length + 2);
  const entries = entriesOf(object);
  for (let i = 0; i < length; i++) {
    const at = entries + (<usize>i << 3);
    addEntry(copy, <usize>load<u32>(at), <usize>load<u32>(at, 4));
  }
  return copy;
}
