/**
 * Asking an index of data. A sealed collection that has indexes is INDEXED; where its capacity was lies the
 * first of
 *
 *   entry  {words of the index, data that it was made of or 0, first node, next entry or 0, lanes,
 *           1 where all that the index asks holds for each member that is left, or 0}
 *   lanes  {how many, how many of them count, lane…}: first those that count
 *   lane   {kind, place of the key, position, table, mask, first byte among the bits, keys}: one question
 *   node   {NODE_LEAF, the members that are left, as a collection of their own}
 *          {NODE_TABLE, lane, table, mask, node for other keys, node where the key ends}
 *          {NODE_BITS, first lane, bits, pairs, place of each pair's member…}: for each lane and each of its keys
 *          (first others, last where the key ends) the pairs for which it can hold, 64 at most
 *
 * A table has slots of 8 bytes {key, node, or number of the key from 1 on}, at most half full. Keys are words
 * that only what is equal has: small integers, atoms, null and booleans. For whatever else is asked the
 * collection itself is the answer.
 */
import { LEVEL_COUNT, LEVEL_SEGMENTS } from "../layout";
import { heapBase } from "../memory";
import { arrayGet, arrayLen, arrayPush, arraySet, makeArray } from "../value/array";
import { scanKey, scanValue, valueLength } from "../value/access";
import { internAtom } from "../value/atoms";
import { makeEntries, pushEntry } from "../value/entries";
import { ARRAY, ATOM, BOOLEAN, CHECKED, INDEXED, SORTED, STRING, kindOf, makeSmallInt, setFlag } from "../value/value";

export const NODE_LEAF: u32 = 0;
export const NODE_TABLE: u32 = 1;
export const NODE_BITS: u32 = 2;
export const NODE_SIZE: usize = 24;

export const LANE_KEY: usize = 4;
export const LANE_POSITION: usize = 8;
export const LANE_TABLE: usize = 12;
export const LANE_MASK: usize = 16;
export const LANE_BITS: usize = 20;
export const LANE_KEYS: usize = 24;
/** 1 where the lane tells something of a pair: a key, that it holds for none, or for all that have a key. */
export const LANE_TELLS: usize = 28;
export const LANE_SIZE: usize = 32;
export const LANES_HEAD: usize = 8;

export const ENTRY_SIZE: usize = 24;

/** No key: the value has no word of its own. */
export const NO_KEY: usize = 2;
/** A string that is no atom: unequal to all keys of a table. */
const OTHER_KEY: usize = 4;
/** Behind the key's last element. */
const END_KEY: usize = 6;

const emptyCell = memory.data<u32>([5, 0, 0, 0], 8);
/** No member is left. */
export const NO_MEMBERS: usize = emptyCell;

/** Slot at which the search for a key begins, before the mask. */
// @ts-ignore: decorator
@inline
export function spread(key: usize): u32 {
  return (<u32>key * 0x9e3779b1) >>> 14;
}

/**
 * `collection`, or those of its members for which the levels of the index at `index` can hold with the keys at
 * `keys`; with the lowest bit set where they do hold for each.
 */
export function narrow(collection: usize, data: usize, index: usize, keys: usize): usize {
  if (collection & 1) return 0; // a number has no members
  if (!(load<u32>(collection) & INDEXED)) return collection; // of address 0: 0
  let entry = <usize>load<u32>(collection, 8);
  while (<usize>load<u32>(entry) != index) {
    entry = <usize>load<u32>(entry, 12);
    if (entry == 0) return collection;
  }
  const made = <usize>load<u32>(entry, 4);
  if (made != 0 && made != data) return collection;
  let node = <usize>load<u32>(entry, 8);
  const lanes = <usize>load<u32>(entry, 16);
  // Counting what cannot be counted is an error, which must not be lost.
  for (let i = load<i32>(lanes, 4), lane = lanes + LANES_HEAD; i > 0; i--, lane += LANE_SIZE) {
    if (askedKey(lane, keys) == NO_KEY) return collection;
  }
  while (load<u32>(node) == NODE_TABLE) {
    const key = askedKey(<usize>load<u32>(node, 4), keys);
    if (key == NO_KEY) return collection;
    const found = key == OTHER_KEY || key == END_KEY ? 0 : lookUp(<usize>load<u32>(node, 8), load<u32>(node, 12), key);
    if (found != 0) node = <usize>found;
    else node = <usize>(key == END_KEY ? load<u32>(node, 20) : load<u32>(node, 16));
  }
  const surely = <usize>load<u32>(entry, 20);
  if (load<u32>(node) == NODE_LEAF) return <usize>load<u32>(node, 4) | surely;
  const bits = <usize>load<u32>(node, 8);
  const pairs = load<i32>(node, 12);
  const all = ~(<u64>0) >>> (64 - pairs);
  let left = all;
  const end = lanes + LANES_HEAD + <usize>load<u32>(lanes) * LANE_SIZE;
  for (let lane = <usize>load<u32>(node, 4); lane < end; lane += LANE_SIZE) {
    const key = askedKey(lane, keys);
    if (key == NO_KEY) return collection;
    const found = key == OTHER_KEY
      ? 0
      : key == END_KEY ? load<u32>(lane, LANE_KEYS) + 1 : lookUp(<usize>load<u32>(lane, LANE_TABLE), load<u32>(lane, LANE_MASK), key);
    left &= load<u64>(bits + <usize>load<u32>(lane, LANE_BITS) + (<usize>found << 3));
    if (left == 0) return NO_MEMBERS;
  }
  return membersOf(collection, node + 16, left) | surely;
}

/** What a lane asks about: a key, or NO_KEY, OTHER_KEY, END_KEY. */
// @ts-ignore: decorator
@inline
function askedKey(lane: usize, keys: usize): usize {
  const kind = load<u32>(lane);
  let value = <usize>load<u32>(keys + <usize>load<u32>(lane, LANE_KEY));
  if (kind == LEVEL_COUNT) {
    const length = value == 0 ? -1 : valueLength(value);
    return length < 0 ? NO_KEY : makeSmallInt(length);
  }
  if (kind == LEVEL_SEGMENTS) {
    if (kindOf(value) != ARRAY) return NO_KEY;
    const position = load<i32>(lane, LANE_POSITION);
    if (position >= arrayLen(value)) return END_KEY;
    const array = value;
    value = arrayGet(array, position);
    if (!(value & 1) && (load<u32>(value) & (0xff | ATOM | CHECKED)) == STRING) {
      value = internAtom(value);
      if (array >= heapBase) arraySet(array, position, value); // the next one who asks has it
    }
  }
  if (value & 1) return value;
  const head = load<u32>(value); // of address 0: 0
  if ((head & 0xff) == STRING) {
    if (head & ATOM) return value;
    if (head & CHECKED) return OTHER_KEY;
    const atom = internAtom(value);
    return atom == value ? OTHER_KEY : atom;
  }
  return (head & 0xff) != 0 && (head & 0xff) <= BOOLEAN ? value : NO_KEY;
}

/** What the table has for the key, or 0. */
// @ts-ignore: decorator
@inline
function lookUp(table: usize, mask: u32, key: usize): u32 {
  let slot = spread(key) & mask;
  while (true) {
    const at = table + (<usize>slot << 3);
    const found = <usize>load<u32>(at);
    if (found == key) return load<u32>(at, 4);
    if (found == 0) return 0;
    slot = (slot + 1) & mask;
  }
}

/** Members of the pairs, each once and in their order, as a collection of the same kind. */
export function membersOf(collection: usize, places: usize, pairs: u64): usize {
  const isArray = kindOf(collection) == ARRAY;
  const part = isArray ? makeArray(<i32>popcnt(pairs)) : makeEntries(kindOf(collection), <i32>popcnt(pairs));
  let last = -1;
  for (let left = pairs; left != 0; left &= left - 1) {
    const member = load<i32>(places + (<usize>ctz(left) << 2));
    if (member != last) addMember(part, collection, member, isArray);
    last = member;
  }
  if (!isArray) setFlag(part, SORTED);
  return part;
}

// @ts-ignore: decorator
@inline
export function addMember(part: usize, collection: usize, member: i32, isArray: bool): void {
  if (isArray) arrayPush(part, arrayGet(collection, member));
  else pushEntry(part, scanKey(collection, member), scanValue(collection, member));
}
