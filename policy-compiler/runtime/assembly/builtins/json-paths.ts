/**
 * Paths into documents: strings of segments (`a/0/b`, RFC 6901 but that the first slash is
 * optional) or arrays of keys; and json.filter and json.remove, which take many of them.
 */
import { bufferString, newBuffer, putByte, putInt } from "../buffer";
import { burn } from "../failure";
import { arrayGet, arrayLen, arrayPush, makeArray } from "../value/array";
import { sortEntries } from "../value/compare";
import { addEntry } from "../value/entries";
import { makeObject, objectGet, objectInsert, objectKeyAt, objectValueAt } from "../value/object";
import { makeSet, setAdd, setAt } from "../value/set";
import { ARRAY, NULL, NULL_VALUE, OBJECT, SET, STRING, kindOf, stringLen, stringPtr } from "../value/value";
import { expectKind, operandError } from "./operands";

/** The path as an array of keys, or 0 with an error. */
export function parsePath(name: string, path: usize): usize {
  const kind = kindOf(path);
  if (kind == ARRAY) return path;
  if (kind != STRING) {
    return operandError(name, 2, "one of {set, array} containing string paths or array of path segments", path);
  }
  const keys = makeArray(4);
  let at = stringPtr(path);
  const end = at + <usize>stringLen(path);
  if (at == end) return keys;
  while (at < end && load<u8>(at) == 0x2f) at++;
  burn(stringLen(path) >> 4);
  let segment = newBuffer(16);
  for (; at < end; at++) {
    let byte = <u32>load<u8>(at);
    if (byte == 0x2f) {
      arrayPush(keys, bufferString(segment));
      segment = newBuffer(16);
      continue;
    }
    if (byte == 0x7e && at + 1 < end && (load<u8>(at + 1) == 0x30 || load<u8>(at + 1) == 0x31)) {
      byte = load<u8>(++at) == 0x30 ? 0x7e : 0x2f;
    }
    putByte(segment, byte);
  }
  arrayPush(keys, bufferString(segment));
  return keys;
}

/** All paths as one tree: objects, and null where a path ends. 0 with an error. */
function pathTree(name: string, paths: usize): usize {
  const kind = kindOf(paths);
  if (kind != ARRAY && kind != SET) return operandError(name, 2, "one of {set, array}", paths);
  if (kind == SET) sortEntries(paths);
  const root = makeObject();
  const length = load<i32>(paths, 4);
  for (let i = 0; i < length; i++) {
    const keys = parsePath(name, kind == ARRAY ? arrayGet(paths, i) : setAt(paths, i));
    if (keys == 0) return 0;
    addPath(root, keys);
  }
  return root;
}

function addPath(root: usize, keys: usize): void {
  const last = arrayLen(keys) - 1;
  burn(last + 1);
  let node = root;
  for (let i = 0; i < last; i++) {
    let child = objectGet(node, arrayGet(keys, i));
    if (child == NULL_VALUE) return;
    if (child == 0) {
      child = makeObject();
      objectInsert(node, arrayGet(keys, i), child);
    }
    node = child;
  }
  if (last >= 0) objectInsert(node, arrayGet(keys, last), NULL_VALUE);
}

/** An array's position as a path's segment writes it. */
function indexKey(i: i32): usize {
  const text = newBuffer(8);
  putInt(text, i);
  return bufferString(text);
}

export function filterPaths(object: usize, paths: usize): usize {
  if (!expectKind("json.filter", 1, object, OBJECT)) return 0;
  const tree = pathTree("json.filter", paths);
  return tree == 0 ? 0 : filtered(object, tree);
}

function filtered(value: usize, tree: usize): usize {
  const kind = kindOf(value);
  if (kindOf(tree) == NULL || kind < ARRAY) return value;
  const length = load<i32>(value, 4);
  burn(1 + length);
  if (kind == ARRAY) {
    const kept = makeArray(4);
    for (let i = 0; i < length; i++) {
      const below = objectGet(tree, indexKey(i));
      if (below != 0) arrayPush(kept, filtered(arrayGet(value, i), below));
    }
    return kept;
  }
  const kept = kind == SET ? makeSet() : makeObject();
  for (let i = 0; i < length; i++) {
    const key = objectKeyAt(value, i);
    const below = objectGet(tree, key);
    if (below == 0) continue;
    const part = filtered(objectValueAt(value, i), below);
    if (kind == SET) setAdd(kept, part);
    else addEntry(kept, key, part);
  }
  return kept;
}

export function removePaths(object: usize, paths: usize): usize {
  if (!expectKind("json.remove", 1, object, OBJECT)) return 0;
  const tree = pathTree("json.remove", paths);
  return tree == 0 ? 0 : without(object, tree);
}

/** What is left of the value, or 0 where a path ends at it. */
function without(value: usize, tree: usize): usize {
  if (tree == 0) return value;
  if (kindOf(tree) == NULL) return 0;
  const kind = kindOf(value);
  if (kind < ARRAY) return value;
  const length = load<i32>(value, 4);
  burn(1 + length);
  if (kind == ARRAY) {
    const kept = makeArray(length);
    for (let i = 0; i < length; i++) {
      const part = without(arrayGet(value, i), objectGet(tree, indexKey(i)));
      if (part != 0) arrayPush(kept, part);
    }
    return kept;
  }
  const kept = kind == SET ? makeSet(length) : makeObject(length);
  for (let i = 0; i < length; i++) {
    const key = objectKeyAt(value, i);
    const part = without(objectValueAt(value, i), objectGet(tree, key));
    if (part == 0) continue;
    if (kind == SET) setAdd(kept, part);
    else addEntry(kept, key, part);
  }
  return kept;
}
