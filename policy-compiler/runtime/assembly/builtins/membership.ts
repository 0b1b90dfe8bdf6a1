/** `x in c` and `k, v in c`. */
import { burn } from "../failure";
import { arrayGet, arrayLen } from "../value/array";
import { equal } from "../value/compare";
import { objectLen, objectValueAt } from "../value/object";
import { setHas } from "../value/set";
import { valueGet } from "../value/access";
import { ARRAY, FALSE_VALUE, OBJECT, SET, TRUE_VALUE, kindOf, makeBoolean } from "../value/value";

export function member(value: usize, collection: usize): usize {
  const kind = kindOf(collection);
  if (kind == SET) return makeBoolean(setHas(collection, value));
  if (kind == ARRAY) {
    const length = arrayLen(collection);
    burn(length >> 2);
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

/** The key of a set's member is the member itself. */
export function memberWithKey(key: usize, value: usize, collection: usize): usize {
  const found = valueGet(collection, key);
  return makeBoolean(found != 0 && equal(found, value));
}
