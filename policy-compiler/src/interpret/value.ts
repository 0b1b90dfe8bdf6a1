/**
 * Rego values for the interpreter, and their total order. Nothing here is shared with the runtime
 * that modules carry: the two check each other. Containers under construction are changed in
 * place, as the IR's statements say; what `with` changes is copied.
 */
export type Value = null | boolean | string | RegoNumber | RegoArray | RegoSet | RegoObject;

/** `digits` × 10^`exponent`; digits do not end in 0, and zero is 0 × 10^0. */
export type RegoNumber = {
  readonly kind: "number";
  readonly digits: bigint;
  readonly exponent: number;
  /** As it was written, which is how it is printed; where it was computed there is none. */
  readonly text?: string;
};
export type RegoArray = { readonly kind: "array"; readonly items: Value[] };
/** In order, without equal ones. */
export type RegoSet = { readonly kind: "set"; readonly items: Value[] };
/** In the order of the keys. */
export type RegoObject = { readonly kind: "object"; readonly entries: [key: Value, value: Value][] };

export function makeNumber(digits: bigint, exponent = 0): RegoNumber {
  if (digits === 0n) return { kind: "number", digits, exponent: 0 };
  let [shorter, shift] = [digits, exponent];
  while (shorter % 10n === 0n) {
    shorter /= 10n;
    shift++;
  }
  return { kind: "number", digits: shorter, exponent: shift };
}

/** A decimal number as JSON and Rego write it. */
export function parseNumber(text: string): RegoNumber {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  return { ...makeNumber(BigInt(`${sign}${whole}${fraction}`), Number(exponent) - fraction.length), text };
}

/** Undefined where the number is no integer. */
export function integerOf({ digits, exponent }: RegoNumber): bigint | undefined {
  return exponent < 0 ? undefined : digits * 10n ** BigInt(exponent);
}

type Kind = "null" | "boolean" | "string" | "number" | "array" | "set" | "object";

export function kindOf(value: Value): Kind {
  if (value === null) return "null";
  if (typeof value === "boolean") return "boolean";
  return typeof value === "string" ? "string" : value.kind;
}

const ORDER: readonly Kind[] = ["null", "boolean", "number", "string", "array", "object", "set"];

/** Negative where `a` is before `b`, 0 where they are equal. */
export function compare(a: Value, b: Value): number {
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return ORDER.indexOf(kind) - ORDER.indexOf(kindOf(b));
  if (a === null || b === null) return 0;
  if (typeof a === "boolean") return Number(a) - Number(b);
  if (typeof a === "string") return compareStrings(a, b as string);
  switch (a.kind) {
    case "number":
      return compareNumbers(a, b as RegoNumber);
    case "array":
    case "set":
      return compareLists(a.items, (b as RegoArray | RegoSet).items);
    case "object":
      return compareObjects(a, b as RegoObject);
  }
}

/** By code points: UTF-8's order, which is not UTF-16's. */
function compareStrings(a: string, b: string): number {
  const [as, bs] = [Array.from(a), Array.from(b)];
  for (const [i, char] of as.entries()) {
    const other = bs[i];
    if (other === undefined) return 1;
    if (char !== other) return (char.codePointAt(0) as number) - (other.codePointAt(0) as number);
  }
  return as.length - bs.length;
}

/** Powers of ten that are written out to compare; beyond, the greater power decides. */
const POWER_MAX = 2_000;

function compareNumbers(a: RegoNumber, b: RegoNumber): number {
  const sign = signOf(a.digits) - signOf(b.digits);
  if (sign !== 0 || a.digits === 0n) return sign;
  const [sizeA, sizeB] = [magnitude(a), magnitude(b)];
  if (Math.abs(sizeA - sizeB) > 1 || Math.abs(a.exponent - b.exponent) > POWER_MAX)
    return (sizeA - sizeB) * signOf(a.digits);
  const least = Math.min(a.exponent, b.exponent);
  const scaled = ({ digits, exponent }: RegoNumber): bigint => digits * 10n ** BigInt(exponent - least);
  return signOf(scaled(a) - scaled(b));
}

function signOf(digits: bigint): number {
  return digits > 0n ? 1 : digits < 0n ? -1 : 0;
}

function magnitude({ digits, exponent }: RegoNumber): number {
  return String(digits < 0n ? -digits : digits).length + exponent;
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  for (const [i, item] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    const order = compare(item, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** All keys first, then the values. */
function compareObjects({ entries: a }: RegoObject, { entries: b }: RegoObject): number {
  for (const [i, [key, value]] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    const order = compare(key, other[0]) || compare(value, other[1]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Where the key is or belongs among what is in order. */
function placeOf(length: number, orderAt: (i: number) => number): { readonly at: number; readonly isThere: boolean } {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = orderAt(middle);
    if (order === 0) return { at: middle, isThere: true };
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return { at: low, isThere: false };
}

export function addToSet({ items }: RegoSet, value: Value): void {
  const { at, isThere } = placeOf(items.length, (i) => compare(items[i] as Value, value));
  if (!isThere) items.splice(at, 0, value);
}

export function makeSet(values: Iterable<Value>): RegoSet {
  const set: RegoSet = { kind: "set", items: [] };
  for (const value of values) addToSet(set, value);
  return set;
}

export function isMember({ items }: RegoSet, value: Value): boolean {
  return placeOf(items.length, (i) => compare(items[i] as Value, value)).isThere;
}

/** What stood at the key before; undefined where nothing did. */
export function insert({ entries }: RegoObject, key: Value, value: Value): void {
  const { at, isThere } = placeOf(entries.length, (i) => compare((entries[i] as [Value, Value])[0], key));
  if (isThere) entries[at] = [key, value];
  else entries.splice(at, 0, [key, value]);
}

export function makeObject(entries: Iterable<readonly [Value, Value]>): RegoObject {
  const object: RegoObject = { kind: "object", entries: [] };
  for (const [key, value] of entries) insert(object, key, value);
  return object;
}

export function memberOf({ entries }: RegoObject, key: Value): Value | undefined {
  const { at, isThere } = placeOf(entries.length, (i) => compare((entries[i] as [Value, Value])[0], key));
  return isThere ? entries[at]?.[1] : undefined;
}

/** What OPA takes for an array's index: `1`, `1.0`, and not `1e0`. */
const INDEX = /^[+-]?\d*(?:\.0*)?$/;

/** `value[key]`; a set gives the key as it is written there. */
export function lookUp(value: Value, key: Value): Value | undefined {
  if (value === null || typeof value !== "object") return undefined;
  switch (value.kind) {
    case "number":
      return undefined;
    case "object":
      return memberOf(value, key);
    case "set":
      return isMember(value, key) ? key : undefined;
    case "array": {
      if (kindOf(key) !== "number") return undefined;
      const { text } = key as RegoNumber;
      const index = text === undefined || INDEX.test(text) ? integerOf(key as RegoNumber) : undefined;
      return index === undefined || index < 0n ? undefined : value.items[Number(index)];
    }
  }
}
