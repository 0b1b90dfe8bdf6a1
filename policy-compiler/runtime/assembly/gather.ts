/** Collections by what is asked of them: an object from a value to the array, set or object that belongs to it. */
import { arrayPush, makeArray } from "./value/array";
import { equal } from "./value/equal";
import { makeObject, objectGet, objectInsert } from "./value/object";
import { makeSet, setAdd } from "./value/set";
import { ARRAY, FALSE_VALUE, kindOf, OBJECT, SET, UNDEFINED } from "./value/value";

export function gatherArray(groups: usize, by: usize, value: usize): void {
  arrayPush(groupOf(groups, by, ARRAY), value);
}

export function gatherSet(groups: usize, by: usize, value: usize): void {
  setAdd(groupOf(groups, by, SET), value);
}

/** Two values of one key are a conflict of whoever asks for this group: it is false from then on. */
export function gatherObject(groups: usize, by: usize, key: usize, value: usize): void {
  const group = groupOf(groups, by, OBJECT);
  if (kindOf(group) != OBJECT) return;
  const present = objectGet(group, key);
  if (present == UNDEFINED) objectInsert(group, key, value);
  else if (!equal(present, value)) objectInsert(groups, by, FALSE_VALUE);
}

function groupOf(groups: usize, by: usize, kind: u32): usize {
  const known = objectGet(groups, by);
  if (known != UNDEFINED) return known;
  const made = kind == ARRAY ? makeArray(4) : kind == SET ? makeSet() : makeObject();
  objectInsert(groups, by, made);
  return made;
}
