/**
 * Changing loaded data in place, between evaluations (OPA's ABI: opa_value_add_path,
 * opa_value_remove_path). What is changed is sealed again: only the objects on the path.
 */
import { holdFuel, releaseFuel } from "../failure";
import { arrayGet, arrayLen } from "../value/array";
import { sortEntries } from "../value/compare";
import { removeEntry } from "../value/entries";
import { findEntry } from "../value/equal";
import { makeObject, objectGet, objectInsert } from "../value/object";
import { seal } from "../value/seal";
import { ARRAY, OBJECT, STRING, kindOf } from "../value/value";

const OK: i32 = 0;
const INVALID_TYPE: i32 = 2;
const INVALID_PATH: i32 = 3;

/** At least one key, all strings. */
function isPath(path: usize): bool {
  if (kindOf(path) != ARRAY || arrayLen(path) == 0) return false;
  for (let i = 0; i < arrayLen(path); i++) if (kindOf(arrayGet(path, i)) != STRING) return false;
  return true;
}

/** Puts `value` at the path below `base`, replacing what is there; objects that are missing on the way are made. */
export function opa_value_add_path(base: usize, path: usize, value: usize): i32 {
  if (!isPath(path)) return INVALID_PATH;
  const last = arrayLen(path) - 1;
  // How far the path is there already; an error must change nothing.
  let parent = base;
  let from = 0;
  while (true) {
    if (kindOf(parent) != OBJECT) return INVALID_TYPE;
    if (from == last) break;
    const next = objectGet(parent, arrayGet(path, from));
    if (next == 0) break;
    parent = next;
    from++;
  }
  holdFuel();
  let branch = seal(value);
  for (let i = last; i > from; i--) {
    const made = makeObject();
    objectInsert(made, seal(arrayGet(path, i)), branch);
    sortEntries(made);
    branch = made;
  }
  objectInsert(parent, seal(arrayGet(path, from)), branch);
  sortEntries(parent);
  releaseFuel();
  return OK;
}

/** Removes what is at the path below `base`, if anything is. */
export function opa_value_remove_path(base: usize, path: usize): i32 {
  if (!isPath(path)) return INVALID_PATH;
  const last = arrayLen(path) - 1;
  let parent = base;
  for (let i = 0; i < last && parent != 0; i++) {
    parent = kindOf(parent) == OBJECT ? objectGet(parent, arrayGet(path, i)) : 0;
  }
  if (kindOf(parent) != OBJECT) return OK;
  holdFuel();
  const at = findEntry(parent, arrayGet(path, last));
  if (at >= 0) removeEntry(parent, at);
  releaseFuel();
  return OK;
}
