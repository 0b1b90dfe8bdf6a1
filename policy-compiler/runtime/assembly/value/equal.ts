/** Equality, and the look-up of keys by it: what one means of collections is the other's answer. */
import { burn } from "../failure";
import { compareNumbers } from "../number/number";
import { arrayGet, arrayLen } from "./array";
import { equalBytes } from "./bytes";
import { entriesOf, entryCount, INDEX_FROM, indexEntries } from "./entries";
import { hashOf } from "./hash";
import {
  ARRAY, ATOM, BOOLEAN, CHECKED, DECIMAL, KEYED, NUMBER, OBJECT, STRING, intOf, kindOf, stringPtr,
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

/** Position of the key's entry, or -1. */
export function findEntry(cell: usize, key: usize): i32 {
  if (!(key & 1) && load<u32>(key) & ATOM && load<u32>(cell) & KEYED) return findAtom(cell, key);
  let index = <usize>load<u32>(cell, 16);
  const entries = entriesOf(cell);
  if (index == 0 && entryCount(cell) > INDEX_FROM) {
    indexEntries(cell);
    index = <usize>load<u32>(cell, 16);
  }
  if (index == 0) {
    const length = entryCount(cell);
    for (let i = 0; i < length; i++) if (equal(<usize>load<u32>(entries + (<usize>i << 3)), key)) return i;
    return -1;
  }
  const hash = hashOf(key);
  const mask = load<u32>(cell, 20);
  let slot = hash & mask;
  let probes = 0;
  while (true) {
    const at = index + (<usize>slot << 3);
    const position = load<u32>(at, 4);
    if (position == 0) return -1;
    if (load<u32>(at) == hash) {
      const i = position - 1;
      if (equal(<usize>load<u32>(entries + (<usize>i << 3)), key)) return <i32>i;
    }
    slot = (slot + 1) & mask;
    if (++probes > 16) burn(1);
  }
}

/** Position of a constant's entry in something KEYED, or -1: equal is the same address. */
export function findAtom(cell: usize, atom: usize): i32 {
  const index = <usize>load<u32>(cell, 16);
  const entries = entriesOf(cell);
  if (index == 0) {
    const length = entryCount(cell);
    for (let i = 0; i < length; i++) if (<usize>load<u32>(entries + (<usize>i << 3)) == atom) return i;
    return -1;
  }
  const mask = load<u32>(cell, 20);
  let slot = load<u32>(atom, 8) & mask;
  let probes = 0;
  while (true) {
    const position = load<u32>(index + (<usize>slot << 3), 4);
    if (position == 0) return -1;
    if (<usize>load<u32>(entries + (<usize>(position - 1) << 3)) == atom) return <i32>position - 1;
    slot = (slot + 1) & mask;
    if (++probes > 16) burn(1);
  }
}

/** Whether the last entry's key is another one's too; entries have no index yet. */
export function repeatsKey(cell: usize, hash: u32): bool {
  const last = entryCount(cell) - 1;
  const entries = entriesOf(cell);
  const key = <usize>load<u32>(entries + (<usize>last << 3));
  for (let i = 0; i < last; i++) {
    const other = <usize>load<u32>(entries + (<usize>i << 3));
    if (other == key || (load<u32>(other, 8) == hash && equal(other, key))) return true;
  }
  return false;
}
