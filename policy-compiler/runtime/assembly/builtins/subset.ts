/** object.subset: of objects, sets, arrays (consecutive elements), and of a set in an array. */
import { burn, typeError } from "../failure";
import { arrayGet, arrayLen } from "../value/array";
import { equal } from "../value/equal";
import { objectGet, objectKeyAt, objectLen, objectValueAt } from "../value/object";
import { setAt, setHas, setLen } from "../value/set";
import { ARRAY, OBJECT, SET, kindOf, makeBoolean } from "../value/value";

export function subset(large: usize, small: usize): usize {
  const kind = kindOf(large);
  if (kind == ARRAY && kindOf(small) == SET) return makeBoolean(arrayHasAll(large, small));
  if (kind != kindOf(small) || kind < ARRAY) {
    return typeError("object.subset: both arguments object.subset must be of the same type or array and set");
  }
  return makeBoolean(contains(large, small, kind));
}

function contains(large: usize, small: usize, kind: u32): bool {
  if (kind == OBJECT) return objectContains(large, small);
  return kind == SET ? setContains(large, small) : arrayContains(large, small);
}

function objectContains(large: usize, small: usize): bool {
  const length = objectLen(small);
  burn(length);
  for (let i = 0; i < length; i++) {
    const wanted = objectValueAt(small, i);
    const found = objectGet(large, objectKeyAt(small, i));
    if (found == 0) return false;
    if (equal(found, wanted)) continue;
    const kind = kindOf(wanted);
    if (kind < ARRAY || kind != kindOf(found) || !contains(found, wanted, kind)) return false;
  }
  return true;
}

function setContains(large: usize, small: usize): bool {
  const length = setLen(small);
  burn(length);
  for (let i = 0; i < length; i++) if (!setHas(large, setAt(small, i))) return false;
  return true;
}

/**
 * As OPA searches: after a part that matched and then failed it goes on one element
 * behind the part's beginning.
 */
function arrayContains(large: usize, small: usize): bool {
  const length = arrayLen(small);
  const last = arrayLen(large) - length;
  for (let from = 0; from <= last; from++) {
    burn(1);
    let i = 0;
    while (i < length && equal(arrayGet(large, from + i), arrayGet(small, i))) {
      i++;
      burn(1);
    }
    if (i == length) return true;
  }
  return false;
}

/** As OPA counts: members found in the array, repeated ones repeatedly. */
function arrayHasAll(array: usize, set: usize): bool {
  let missing = setLen(set);
  const length = arrayLen(array);
  burn(length);
  for (let i = 0; i < length; i++) {
    if (setHas(set, arrayGet(array, i))) missing--;
    if (missing == 0) return true;
  }
  return false;
}
