/** Sets. Walk them in Rego's order with `sortEntries(set)`, then setAt. */
import { addEntry, entriesOf, entryCount, makeEntries } from "./entries";
import { findEntry } from "./equal";
import { SET } from "./value";

export function makeSet(capacity: i32 = 0): usize {
  return makeEntries(SET, capacity);
}

// @ts-ignore: decorator
@inline
export function setLen(set: usize): i32 {
  return entryCount(set);
}

// @ts-ignore: decorator
@inline
export function setAt(set: usize, i: i32): usize {
  return <usize>load<u32>(entriesOf(set) + (<usize>i << 3));
}

export function setHas(set: usize, value: usize): bool {
  return findEntry(set, value) >= 0;
}

export function setAdd(set: usize, value: usize): void {
  if (findEntry(set, value) < 0) addEntry(set, value, value);
}
