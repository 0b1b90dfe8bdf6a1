/** is_array … is_string, type_name, and the casts that OPA keeps for old policies. */
import { burn } from "../failure";
import { arrayGet, arrayLen, arrayPush, makeArray } from "../value/array";
import { sortEntries } from "../value/compare";
import { makeSet, setAdd, setAt, setLen } from "../value/set";
import { ARRAY, BOOLEAN, NULL, NUMBER, OBJECT, SET, STRING, kindOf, makeBoolean, makeText } from "../value/value";
import { expectKind, kindName, operandError } from "./operands";

export function isArray(value: usize): usize {
  return makeBoolean(kindOf(value) == ARRAY);
}
export function isBoolean(value: usize): usize {
  return makeBoolean(kindOf(value) == BOOLEAN);
}
export function isNull(value: usize): usize {
  return makeBoolean(kindOf(value) == NULL);
}
export function isNumber(value: usize): usize {
  return makeBoolean(kindOf(value) == NUMBER);
}
export function isObject(value: usize): usize {
  return makeBoolean(kindOf(value) == OBJECT);
}
export function isSet(value: usize): usize {
  return makeBoolean(kindOf(value) == SET);
}
export function isStringBuiltin(value: usize): usize {
  return makeBoolean(kindOf(value) == STRING);
}

export function typeName(value: usize): usize {
  return makeText(kindName(kindOf(value)));
}

export function castArray(value: usize): usize {
  if (kindOf(value) == ARRAY) return value;
  if (kindOf(value) != SET) return operandError("cast_array", 1, "one of {array, set}", value);
  sortEntries(value);
  const length = setLen(value);
  const array = makeArray(length);
  burn(length >> 2);
  for (let i = 0; i < length; i++) arrayPush(array, setAt(value, i));
  return array;
}

export function castSet(value: usize): usize {
  if (kindOf(value) == SET) return value;
  if (kindOf(value) != ARRAY) return operandError("cast_set", 1, "one of {array, set}", value);
  const length = arrayLen(value);
  const set = makeSet(length);
  burn(length >> 2);
  for (let i = 0; i < length; i++) setAdd(set, arrayGet(value, i));
  return set;
}

export function castString(value: usize): usize {
  return expectKind("cast_string", 1, value, STRING) ? value : 0;
}
export function castBoolean(value: usize): usize {
  return expectKind("cast_boolean", 1, value, BOOLEAN) ? value : 0;
}
export function castNull(value: usize): usize {
  return expectKind("cast_null", 1, value, NULL) ? value : 0;
}
export function castObject(value: usize): usize {
  return expectKind("cast_object", 1, value, OBJECT) ? value : 0;
}
