/** object.get, .keys, .remove, .filter, .union, .union_n (v1/topdown/object.go). */
import { burn } from "../failure";
import { arrayGet, arrayLen } from "../value/array";
import { valueGet } from "../value/access";
import { addEntry } from "../value/entries";
import { copyObject, makeObject, objectGet, objectInsert, objectKeyAt, objectLen, objectValueAt } from "../value/object";
import { makeSet, setAdd } from "../value/set";
import { ARRAY, OBJECT, SET, kindOf } from "../value/value";
import { elementError, expectKind, operandError } from "./operands";

/** By a key, or along an array of keys; the default where there is nothing. */
export function get(object: usize, key: usize, otherwise: usize): usize {
  if (!expectKind("object.get", 1, object, OBJECT)) return 0;
  let found = object;
  if (kindOf(key) == ARRAY) {
    const length = arrayLen(key);
    for (let i = 0; i < length && found != 0; i++) found = valueGet(found, arrayGet(key, i));
  } else found = objectGet(object, key);
  return found == 0 ? otherwise : found;
}

export function keys(object: usize): usize {
  if (!expectKind("object.keys", 1, object, OBJECT)) return 0;
  const length = objectLen(object);
  const set = makeSet(length);
  burn(length >> 2);
  for (let i = 0; i < length; i++) addEntry(set, objectKeyAt(object, i), objectKeyAt(object, i));
  return set;
}

/** Something whose keys (of an array: elements) findEntry finds; or 0. */
function keysOf(name: string, collection: usize): usize {
  const kind = kindOf(collection);
  if (kind == OBJECT || kind == SET) return collection;
  if (kind != ARRAY) return operandError(name, 2, "one of {object, set, array}", collection);
  const length = arrayLen(collection);
  const set = makeSet(length);
  burn(length >> 2);
  for (let i = 0; i < length; i++) setAdd(set, arrayGet(collection, i));
  return set;
}

function pick(object: usize, wanted: usize, isKept: bool): usize {
  const length = objectLen(object);
  const picked = makeObject(isKept ? 0 : length);
  burn(length);
  for (let i = 0; i < length; i++) {
    const key = objectKeyAt(object, i);
    if ((valueGet(wanted, key) != 0) == isKept) addEntry(picked, key, objectValueAt(object, i));
  }
  return picked;
}

export function remove(object: usize, unwanted: usize): usize {
  if (!expectKind("object.remove", 1, object, OBJECT)) return 0;
  const known = keysOf("object.remove", unwanted);
  return known == 0 ? 0 : pick(object, known, false);
}

export function filter(object: usize, wanted: usize): usize {
  if (!expectKind("object.filter", 1, object, OBJECT)) return 0;
  const known = keysOf("object.filter", wanted);
  return known == 0 ? 0 : pick(object, known, true);
}

export function unionOfTwo(a: usize, b: usize): usize {
  if (!expectKind("object.union", 1, a, OBJECT) || !expectKind("object.union", 2, b, OBJECT)) return 0;
  return overwrite(a, b);
}

/** `b` wins, but for objects on both sides, which are merged in turn. */
function overwrite(a: usize, b: usize): usize {
  if (objectLen(a) == 0) return b;
  if (objectLen(b) == 0) return a;
  const merged = copyObject(a);
  burn(objectLen(a));
  overwriteInto(merged, b);
  return merged;
}

function overwriteInto(merged: usize, b: usize): void {
  const length = objectLen(b);
  burn(length);
  for (let i = 0; i < length; i++) {
    const key = objectKeyAt(b, i);
    const value = objectValueAt(b, i);
    const present = objectGet(merged, key);
    const areObjects = kindOf(present) == OBJECT && kindOf(value) == OBJECT;
    objectInsert(merged, key, areObjects ? overwrite(present, value) : value);
  }
}

/** Later ones win. */
export function unionOfAll(objects: usize): usize {
  if (!expectKind("object.union_n", 1, objects, ARRAY)) return 0;
  const length = arrayLen(objects);
  for (let i = 0; i < length; i++) {
    const object = arrayGet(objects, i);
    if (kindOf(object) != OBJECT) return elementError("object.union_n", 1, objects, object, "objects");
  }
  const merged = makeObject();
  for (let i = 0; i < length; i++) overwriteInto(merged, arrayGet(objects, i));
  return merged;
}
