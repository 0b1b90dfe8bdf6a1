/**
 * The interpreter's own built-ins: operators, aggregates, collections and plain texts, each in the
 * simplest way that is right. What is not here, or `OTHERWISE` of it, whoever runs it brings.
 */
import {
  compare,
  insert,
  integerOf,
  isMember,
  kindOf,
  lookUp,
  makeNumber,
  makeObject,
  makeSet,
  type RegoArray,
  type RegoNumber,
  type RegoObject,
  type RegoSet,
  type Value,
} from "./value.ts";

/** The operands are for another implementation: of another kind, or no integers. */
export const OTHERWISE = Symbol("otherwise");

/** Undefined makes the call undefined. */
export type Builtin = (...args: Value[]) => Value | undefined | typeof OTHERWISE;

export const OWN_BUILTINS: Readonly<Record<string, Builtin>> = {
  equal: (a, b) => compare(a as Value, b as Value) === 0,
  neq: (a, b) => compare(a as Value, b as Value) !== 0,
  lt: (a, b) => compare(a as Value, b as Value) < 0,
  lte: (a, b) => compare(a as Value, b as Value) <= 0,
  gt: (a, b) => compare(a as Value, b as Value) > 0,
  gte: (a, b) => compare(a as Value, b as Value) >= 0,
  plus: onIntegers((a, b) => a + b),
  minus: (a, b) =>
    bothSets(a, b) ? filterSet(a as RegoSet, (item) => !isMember(b as RegoSet, item)) : minus(a as Value, b as Value),
  mul: onIntegers((a, b) => a * b),
  rem: onIntegers((a, b) => (b === 0n ? OTHERWISE : a % b)),
  abs: (a) => (isInteger(a) ? makeNumber(absolute((a as RegoNumber).digits), (a as RegoNumber).exponent) : OTHERWISE),
  and: (a, b) => (bothSets(a, b) ? filterSet(a as RegoSet, (item) => isMember(b as RegoSet, item)) : OTHERWISE),
  or: (a, b) => (bothSets(a, b) ? makeSet([...(a as RegoSet).items, ...(b as RegoSet).items]) : OTHERWISE),
  count: (a) => {
    if (typeof a === "string") return makeNumber(BigInt(Array.from(a).length));
    const members = membersOf(a);
    return members === undefined ? OTHERWISE : makeNumber(BigInt(members.length));
  },
  sum: (a) => fold(a, 0n, (x, y) => x + y),
  product: (a) => fold(a, 1n, (x, y) => x * y),
  max: (a) => extreme(a, 1),
  min: (a) => extreme(a, -1),
  sort: (a) => onList(a, (items) => ({ kind: "array", items: items.toSorted(compare) })),
  "array.concat": (a, b) => (isArray(a) && isArray(b) ? { kind: "array", items: [...a.items, ...b.items] } : OTHERWISE),
  "array.reverse": (a) => (isArray(a) ? { kind: "array", items: a.items.toReversed() } : OTHERWISE),
  "internal.member_2": (value, collection) =>
    (membersOf(collection) ?? []).some((member) => compare(member, value as Value) === 0),
  "internal.member_3": (key, value, collection) => {
    const found = lookUp(collection as Value, key as Value);
    return found !== undefined && compare(found, value as Value) === 0;
  },
  "object.get": (object, key, other) => {
    if (!isObject(object)) return OTHERWISE;
    if (!isArray(key)) return orElse(lookUp(object, key as Value), other);
    let found: Value | undefined = object;
    for (const part of key.items) found = found === undefined ? undefined : lookUp(found, part);
    return orElse(found, other);
  },
  "object.keys": (a) => (isObject(a) ? makeSet(a.entries.map(([key]) => key)) : OTHERWISE),
  "object.union": (a, b) => (isObject(a) && isObject(b) ? unite(a, b) : OTHERWISE),
  is_array: (a) => kindOf(a as Value) === "array",
  is_boolean: (a) => kindOf(a as Value) === "boolean",
  is_null: (a) => a === null,
  is_number: (a) => kindOf(a as Value) === "number",
  is_object: (a) => kindOf(a as Value) === "object",
  is_set: (a) => kindOf(a as Value) === "set",
  is_string: (a) => typeof a === "string",
  type_name: (a) => kindOf(a as Value),
  concat: (separator, list) =>
    onList(list, (items) =>
      typeof separator === "string" && items.every((item) => typeof item === "string")
        ? items.join(separator)
        : OTHERWISE,
    ),
  contains: onTexts((a, b) => a.includes(b)),
  startswith: onTexts((a, b) => a.startsWith(b)),
  endswith: onTexts((a, b) => a.endsWith(b)),
  trim_prefix: onTexts((a, b) => (a.startsWith(b) ? a.slice(b.length) : a)),
  trim_suffix: onTexts((a, b) => (b !== "" && a.endsWith(b) ? a.slice(0, -b.length) : a)),
  split: onTexts((a, b) => ({ kind: "array", items: b === "" ? Array.from(a) : a.split(b) })),
  "strings.reverse": (a) => (typeof a === "string" ? Array.from(a).toReversed().join("") : OTHERWISE),
  walk: (a) => ({ kind: "array", items: walk(a as Value, []) }),
  "internal.print": () => true,
};

function isInteger(value: Value | undefined): boolean {
  return value !== undefined && kindOf(value) === "number" && (value as RegoNumber).exponent >= 0;
}

function absolute(digits: bigint): bigint {
  return digits < 0n ? -digits : digits;
}

function onIntegers(operate: (a: bigint, b: bigint) => bigint | typeof OTHERWISE): Builtin {
  return (a, b) => {
    if (!isInteger(a) || !isInteger(b)) return OTHERWISE;
    const result = operate(integerOf(a as RegoNumber) as bigint, integerOf(b as RegoNumber) as bigint);
    return result === OTHERWISE ? OTHERWISE : makeNumber(result);
  };
}

const minus = onIntegers((a, b) => a - b);

function onTexts(operate: (a: string, b: string) => Value): Builtin {
  return (a, b) => (typeof a === "string" && typeof b === "string" ? operate(a, b) : OTHERWISE);
}

function isArray(value: Value | undefined): value is RegoArray {
  return value !== undefined && kindOf(value) === "array";
}

function isObject(value: Value | undefined): value is RegoObject {
  return value !== undefined && kindOf(value) === "object";
}

function bothSets(a: Value | undefined, b: Value | undefined): boolean {
  return a !== undefined && b !== undefined && kindOf(a) === "set" && kindOf(b) === "set";
}

function filterSet({ items }: RegoSet, keeps: (item: Value) => boolean): RegoSet {
  return { kind: "set", items: items.filter(keeps) };
}

function membersOf(value: Value | undefined): readonly Value[] | undefined {
  if (value === undefined || value === null || typeof value !== "object" || value.kind === "number") return undefined;
  return value.kind === "object" ? value.entries.map(([, member]) => member) : value.items;
}

function onList(
  value: Value | undefined,
  operate: (items: readonly Value[]) => Value | undefined | typeof OTHERWISE,
): Value | undefined | typeof OTHERWISE {
  if (value === undefined || value === null || typeof value !== "object") return OTHERWISE;
  return value.kind === "array" || value.kind === "set" ? operate(value.items) : OTHERWISE;
}

function fold(
  list: Value | undefined,
  start: bigint,
  operate: (a: bigint, b: bigint) => bigint,
): Value | undefined | typeof OTHERWISE {
  return onList(list, (items) =>
    items.every(isInteger)
      ? makeNumber(items.reduce<bigint>((sum, item) => operate(sum, integerOf(item as RegoNumber) as bigint), start))
      : OTHERWISE,
  );
}

function extreme(list: Value | undefined, sign: number): Value | undefined | typeof OTHERWISE {
  return onList(list, (items) => items.toSorted((a, b) => compare(a, b) * sign).at(-1));
}

/** Deeply; the second one wins. */
function unite(a: RegoObject, b: RegoObject): RegoObject {
  const united = makeObject(a.entries);
  for (const [key, value] of b.entries) {
    const before = lookUp(a, key);
    insert(united, key, isObject(before) && isObject(value) ? unite(before, value) : value);
  }
  return united;
}

/** `[path, value]` of the value and everything below it. */
function walk(value: Value, path: readonly Value[]): Value[] {
  const here: Value = { kind: "array", items: [{ kind: "array", items: [...path] }, value] };
  return [here, ...stepsOf(value).flatMap(([key, member]) => walk(member, [...path, key]))];
}

function stepsOf(value: Value): readonly (readonly [Value, Value])[] {
  if (value === null || typeof value !== "object" || value.kind === "number") return [];
  if (value.kind === "object") return value.entries;
  return value.items.map((item, i) => [value.kind === "set" ? item : makeNumber(BigInt(i)), item] as const);
}

/** Null is a value. */
function orElse(value: Value | undefined, other: Value | undefined): Value | undefined {
  return value === undefined ? other : value;
}
