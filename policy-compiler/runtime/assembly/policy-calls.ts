/** What emitted code calls; the emitter finds these by their names. */
import { ABORT_DEPTH, ABORT_FUEL, abort, abortWith } from "./failure";
import { arrayGet, arrayLen } from "./value/array";
import { equal } from "./value/compare";
import { makeObject, objectGet, objectInsert } from "./value/object";
import { makeSet } from "./value/set";
import { valueLength } from "./value/access";
import { OBJECT, UNDEFINED, kindOf, makeInt } from "./value/value";

/** Emitted code takes its steps from `fuel` itself. */
export function outOfFuel(): void {
  abort(ABORT_FUEL);
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

export function isEqual(a: usize, b: usize): bool {
  return equal(a, b);
}

export function lengthOf(value: usize): usize {
  return makeInt(valueLength(value));
}

export function hasKind(value: usize, kind: u32): bool {
  return kindOf(value) == kind;
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
