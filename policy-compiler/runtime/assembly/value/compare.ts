/** Equality and Rego's total order: null, booleans, numbers, strings, arrays, objects, sets. */
import { burn } from "../failure";
import { compareNumbers } from "../number/number";
import { arrayGet, arrayLen } from "./array";
import { compareBytes, equalBytes } from "./bytes";
import { entriesOf, entryCount, findEntry, sortEntries } from "./entries";
import {
  ARRAY, ATOM, BOOLEAN, CHECKED, DECIMAL, NUMBER, OBJECT, STRING, TRUE_VALUE, intOf, kindOf, stringLen, stringPtr,
} from "./value";

// @ts-ignore: decorator
@inline
export function equal(a: usize, b: usize): bool {
  if (a == b) return true;
  if ((a & b & 1) != 0) return false;
  return equalCells(a, b);
}

// @ts-ignore: decorator
@inline
export function equalStrings(a: usize, b: usize): bool {
  const length = load<u32>(a, 4);
  if (length != load<u32>(b, 4)) return false;
  const flags = load<u32>(a);
  const others = load<u32>(b);
  if (flags & others & ATOM || (flags & ATOM && others & CHECKED) || (flags & CHECKED && others & ATOM)) return a == b;
  const x = load<u32>(a, 8);
  const y = load<u32>(b, 8);
  if (x != y && x != 0 && y != 0) return false;
  return equalBytes(stringPtr(a), stringPtr(b), length);
}

/** Equality of values of which not both are small integers and that are not one address. */
export function equalCells(a: usize, b: usize): bool {
  if ((a | b) & 1) return equalNumbers(a, b);
  const kind = load<u32>(a) & 0xff; // of address 0: 0
  if (kind != (load<u32>(b) & 0xff)) return false;
  if (kind == STRING) return equalStrings(a, b);
  if (kind == NUMBER) return equalNumbers(a, b);
  if (kind <= BOOLEAN) return a == b;
  return equalComposites(a, b, kind);
}

function equalNumbers(a: usize, b: usize): bool {
  if (kindOf(a) != NUMBER || kindOf(b) != NUMBER) return false;
  if (!isDecimal(a) && !isDecimal(b)) return intOf(a) == intOf(b);
  return compareNumbers(a, b) == 0;
}

function equalComposites(a: usize, b: usize, kind: u32): bool {
  if (a == b) return true;
  if (kind == ARRAY) {
    const length = arrayLen(a);
    if (length != arrayLen(b)) return false;
    burn(length);
    for (let i = 0; i < length; i++) if (!isSame(arrayGet(a, i), arrayGet(b, i))) return false;
    return true;
  }
  const length = entryCount(a);
  if (length != entryCount(b)) return false;
  burn(length);
  let at = entriesOf(a);
  const other = entriesOf(b);
  for (let i = 0; i < length; i++) {
    const found = findEntry(b, <usize>load<u32>(at));
    if (found < 0) return false;
    if (kind == OBJECT && !isSame(<usize>load<u32>(at, 4), <usize>load<u32>(other + (<usize>found << 3), 4))) return false;
    at += 8;
  }
  return true;
}

function isSame(a: usize, b: usize): bool {
  return a == b || equalCells(a, b);
}

// @ts-ignore: decorator
@inline
export function isDecimal(value: usize): bool {
  return !(value & 1) && (load<u32>(value) & DECIMAL) != 0;
}

/** -1, 0 or 1. Undefined comes first. */
export function compare(a: usize, b: usize): i32 {
  if (a == b) return 0;
  const kind = kindOf(a);
  const kindB = kindOf(b);
  if (kind != kindB) return kind < kindB ? -1 : 1;
  if (kind == NUMBER) {
    if (isDecimal(a) || isDecimal(b)) return compareNumbers(a, b);
    const x = intOf(a);
    const y = intOf(b);
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (kind == STRING) return compareBytes(stringPtr(a), stringLen(a), stringPtr(b), stringLen(b));
  if (kind == BOOLEAN) return a == TRUE_VALUE ? 1 : -1;
  if (kind < BOOLEAN) return 0;
  if (kind == ARRAY) {
    const x = arrayLen(a);
    const y = arrayLen(b);
    const both = x < y ? x : y;
    burn(both);
    for (let i = 0; i < both; i++) {
      const c = compare(arrayGet(a, i), arrayGet(b, i));
      if (c != 0) return c;
    }
    return x == y ? 0 : x < y ? -1 : 1;
  }
  sortEntries(a);
  sortEntries(b);
  const x = entryCount(a);
  const y = entryCount(b);
  const both = x < y ? x : y;
  burn(both);
  let p = entriesOf(a);
  let q = entriesOf(b);
  for (let i = 0; i < both; i++) {
    let c = compare(<usize>load<u32>(p), <usize>load<u32>(q));
    if (c != 0) return c;
    if (kind == OBJECT) {
      c = compare(<usize>load<u32>(p, 4), <usize>load<u32>(q, 4));
      if (c != 0) return c;
    }
    p += 8;
    q += 8;
  }
  return x == y ? 0 : x < y ? -1 : 1;
}
