/** What emitted code calls; the emitter finds these by their names. */
import { ABORT_DEPTH, abort, abortWith } from "./failure";
import { arrayGet, arrayLen } from "./value/array";
import { entriesOf, entryCount } from "./value/entries";
import { equal, equalCells, equalStrings, findAtom, findEntry } from "./value/equal";
import { makeObject, objectGet, objectInsert } from "./value/object";
import { makeSet } from "./value/set";
import { valueLength } from "./value/access";
import { ARRAY, ATOM, CHECKED, KEYED, OBJECT, SET, STRING, UNDEFINED, kindOf, makeInt } from "./value/value";

/** What a plan's results (a set of objects of bindings: one, or none) bind to the key, or undefined. */
export function resultOf(results: usize, key: usize): usize {
  return entryCount(results) == 0 ? UNDEFINED : getAtom(<usize>load<u32>(entriesOf(results)), key);
}

export function newObject(): usize {
  return makeObject();
}

export function newSet(): usize {
  return makeSet();
}

export function tooDeep(): void {
  abort(ABORT_DEPTH);
}

/** Equality of values that are not the same word, and not both small integers. */
export function isEqual(a: usize, b: usize): bool {
  if (!((a | b) & 1) && load<u32>(a) & load<u32>(b) & ATOM) return false;
  return equalCells(a, b);
}

/** Equality with a constant string that is not the same cell. */
export function isAtomText(value: usize, atom: usize): bool {
  return !(value & 1) && (load<u32>(value) & (0xff | ATOM | CHECKED)) == STRING && equalStrings(value, atom);
}

/** `value[atom]`, or undefined. */
export function getAtom(value: usize, atom: usize): usize {
  if (value & 1) return UNDEFINED;
  const head = load<u32>(value); // of address 0: 0
  if ((head & 0xff) == OBJECT) {
    const i = head & KEYED ? findAtom(value, atom) : findEntry(value, atom);
    return i < 0 ? UNDEFINED : <usize>load<u32>(entriesOf(value) + (<usize>i << 3), 4);
  }
  return (head & 0xff) == SET && findEntry(value, atom) >= 0 ? atom : UNDEFINED;
}

/** Where the first value of something scanLength made ready lies: array elements, or entries behind their keys. */
export function scanStart(value: usize): usize {
  return <usize>load<u32>(value, 12) + ((load<u32>(value) & 0xff) == ARRAY ? 0 : 4);
}

export function lengthOf(value: usize): usize {
  return makeInt(valueLength(value));
}

export function assignConflict(): void {
  abortWith("eval_conflict_error: complete rules must not produce multiple outputs");
}

/** Inserts a key that must be new, or have an equal value. */
export function objectInsertOnce(object: usize, key: usize, value: usize): void {
  const present = objectGet(object, key);
  if (present == UNDEFINED) objectInsert(object, key, value);
  else if (!equal(present, value)) abortWith("eval_conflict_error: object keys must be unique");
}

/** Number of the function at the path (an array of keys) in the tree of functions, or -1. */
export function functionAt(tree: usize, path: usize): i32 {
  let node = tree;
  const length = arrayLen(path);
  for (let i = 0; i < length; i++) {
    if (kindOf(node) != OBJECT) return -1;
    node = objectGet(node, arrayGet(path, i));
  }
  return node & 1 ? <i32>node >> 1 : -1;
}
