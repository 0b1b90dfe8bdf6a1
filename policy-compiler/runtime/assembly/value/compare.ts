/** Rego's total order: null, booleans, numbers, strings, arrays, objects, sets; and entries in it. */
import { burn } from "../failure";
import { alloc, heapPtr, setHeapPtr } from "../memory";
import { compareNumbers } from "../number/number";
import { arrayGet, arrayLen } from "./array";
import { compareBytes } from "./bytes";
import { entriesOf, entryCount, indexEntries } from "./entries";
import { isDecimal } from "./equal";
import { ARRAY, BOOLEAN, NUMBER, OBJECT, SORTED, STRING, TRUE_VALUE, intOf, kindOf, stringLen, stringPtr } from "./value";

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

/** Brings the entries into Rego's order; needed before they are walked, compared or printed. */
export function sortEntries(cell: usize): void {
  if (load<u32>(cell) & SORTED) return;
  const length = entryCount(cell);
  if (length > 1) {
    const entries = entriesOf(cell);
    let isInOrder = true;
    for (let i = 1; i < length; i++) {
      const at = entries + (<usize>i << 3);
      if (compare(<usize>load<u32>(at - 8), <usize>load<u32>(at)) > 0) {
        isInOrder = false;
        break;
      }
    }
    if (!isInOrder) {
      burn(length);
      if (length <= 12) insertionSort(entries, length);
      else mergeSort(entries, length);
      if (load<u32>(cell, 16) != 0) indexEntries(cell);
    }
  }
  store<u32>(cell, load<u32>(cell) | SORTED);
}

function insertionSort(entries: usize, length: i32): void {
  for (let i = 1; i < length; i++) {
    const entry = load<u64>(entries + (<usize>i << 3));
    const key = <usize>(<u32>entry);
    let j = i - 1;
    while (j >= 0 && compare(<usize>load<u32>(entries + (<usize>j << 3)), key) > 0) {
      store<u64>(entries + (<usize>(j + 1) << 3), load<u64>(entries + (<usize>j << 3)));
      j--;
    }
    store<u64>(entries + (<usize>(j + 1) << 3), entry);
  }
}

/** Bottom up; runs of 8 are sorted in place first. */
function mergeSort(entries: usize, length: i32): void {
  const bytes = <usize>length << 3;
  for (let i = 0; i < length; i += 8) {
    insertionSort(entries + (<usize>i << 3), length - i < 8 ? length - i : 8);
  }
  let from = entries;
  const room = alloc(bytes);
  const roomEnd = heapPtr;
  let to = room;
  for (let width = 8; width < length; width <<= 1) {
    burn(length);
    for (let low = 0; low < length; low += width << 1) {
      const middle = low + width < length ? low + width : length;
      const high = low + (width << 1) < length ? low + (width << 1) : length;
      let i = low;
      let j = middle;
      for (let k = low; k < high; k++) {
        let takeLeft = i < middle;
        if (takeLeft && j < high) {
          takeLeft =
            compare(<usize>load<u32>(from + (<usize>i << 3)), <usize>load<u32>(from + (<usize>j << 3))) <= 0;
        }
        store<u64>(to + (<usize>k << 3), load<u64>(from + (<usize>(takeLeft ? i++ : j++) << 3)));
      }
    }
    const swap = from;
    from = to;
    to = swap;
  }
  if (from != entries) memory.copy(entries, from, bytes);
  if (heapPtr == roomEnd) setHeapPtr(room); // keys that are collections may have been sorted meanwhile
}
