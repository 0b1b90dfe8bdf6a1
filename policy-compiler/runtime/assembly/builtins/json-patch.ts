/**
 * json.patch (RFC 6902) on documents with sets, as OPA's edit trees do it. Each operation
 * copies the containers on its path.
 */
import { builtinError, burn } from "../failure";
import { int64, parseNumber, toInt64 } from "../number/number";
import { literalLength, tidyLiteral } from "../number/literal";
import { arrayGet, arrayLen, arrayPush, makeArray } from "../value/array";
import { valueGet } from "../value/access";
import { addEntry } from "../value/entries";
import { equal } from "../value/equal";
import { copyObject, makeObject, objectGet, objectInsert, objectKeyAt, objectLen, objectValueAt } from "../value/object";
import { makeSet, setAdd, setAt, setHas, setLen } from "../value/set";
import {
  ARRAY, NUMBER, OBJECT, SET, STRING, isText, kindOf, makeText, stringLen, stringPtr,
} from "../value/value";
import { parsePath } from "./json-paths";
import { expectKind } from "./operands";

const INSERT: i32 = 0;
const DELETE: i32 = 1;

/** What is left of a document that was removed as a whole: only a new one may take its place. */
const GONE: usize = 1;

export function patch(document: usize, operations: usize): usize {
  if (!expectKind("json.patch", 2, operations, ARRAY)) return 0;
  let patched = document;
  const length = arrayLen(operations);
  for (let i = 0; i < length && patched != 0; i++) patched = applyOne(patched, arrayGet(operations, i));
  return patched == GONE ? builtinError("json.patch: the whole document was removed") : patched;
}

/** The document after the operation, or 0 with an error. */
function applyOne(document: usize, operation: usize): usize {
  if (kindOf(operation) != OBJECT) {
    return builtinError("json.patch: must be an array of JSON-Patch objects, but at least one element is not an object");
  }
  const target = objectGet(operation, makeText("path"));
  if (target == 0) return builtinError("json.patch: missing required attribute 'path'");
  const op = objectGet(operation, makeText("op"));
  if (op == 0) return builtinError("json.patch: missing required attribute 'op'");
  if (kindOf(op) != STRING) return builtinError("json.patch: attribute 'op' must be a string");
  const path = parsePath("json.patch", target);
  if (path == 0) return 0;
  if (document == GONE && !(isText(op, "add") && arrayLen(path) == 0)) {
    return builtinError("json.patch: deleted node encountered");
  }
  if (isText(op, "remove")) return edit(document, path, 0, DELETE, 0);
  if (isText(op, "move") || isText(op, "copy")) return transfer(document, path, operation, isText(op, "move"));
  const isTest = isText(op, "test");
  const isReplace = isText(op, "replace");
  if (!isTest && !isReplace && !isText(op, "add")) return builtinError("json.patch: unrecognized op");
  const value = objectGet(operation, makeText("value"));
  if (value == 0) return builtinError("json.patch: missing required attribute 'value'");
  if (isTest) {
    const found = valueAlong(document, path);
    if (found == 0) return 0;
    return equal(found, value) ? document : builtinError("json.patch: value from EditTree != patch value");
  }
  if (!isReplace) return edit(document, path, 0, INSERT, value);
  if (arrayLen(path) == 0) return value;
  const rest = edit(document, path, 0, DELETE, 0);
  return rest == 0 ? 0 : edit(rest, path, 0, INSERT, value);
}

function transfer(document: usize, path: usize, operation: usize, isMove: bool): usize {
  const source = objectGet(operation, makeText("from"));
  if (source == 0) return builtinError("json.patch: missing required attribute 'from'");
  const from = parsePath("json.patch", source);
  if (from == 0) return 0;
  const value = valueAlong(document, from);
  if (value == 0) return 0;
  if (!isMove) return edit(document, path, 0, INSERT, value);
  // A document that was moved away as a whole is gone; only itself may take its place.
  if (arrayLen(from) == 0) return arrayLen(path) == 0 ? value : builtinError("json.patch: nil value encountered");
  const rest = edit(document, from, 0, DELETE, 0);
  return rest == 0 ? 0 : edit(rest, path, 0, INSERT, value);
}

/** What stands at the path, or 0 with an error. */
function valueAlong(document: usize, path: usize): usize {
  let value = document;
  const length = arrayLen(path);
  for (let i = 0; i < length && value != 0; i++) value = childOf(value, arrayGet(path, i));
  return value;
}

function childOf(value: usize, key: usize): usize {
  burn(1);
  let found: usize = 0;
  if (kindOf(value) == ARRAY) {
    const i = indexIn(value, key);
    if (i >= 0 && i < arrayLen(value)) found = arrayGet(value, i);
  } else found = valueGet(value, key);
  return found == 0 ? builtinError("json.patch: path does not exist") : found;
}

/** A position that a number or a text of digits names (`-` is behind the last element), or -1. */
function indexIn(array: usize, key: usize): i32 {
  let number = key;
  if (kindOf(key) == STRING) {
    const length = stringLen(key);
    const first = length > 0 ? load<u8>(stringPtr(key)) : 0;
    if (length == 1 && first == 0x2d) return arrayLen(array);
    if (first == 0x30 && length > 1) return -1;
    const literal = tidyLiteral(stringPtr(key), length);
    number = literal == 0 ? 0 : parseNumber(literal, literalLength);
  }
  if (kindOf(number) != NUMBER || !toInt64(number)) return -1;
  return int64 < 0 || int64 > <i64>arrayLen(array) ? -1 : <i32>int64;
}

/** The value with the last key of the path inserted or deleted; 0 with an error. */
function edit(value: usize, path: usize, at: i32, action: i32, inserted: usize): usize {
  const length = arrayLen(path);
  if (length == 0) return action == INSERT ? inserted : GONE;
  const key = arrayGet(path, at);
  if (at == length - 1) return action == INSERT ? insertAt(value, key, inserted) : deleteAt(value, key);
  const child = childOf(value, key);
  if (child == 0) return 0;
  const changed = edit(child, path, at + 1, action, inserted);
  return changed == 0 ? 0 : replaceChild(value, key, changed);
}

function replaceChild(value: usize, key: usize, changed: usize): usize {
  const kind = kindOf(value);
  burn(load<i32>(value, 4));
  if (kind == OBJECT) {
    const copy = copyObject(value);
    objectInsert(copy, key, changed);
    return copy;
  }
  if (kind == ARRAY) return spliced(value, indexIn(value, key), 1, changed);
  const rest = setWithout(value, key);
  setAdd(rest, changed);
  return rest;
}

function insertAt(value: usize, key: usize, inserted: usize): usize {
  const kind = kindOf(value);
  if (kind < ARRAY) return builtinError("json.patch: expected composite type");
  burn(load<i32>(value, 4));
  if (kind == OBJECT) {
    const copy = copyObject(value);
    objectInsert(copy, key, inserted);
    return copy;
  }
  if (kind == SET) {
    if (!equal(key, inserted)) return builtinError("json.patch: set key does not equal value to be inserted");
    const copy = setWithout(value, 0);
    setAdd(copy, inserted);
    return copy;
  }
  const i = indexIn(value, key);
  return i < 0 ? builtinError("json.patch: index for array insertion out of bounds") : spliced(value, i, 0, inserted);
}

function deleteAt(value: usize, key: usize): usize {
  const kind = kindOf(value);
  if (kind < ARRAY) return builtinError("json.patch: expected composite type");
  burn(load<i32>(value, 4));
  if (kind == ARRAY) {
    const i = indexIn(value, key);
    return i < 0 || i >= arrayLen(value) ? builtinError("json.patch: index out of bounds") : spliced(value, i, 1, 0);
  }
  if (kind == SET) return setHas(value, key) ? setWithout(value, key) : builtinError("json.patch: cannot delete a key that does not exist");
  if (objectGet(value, key) == 0) return builtinError("json.patch: cannot delete a key that does not exist");
  const length = objectLen(value);
  const rest = makeObject(length);
  for (let i = 0; i < length; i++) {
    if (!equal(objectKeyAt(value, i), key)) addEntry(rest, objectKeyAt(value, i), objectValueAt(value, i));
  }
  return rest;
}

/** A copy of the array in which `dropped` elements from `at` on give way to one, if there is one. */
function spliced(array: usize, at: i32, dropped: i32, inserted: usize): usize {
  const length = arrayLen(array);
  const copy = makeArray(length + 1);
  for (let i = 0; i < at; i++) arrayPush(copy, arrayGet(array, i));
  if (inserted != 0) arrayPush(copy, inserted);
  for (let i = at + dropped; i < length; i++) arrayPush(copy, arrayGet(array, i));
  return copy;
}

/** A copy of the set without a member. */
function setWithout(set: usize, member: usize): usize {
  const length = setLen(set);
  const rest = makeSet(length + 1);
  for (let i = 0; i < length; i++) {
    const other = setAt(set, i);
    if (member == 0 || !equal(other, member)) addEntry(rest, other, other);
  }
  return rest;
}
