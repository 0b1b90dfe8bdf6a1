/**
 * Makes a value final: sorted, hashed, indexed, its strings replaced by the policy's own
 * where they are equal. Afterwards nothing writes to it, so an evaluation that is cut off
 * anywhere leaves data as it was.
 */
import { arrayGet, arrayLen, arraySet } from "./array";
import { internAtom, makeAtom } from "./atoms";
import { sortEntries } from "./compare";
import { ensureIndex, entriesOf, entryCount } from "./entries";
import { hashString } from "./hash";
import { ARRAY, KEYED, OBJECT, SET, STRING, setFlag } from "./value";

/** The value to use instead: the same, or an equal atom. */
export function seal(value: usize): usize {
  if (value & 1 || value == 0) return value;
  const kind = load<u32>(value) & 0xff;
  if (kind == STRING) {
    hashString(value);
    return internAtom(value);
  }
  if (kind == ARRAY) {
    const length = arrayLen(value);
    for (let i = 0; i < length; i++) arraySet(value, i, seal(arrayGet(value, i)));
    return value;
  }
  if (kind == OBJECT || kind == SET) {
    const length = entryCount(value);
    let at = entriesOf(value);
    for (let i = 0; i < length; i++) {
      const key = seal(<usize>load<u32>(at));
      store<u32>(at, <u32>key);
      store<u32>(at, <u32>(kind == SET ? key : seal(<usize>load<u32>(at, 4))), 4);
      at += 8;
    }
    setFlag(value, KEYED);
    sortEntries(value);
    ensureIndex(value);
  }
  return value;
}

/**
 * Makes the strings of a sealed value atoms, one cell for all that are equal: what a request says is then
 * found in it by address. All constants are before any data is, and both before anything is decided: a
 * string that was CHECKED and stays so would differ from a later atom of the same text.
 */
export function makeAtoms(value: usize): usize {
  if (value & 1 || value == 0) return value;
  const kind = load<u32>(value) & 0xff;
  if (kind == STRING) return makeAtom(value);
  if (kind == ARRAY) {
    const length = arrayLen(value);
    for (let i = 0; i < length; i++) arraySet(value, i, makeAtoms(arrayGet(value, i)));
    setFlag(value, KEYED);
  } else if (kind == OBJECT || kind == SET) {
    const length = entryCount(value);
    let at = entriesOf(value);
    for (let i = 0; i < length; i++) {
      const key = makeAtoms(<usize>load<u32>(at));
      store<u32>(at, <u32>key);
      store<u32>(at, <u32>(kind == SET ? key : makeAtoms(<usize>load<u32>(at, 4))), 4);
      at += 8;
    }
  }
  return value;
}
