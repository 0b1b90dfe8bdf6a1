/**
 * What objects and sets share: entries of 8 bytes (key, value) in the order of insertion
 * or in Rego's, and above INDEX_FROM entries a hash index (open addressing, at most
 * half full) of 8-byte slots {hash, position + 1}. What was read from JSON gets its index
 * when it is first searched for a key that is no constant, or is sealed; sealed data always has one.
 */
import { burn } from "../failure";
import { alloc, allocZeroed, heapPtr, setHeapPtr } from "../memory";
import { compare, equal } from "./compare";
import { hashOf } from "./hash";
import { ATOM, CHECKED, KEYED, SORTED, STRING } from "./value";

const INDEX_FROM: i32 = 8;
/** Entries above which an index has two to four slots for each, not four to eight: it is most of what they take. */
const DENSE_FROM: i32 = 4096;

export function makeEntries(kind: u32, capacity: i32): usize {
  const room = capacity < 4 ? 4 : capacity;
  const cell = alloc(24);
  store<u32>(cell, kind | KEYED);
  store<u32>(cell, 0, 4);
  store<u32>(cell, <u32>room, 8);
  store<u32>(cell, <u32>alloc(<usize>room << 3), 12);
  store<u64>(cell, 0, 16);
  return cell;
}

// @ts-ignore: decorator
@inline
export function entryCount(cell: usize): i32 {
  return load<i32>(cell, 4);
}

// @ts-ignore: decorator
@inline
export function entriesOf(cell: usize): usize {
  return <usize>load<u32>(cell, 12);
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

/** Appends an entry whose key is known to be absent. */
export function addEntry(cell: usize, key: usize, value: usize): void {
  const length = pushEntry(cell, key, value);
  if (length > INDEX_FROM) {
    const mask = load<u32>(cell, 20);
    if (mask == 0 || <u32>length << 1 > mask) indexEntries(cell);
    else putSlot(<usize>load<u32>(cell, 16), mask, hashOf(key), <u32>length);
  }
}

/** Appends an entry and leaves the index to the caller; gives the number of entries now. */
// @ts-ignore: decorator
@inline
export function pushEntry(cell: usize, key: usize, value: usize): i32 {
  const length = entryCount(cell);
  const capacity = load<i32>(cell, 8);
  if (length == capacity) {
    const grown = capacity << 1;
    const block = alloc(<usize>grown << 3);
    memory.copy(block, entriesOf(cell), <usize>length << 3);
    store<u32>(cell, <u32>grown, 8);
    store<u32>(cell, <u32>block, 12);
  }
  const at = entriesOf(cell) + (<usize>length << 3);
  store<u32>(at, <u32>key);
  store<u32>(at, <u32>value, 4);
  store<u32>(cell, <u32>(length + 1), 4);
  let head = load<u32>(cell) & ~SORTED;
  if (!(key & 1) && (load<u32>(key) & (0xff | ATOM | CHECKED)) == STRING) head &= ~KEYED;
  store<u32>(cell, head);
  return length + 1;
}

/** Takes back the last pushEntry. */
export function dropLastEntry(cell: usize): void {
  store<u32>(cell, load<u32>(cell, 4) - 1, 4);
}

/** Gives many entries their index if they have none. */
export function ensureIndex(cell: usize): void {
  if (load<u32>(cell, 16) == 0) indexEntries(cell);
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

/** Takes the i-th entry out; the others keep their order. */
export function removeEntry(cell: usize, i: i32): void {
  const length = entryCount(cell);
  const at = entriesOf(cell) + (<usize>i << 3);
  memory.copy(at, at + 8, <usize>(length - i - 1) << 3);
  store<u32>(cell, <u32>(length - 1), 4);
  indexEntries(cell);
}

// @ts-ignore: decorator
@inline
function putSlot(index: usize, mask: u32, hash: u32, position: u32): void {
  let slot = hash & mask;
  let at = index + (<usize>slot << 3);
  let probes = 0;
  while (load<u32>(at, 4) != 0) {
    slot = (slot + 1) & mask;
    at = index + (<usize>slot << 3);
    if (++probes > 16) burn(1);
  }
  store<u32>(at, hash);
  store<u32>(at, position, 4);
}

/** Makes the index anew; in place where its size still fits. */
export function indexEntries(cell: usize): void {
  const length = entryCount(cell);
  if (length <= INDEX_FROM) {
    store<u64>(cell, 0, 16);
    return;
  }
  let slots: u32 = 32;
  const wanted = <u32>length << (length > DENSE_FROM ? 1 : 2);
  while (slots < wanted) slots <<= 1;
  let index = <usize>load<u32>(cell, 16);
  if (index != 0 && load<u32>(cell, 20) + 1 >= slots) {
    slots = load<u32>(cell, 20) + 1;
    memory.fill(index, 0, <usize>slots << 3);
  } else {
    index = allocZeroed(<usize>slots << 3);
    store<u32>(cell, <u32>index, 16);
    store<u32>(cell, slots - 1, 20);
  }
  const entries = entriesOf(cell);
  burn(length);
  for (let i = 0; i < length; i++) {
    putSlot(index, slots - 1, hashOf(<usize>load<u32>(entries + (<usize>i << 3))), <u32>(i + 1));
  }
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
