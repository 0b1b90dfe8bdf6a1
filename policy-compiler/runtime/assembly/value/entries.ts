/**
 * What objects and sets share: entries of 8 bytes (key, value) in the order of insertion
 * or in Rego's, and above INDEX_FROM entries a hash index (open addressing, at most
 * half full) of 8-byte slots {hash, position + 1}. What was read from JSON gets its index
 * when it is first searched for a key that is no constant, or is sealed; sealed data always has one.
 */
import { burn } from "../failure";
import { alloc, allocZeroed } from "../memory";
import { hashOf } from "./hash";
import { ATOM, CHECKED, KEYED, SORTED, STRING } from "./value";

export const INDEX_FROM: i32 = 8;
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
