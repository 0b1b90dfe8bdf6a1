/**
 * The lanes of an index under way: each is one question, of a level or of one place in a level's segments. Of
 * every pair it finds the keys for which it can hold. Lanes with few keys in all collections are asked
 * with bits; one with many parts the pairs by a table.
 */
import { LEVEL_COUNT, LEVEL_MEMBER, LEVEL_SEGMENTS } from "../layout";
import { alloc, allocZeroed } from "../memory";
import { scanLength, scanValue, valueLength } from "../value/access";
import { arrayGet, arrayLen, arrayPush, makeArray } from "../value/array";
import { ARRAY, ATOM, BOOLEAN, STRING, kindOf, makeSmallInt } from "../value/value";
import {
  LANES_HEAD, LANE_BITS, LANE_KEY, LANE_KEYS, LANE_MASK, LANE_POSITION, LANE_SIZE, LANE_TABLE, LANE_TELLS, NO_KEY,
  spread,
} from "./find";
import { isConstant, isSamePart, levelAt, levelCount, partOf } from "./spec";

/** Segments behind these are not asked about. */
const POSITIONS_MAX: i32 = 16;
/** A lane with more keys has no bits. */
export const KEYS_MAX: i32 = 48;
/** Of a vocabulary's table: at once for all keys that it may have, since nothing that is made while it grows stays. */
const TABLE_SLOTS: u32 = 128;

export let lanes: usize = 0;
export let laneCount: i32 = 0;
/** Bytes of one node's bits. */
export let bitsBytes: usize = 0;
/** Keys of the last pair asked about; the pair holds for all where `isLoose`, for none where it has no such part. */
export let found: usize = 0;
export let isLoose: bool = false;
/** A segment's pair has no such place: it holds whatever the key's rest is, and where the key ends. */
export let isEnded: bool = false;
/** Of some pair the lanes say less than the levels: what is left need not hold. */
export let isVague: bool = false;
/** Something was to be counted that cannot be. */
export let isRefused: bool = false;

/** Of each lane: its level's words, its place and its vocabulary. */
let levelOfLane: usize = 0;

/** Room for keys, which may have grown where nothing stays. */
export function renewFound(): void {
  found = makeArray(16);
}

export function beginLanes(): void {
  isRefused = false;
  isVague = false;
  levelOfLane = makeArray(16);
  lanes = alloc(LANES_HEAD + LANE_SIZE * <usize>(levelCount * POSITIONS_MAX + 1));
  laneCount = 0;
  for (let i = 0; i < levelCount; i++) if (load<u32>(levelAt(i)) == LEVEL_COUNT) addLane(levelAt(i), 0);
  store<u32>(lanes, laneCount, 4);
  for (let i = 0; i < levelCount; i++) {
    const level = levelAt(i);
    const test = load<u32>(level);
    if (test == LEVEL_COUNT) continue;
    for (let at = 0; at < (test == LEVEL_SEGMENTS ? POSITIONS_MAX : 1); at++) addLane(level, at);
  }
}

function addLane(level: usize, position: i32): void {
  const lane = laneAt(laneCount++);
  arrayPush(levelOfLane, level);
  store<u32>(lane, load<u32>(level));
  store<u32>(lane, load<u32>(level, 8), LANE_KEY);
  store<u32>(lane, position, LANE_POSITION);
  store<u32>(lane, <u32>allocZeroed(TABLE_SLOTS << 3), LANE_TABLE);
  store<u32>(lane, TABLE_SLOTS - 1, LANE_MASK);
  store<u32>(lane, 0, LANE_KEYS);
  store<u32>(lane, 0, LANE_TELLS);
}

// @ts-ignore: decorator
@inline
export function laneAt(i: i32): usize {
  return lanes + LANES_HEAD + <usize>i * LANE_SIZE;
}

/** Finds the keys of a pair; false where it holds for none. */
export function askPair(i: i32, pairs: usize, pair: i32, collection: usize): bool {
  const lane = laneAt(i);
  const level = arrayGet(levelOfLane, i);
  const part = partOf(level, pairs, pair, collection);
  store<u32>(found, 0, 4);
  isLoose = false;
  isEnded = false;
  if (part == 0) return false;
  const test = load<u32>(lane);
  if (test == LEVEL_COUNT) {
    const length = valueLength(part);
    if (length < 0) isRefused = true;
    else arrayPush(found, makeSmallInt(length));
  } else if (test == LEVEL_MEMBER) return askMembers(part);
  else if (test == LEVEL_SEGMENTS) askSegment(level, part, load<i32>(lane, LANE_POSITION));
  else addKey(part);
  return true;
}

function askMembers(part: usize): bool {
  if (kindOf(part) < ARRAY) return false;
  const count = scanLength(part);
  for (let i = 0; i < count; i++) addKey(scanValue(part, i));
  return true;
}

function askSegment(level: usize, part: usize, position: i32): void {
  const isArray = kindOf(part) == ARRAY;
  if (!isArray || arrayLen(part) > POSITIONS_MAX) isVague = true;
  if (!isArray || position >= arrayLen(part)) {
    isEnded = true;
    isLoose = true;
    return;
  }
  const element = arrayGet(part, position);
  if (isConstant(level, element)) isLoose = true;
  else addKey(element);
}

/** The word that only equal values have; without one, it may equal anything. */
function addKey(value: usize): void {
  const kind = kindOf(value);
  const isKey = value & 1 || (kind == STRING ? (load<u32>(value) & ATOM) != 0 : kind != 0 && kind <= BOOLEAN);
  if (isKey) arrayPush(found, value);
  else {
    isLoose = true;
    isVague = true;
  }
}

/** Takes the pair's keys into the lane's vocabulary. */
export function learnPair(i: i32, pairs: usize, pair: i32, collection: usize): void {
  const lane = laneAt(i);
  if (load<i32>(lane, LANE_KEYS) > KEYS_MAX) return;
  const holds = askPair(i, pairs, pair, collection);
  if (!isEnded) store<u32>(lane, 1, LANE_TELLS);
  if (!holds) return;
  const count = arrayLen(found);
  for (let k = 0; k < count && load<i32>(lane, LANE_KEYS) <= KEYS_MAX; k++) {
    const key = arrayGet(found, k);
    if (numberOf(lane, key) != 0) continue;
    const keys = load<u32>(lane, LANE_KEYS) + 1;
    store<u32>(lane, keys, LANE_KEYS);
    const at = slotOf(lane, key);
    store<u32>(at, <u32>key);
    store<u32>(at, keys, 4);
  }
}

/** Number of a key in the lane's vocabulary, or 0. */
export function numberOf(lane: usize, key: usize): u32 {
  return load<u32>(slotOf(lane, key), 4);
}

function slotOf(lane: usize, key: usize): usize {
  const table = <usize>load<u32>(lane, LANE_TABLE);
  const mask = load<u32>(lane, LANE_MASK);
  let slot = spread(key) & mask;
  while (true) {
    const at = table + (<usize>slot << 3);
    const other = <usize>load<u32>(at);
    if (other == key || other == 0) return at;
    slot = (slot + 1) & mask;
  }
}

// @ts-ignore: decorator
@inline
export function hasBits(i: i32): bool {
  return load<i32>(laneAt(i), LANE_KEYS) <= KEYS_MAX;
}

/**
 * All collections are known: lanes that tell nothing apart go, and behind those that count come those with
 * many keys, then the others, the ones with most keys first.
 */
export function settleLanes(): void {
  const counting = load<i32>(lanes, 4);
  let kept = counting;
  for (let i = counting; i < laneCount; i++) {
    if (load<u32>(laneAt(i), LANE_KEYS) != 0) moveLane(i, kept++);
    else if (load<u32>(laneAt(i), LANE_TELLS) != 0 && !isCounted(i, counting)) isVague = true;
  }
  laneCount = kept;
  for (let i = counting + 1; i < laneCount; i++) {
    for (let k = i; k > counting && load<u32>(laneAt(k), LANE_KEYS) > load<u32>(laneAt(k - 1), LANE_KEYS); k--) swapLanes(k);
  }
  store<u32>(lanes, laneCount);
  bitsBytes = 0;
  for (let i = 0; i < laneCount; i++) {
    store<u32>(laneAt(i), <u32>bitsBytes, LANE_BITS);
    if (hasBits(i)) bitsBytes += <usize>(load<u32>(laneAt(i), LANE_KEYS) + 2) << 3;
  }
}

/** A lane of segments that are all constants tells that there is a key, which a count of the same key tells, too. */
function isCounted(i: i32, counting: i32): bool {
  const level = arrayGet(levelOfLane, i);
  if (load<u32>(level) != LEVEL_SEGMENTS) return false;
  for (let k = 0; k < counting; k++) if (isSamePart(level, arrayGet(levelOfLane, k))) return true;
  return false;
}

function moveLane(from: i32, to: i32): void {
  memory.copy(laneAt(to), laneAt(from), LANE_SIZE);
  store<u32>((<usize>load<u32>(levelOfLane, 12)) + (<usize>to << 2), <u32>arrayGet(levelOfLane, from));
}

function swapLanes(k: i32): void {
  const room = laneCount;
  if (arrayLen(levelOfLane) <= room) arrayPush(levelOfLane, 0);
  moveLane(k, room);
  moveLane(k - 1, k);
  moveLane(room, k - 1);
}
