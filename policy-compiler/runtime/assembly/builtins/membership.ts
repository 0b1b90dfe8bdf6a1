/** `x in c` and `k, v in c`. */
import { burn } from "../failure";
import { arrayGet, arrayLen } from "../value/array";
import { equal, equalStrings } from "../value/equal";
import { objectLen, objectValueAt } from "../value/object";
import { setHas } from "../value/set";
import { valueGet } from "../value/access";
import { ARRAY, ATOM, CHECKED, FALSE_VALUE, KEYED, OBJECT, SET, STRING, TRUE_VALUE, kindOf, makeBoolean, stringLen } from "../value/value";

export function member(value: usize, collection: usize): usize {
  const kind = kindOf(collection);
  if (kind == SET) return makeBoolean(setHas(collection, value));
  if (kind == ARRAY) {
    const length = arrayLen(collection);
    burn(length >> 2);
    if (kindOf(value) == STRING) return makeBoolean(holdsString(collection, length, value));
    for (let i = 0; i < length; i++) if (equal(arrayGet(collection, i), value)) return TRUE_VALUE;
    return FALSE_VALUE;
  }
  if (kind == OBJECT) {
    const length = objectLen(collection);
    burn(length >> 2);
    for (let i = 0; i < length; i++) if (equal(objectValueAt(collection, i), value)) return TRUE_VALUE;
  }
  return FALSE_VALUE;
}

/** Most strings differ in their length already. */
function holdsString(array: usize, length: i32, value: usize): bool {
  const flags = load<u32>(value) & (ATOM | CHECKED);
  if (flags != 0 && load<u32>(array) & KEYED) return flags & ATOM ? holdsWord(array, length, value) : false;
  const bytes = stringLen(value);
  // Two atoms are equal by their address alone, and so are an atom and what was looked up among them.
  const passed: u32 = flags != 0 ? ATOM : 0;
  for (let i = 0; i < length; i++) {
    const element = arrayGet(array, i);
    if (element == value) return true;
    if (!(element & 1) && (load<u32>(element) & (0xff | passed)) == STRING && stringLen(element) == bytes) {
      if (equalStrings(element, value)) return true;
    }
  }
  return false;
}

function holdsWord(array: usize, length: i32, value: usize): bool {
  let at = <usize>load<u32>(array, 12);
  const end = at + (<usize>length << 2);
  for (; at < end; at += 4) if (<usize>load<u32>(at) == value) return true;
  return false;
}

/** The key of a set's member is the member itself. */
export function memberWithKey(key: usize, value: usize, collection: usize): usize {
  const found = valueGet(collection, key);
  return makeBoolean(found != 0 && equal(found, value));
}
