/** What lies in a value of a type: by a constant key, and by any; `unknown` where there can be nothing. */
import { compareKeys, compareTypes, keyTypeOf } from "./compare-types.ts";
import {
  type Field,
  type FieldKey,
  NUMBER,
  type ObjectType,
  openType,
  type RegoType,
  UNKNOWN,
  type UnionType,
} from "./type.ts";
import { holds, makeUnion } from "./union.ts";

/** The type of `value[key]`. */
export function selectType(value: RegoType, key: FieldKey): RegoType {
  const opened = openType(value);
  switch (opened.kind) {
    case "any":
      return opened;
    case "array": {
      // Only an integer as it is written is a place: 1.0 and "1" are none.
      if (keyTypeOf(key).kind !== "number" || typeof key === "string" || !/^\d+$/.test(key.text)) return UNKNOWN;
      return opened.items[Number(key.text)] ?? opened.rest ?? UNKNOWN;
    }
    case "object":
      return selectField(opened, key);
    case "set": {
      const type = keyTypeOf(key);
      if (compareTypes(opened.of, type) === 0) return opened.of;
      return (opened.of.kind === "any" || opened.of.kind === "union") && holds(opened.of, type) ? type : UNKNOWN;
    }
    case "union":
      return selectMember(opened, key);
    default:
      return UNKNOWN;
  }
}

const selections = new WeakMap<RegoType, Map<string, RegoType>>();

/** A table's rows may be of many types, and its columns are read again and again. */
function selectMember(union: UnionType, key: FieldKey): RegoType {
  const known = selections.get(union) ?? new Map<string, RegoType>();
  selections.set(union, known);
  const name = typeof key === "string" ? `"${key}` : key.text;
  const found = known.get(name) ?? makeUnion(union.of.map((member) => selectType(member, key)));
  known.set(name, found);
  return found;
}

function selectField(object: ObjectType, key: FieldKey): RegoType {
  const field = findField(object, key);
  if (field !== undefined) return field.type;
  const { rest } = object;
  return rest !== undefined && holds(rest.key, keyTypeOf(key)) ? rest.value : UNKNOWN;
}

function findField({ fields }: ObjectType, key: FieldKey): Field | undefined {
  let [low, high] = [0, fields.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const field = fields[middle] as Field;
    const order = compareKeys(field.key, key);
    if (order === 0) return field;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

const keys = new WeakMap<RegoType, RegoType>();
const values = new WeakMap<RegoType, RegoType>();

/** The type of the keys that iterating a value gives; `unknown` where it can't be iterated. */
export function keysOf(value: RegoType): RegoType {
  return kept(keys, openType(value), findKeys);
}

/** The type of the values that iterating a value gives. */
export function valuesOf(value: RegoType): RegoType {
  return kept(values, openType(value), findValues);
}

/** Large types are asked again and again. */
function kept(known: WeakMap<RegoType, RegoType>, type: RegoType, find: (type: RegoType) => RegoType): RegoType {
  const found = known.get(type);
  if (found !== undefined) return found;
  const made = find(type);
  known.set(type, made);
  return made;
}

function findKeys(value: RegoType): RegoType {
  switch (value.kind) {
    case "any":
      return value;
    case "array":
      return NUMBER;
    case "set":
      return value.of;
    case "object": {
      const own = value.fields.map(({ key }) => keyTypeOf(key));
      return makeUnion(value.rest === undefined ? own : [...own, value.rest.key]);
    }
    case "union":
      return makeUnion(value.of.map(keysOf));
    default:
      return UNKNOWN;
  }
}

function findValues(value: RegoType): RegoType {
  switch (value.kind) {
    case "any":
      return value;
    case "array":
      return makeUnion(value.rest === undefined ? value.items : [...value.items, value.rest]);
    case "set":
      return value.of;
    case "object": {
      const own = value.fields.map(({ type }) => type);
      return makeUnion(value.rest === undefined ? own : [...own, value.rest.value]);
    }
    case "union":
      return makeUnion(value.of.map(valuesOf));
    default:
      return UNKNOWN;
  }
}
