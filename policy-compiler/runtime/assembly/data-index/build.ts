/**
 * Making the indexes of data, once, before anything is decided. A collection's members are paired with
 * their witnesses; lanes (lanes.ts) say for which keys a pair can hold. What has no key stays for every
 * key: an index leaves out what cannot hold, and need not leave out all of it.
 */
import { alloc, allocZeroed, heapPtr, isRoomy, setHeapPtr } from "../memory";
import { arrayGet, arrayLen, arrayPush, makeArray } from "../value/array";
import { makeEntries } from "../value/entries";
import { ARRAY, INDEXED, SORTED, kindOf, setFlag } from "../value/value";
import {
  ENTRY_SIZE, LANE_BITS, LANE_KEYS, NODE_BITS, NODE_LEAF, NODE_SIZE, NODE_TABLE, addMember, spread,
} from "./find";
import {
  askPair, beginLanes, bitsBytes, found, hasBits, isEnded, isLoose, isRefused, isVague, laneAt, laneCount, lanes, learnPair,
  numberOf, renewFound, settleLanes,
} from "./lanes";
import { findCollections, findPairs, keepsArrays, readSpec, readsData, spec, specData } from "./spec";

/** Pairs of one collection's tables, beside as many for each pair at the beginning: what takes more has no index. */
const PAIRS_MAX: i32 = 1024;
const PAIRS_FACTOR: i32 = 8;
/** Pairs of a node with bits. */
const BITS_MAX: i32 = 64;

/** About what a pair takes in an index: one that would fill half of the memory is not made. */
const PAIR_BYTES: usize = 160;

let collection: usize = 0;
/** Two words for each pair of the collection under way: {position of the member, witness}. */
let pairs: usize = 0;
let pairsLeft: i32 = 0;

/** Makes the index at `words` for all collections at its path. */
export function indexData(whole: usize, words: usize): void {
  readSpec(words, whole);
  const collections = makeArray(16);
  findCollections(collections);
  beginLanes();
  const count = arrayLen(collections);
  for (let i = 0; i < count; i++) {
    const mark = heapPtr;
    renewFound();
    if (begin(arrayGet(collections, i))) learn();
    setHeapPtr(mark);
  }
  renewFound();
  if (isRefused) return;
  settleLanes();
  if (laneCount == 0) return;
  for (let i = 0; i < count; i++) if (begin(arrayGet(collections, i))) indexOne();
}

/** Nothing of it stays but what lanes learn. */
function learn(): void {
  const length = arrayLen(pairs) >> 1;
  for (let lane = 0; lane < laneCount; lane++) {
    for (let pair = 0; pair < length; pair++) learnPair(lane, pairs, pair, collection);
  }
}

/** Whether the collection is to have an index; finds its pairs. */
function begin(value: usize): bool {
  if ((kindOf(value) == ARRAY && keepsArrays()) || isKnown(value)) return false;
  collection = value;
  pairs = makeArray(32);
  return findPairs(pairs, value);
}

/** A collection may be found by several paths. */
function isKnown(value: usize): bool {
  if (!(load<u32>(value) & INDEXED)) return false;
  for (let entry = <usize>load<u32>(value, 8); entry != 0; entry = <usize>load<u32>(entry, 12)) {
    if (<usize>load<u32>(entry) == spec) return true;
  }
  return false;
}

function indexOne(): void {
  const length = arrayLen(pairs) >> 1;
  if (!isRoomy(<usize>length * PAIR_BYTES)) return;
  const all = makeArray(length);
  for (let i = 0; i < length; i++) arrayPush(all, <usize>i);
  pairsLeft = PAIRS_MAX + PAIRS_FACTOR * length;
  const node = makeNode(all, 0);
  if (pairsLeft < 0) return;
  const entry = alloc(ENTRY_SIZE);
  store<u32>(entry, <u32>spec);
  store<u32>(entry, readsData ? <u32>specData : 0, 4);
  store<u32>(entry, <u32>node, 8);
  store<u32>(entry, load<u32>(collection) & INDEXED ? load<u32>(collection, 8) : 0, 12);
  store<u32>(entry, <u32>lanes, 16);
  store<u32>(entry, isVague ? 0 : 1, 20);
  store<u32>(collection, <u32>entry, 8);
  setFlag(collection, INDEXED);
}

/** The node for pairs (an array of their numbers) that all lanes before this one leave. */
function makeNode(list: usize, lane: i32): usize {
  const count = arrayLen(list);
  pairsLeft -= count;
  if (count == 0 || lane == laneCount || pairsLeft < 0) return makeLeaf(list);
  if (count <= BITS_MAX && restHasBits(lane)) return makeBits(list, lane);
  return makeTable(list, lane);
}

function restHasBits(lane: i32): bool {
  for (let i = lane; i < laneCount; i++) if (!hasBits(i)) return false;
  return true;
}

function makeLeaf(list: usize): usize {
  const count = arrayLen(list);
  const isArray = kindOf(collection) == ARRAY;
  const part = isArray ? makeArray(count) : makeEntries(kindOf(collection), count);
  let last = -1;
  for (let i = 0; i < count; i++) {
    const member = memberOf(<i32>arrayGet(list, i));
    if (member != last) addMember(part, collection, member, isArray);
    last = member;
  }
  if (!isArray) setFlag(part, SORTED);
  const node = alloc(8);
  store<u32>(node, NODE_LEAF);
  store<u32>(node, <u32>part, 4);
  return node;
}

function memberOf(pair: i32): i32 {
  return <i32>arrayGet(pairs, pair << 1);
}

function makeBits(list: usize, first: i32): usize {
  const count = arrayLen(list);
  const bits = allocZeroed(bitsBytes);
  for (let lane = first; lane < laneCount; lane++) {
    const keys = load<u32>(laneAt(lane), LANE_KEYS);
    const own = bits + <usize>load<u32>(laneAt(lane), LANE_BITS);
    for (let i = 0; i < count; i++) {
      if (!askPair(lane, pairs, <i32>arrayGet(list, i), collection)) continue;
      const bit = <u64>1 << i;
      if (isLoose) for (let key: u32 = 0; key <= keys; key++) mark(own, key, bit);
      if (isEnded) mark(own, keys + 1, bit);
      const some = arrayLen(found);
      for (let k = 0; k < some; k++) mark(own, numberOf(laneAt(lane), arrayGet(found, k)), bit);
    }
  }
  const node = alloc(16 + (<usize>count << 2));
  store<u32>(node, NODE_BITS);
  store<u32>(node, <u32>laneAt(first), 4);
  store<u32>(node, <u32>bits, 8);
  store<u32>(node, count, 12);
  for (let i = 0; i < count; i++) store<u32>(node + (<usize>i << 2), memberOf(<i32>arrayGet(list, i)), 16);
  return node;
}

function mark(own: usize, key: u32, bit: u64): void {
  const at = own + (<usize>key << 3);
  store<u64>(at, load<u64>(at) | bit);
}

// ── parting pairs by the keys of a lane ──

let table: usize = 0;
let mask: u32 = 0;

/** The pairs of each key in its table's slot, loose ones in every slot. */
function makeTable(list: usize, lane: i32): usize {
  const count = arrayLen(list);
  const loose = makeArray(4);
  const ended = makeArray(4);
  const keys = makeArray(16);
  table = allocZeroed(16 << 3);
  mask = 15;
  for (let i = 0; i < count && pairsLeft >= 0; i++) {
    const pair = arrayGet(list, i);
    if (!askPair(lane, pairs, <i32>pair, collection)) continue;
    const some = arrayLen(found);
    for (let k = 0; k < some; k++) addKeyed(keys, arrayGet(found, k), loose, pair);
    if (isEnded) arrayPush(ended, pair);
    if (!isLoose) continue;
    pairsLeft -= arrayLen(keys);
    for (let k = 0; k < arrayLen(keys) && pairsLeft >= 0; k++) {
      addOnce(<usize>load<u32>(slotOf(arrayGet(keys, k)), 4), pair);
    }
    arrayPush(loose, pair);
  }
  const node = allocZeroed(NODE_SIZE);
  return finishTable(node, lane, loose, ended);
}

function addOnce(list: usize, pair: usize): void {
  const length = arrayLen(list);
  if (length == 0 || arrayGet(list, length - 1) != pair) arrayPush(list, pair);
}

function addKeyed(keys: usize, key: usize, loose: usize, pair: usize): void {
  let at = slotOf(key);
  if (load<u32>(at) == 0) {
    arrayPush(keys, key);
    if (<u32>arrayLen(keys) << 1 > mask) growTable();
    at = slotOf(key);
    const before = arrayLen(loose);
    pairsLeft -= before;
    const own = makeArray(before + 1);
    for (let i = 0; i < before && pairsLeft >= 0; i++) arrayPush(own, arrayGet(loose, i));
    store<u32>(at, <u32>key);
    store<u32>(at, <u32>own, 4);
  }
  addOnce(<usize>load<u32>(at, 4), pair);
}

function slotOf(key: usize): usize {
  let slot = spread(key) & mask;
  while (true) {
    const at = table + (<usize>slot << 3);
    const other = <usize>load<u32>(at);
    if (other == key || other == 0) return at;
    slot = (slot + 1) & mask;
  }
}

function growTable(): void {
  const old = table;
  const slots = mask + 1;
  table = allocZeroed(<usize>slots << 4);
  mask = (slots << 1) - 1;
  for (let i: u32 = 0; i < slots; i++) {
    const from = old + (<usize>i << 3);
    const key = <usize>load<u32>(from);
    if (key != 0) store<u64>(slotOf(key), load<u64>(from));
  }
}

/** In place of each key's pairs comes the node that they make. */
function finishTable(node: usize, lane: i32, loose: usize, ended: usize): usize {
  const own = table;
  const slots = mask + 1;
  store<u32>(node, NODE_TABLE);
  store<u32>(node, <u32>laneAt(lane), 4);
  store<u32>(node, <u32>own, 8);
  store<u32>(node, slots - 1, 12);
  for (let i: u32 = 0; i < slots && pairsLeft >= 0; i++) {
    const at = own + (<usize>i << 3);
    if (load<u32>(at) != 0) store<u32>(at, <u32>makeNode(<usize>load<u32>(at, 4), lane + 1), 4);
  }
  store<u32>(node, <u32>makeNode(loose, lane + 1), 16);
  store<u32>(node, <u32>makeNode(ended, lane + 1), 20);
  return node;
}
