/** The words that say by what an index of data is made (policy-compiler's link/data-words.ts), read once. */
import { ANY_MEMBER, WITNESS_DATA, WITNESS_EACH, WITNESS_FIELD } from "../layout";
import { getAtom } from "../policy-calls";
import { baseGet, scanLength, scanValue } from "../value/access";
import { arrayGet, arrayLen, arrayPush } from "../value/array";

/** A collection that leads to more witnesses has no index. */
const WITNESSES_MAX: i32 = 1 << 20;

export let spec: usize = 0;
/** The data of the index's functions. */
export let specData: usize = 0;
/** The index follows data from a member on. */
export let readsData: bool = false;
let path: usize = 0;
let steps: usize = 0;
let levels: usize = 0;
export let levelCount: i32 = 0;

export function readSpec(words: usize, whole: usize): void {
  spec = words;
  specData = follow(whole, words + 4);
  path = behind(words + 4);
  steps = behind(path);
  readsData = false;
  let at = steps + 4;
  for (let i = load<i32>(steps); i > 0; i--) {
    const kind = load<u32>(at);
    if (kind == WITNESS_DATA) readsData = true;
    at = kind == WITNESS_EACH ? at + 4 : kind == WITNESS_FIELD ? at + 8 : behind(at + 4);
  }
  levelCount = load<i32>(at);
  levels = at + 4;
}

export function keepsArrays(): bool {
  return load<u32>(spec) != 0;
}

/** Behind a list. */
// @ts-ignore: decorator
@inline
function behind(list: usize): usize {
  return list + 4 + (<usize>load<u32>(list) << 2);
}

function follow(value: usize, names: usize): usize {
  const count = load<i32>(names);
  let at = value;
  for (let i = 0; i < count && at != 0; i++) at = getAtom(at, <usize>load<u32>(names + 4 + (<usize>i << 2)));
  return at;
}

// ── collections and witnesses ──

/** Appends the collections at the index's path. */
export function findCollections(found: usize): void {
  walkPath(found, specData, 0);
}

function walkPath(found: usize, value: usize, at: i32): void {
  if (at == load<i32>(path)) {
    if (scanLength(value) > 1) arrayPush(found, value);
    return;
  }
  const name = <usize>load<u32>(path + 4 + (<usize>at << 2));
  if (name != ANY_MEMBER) {
    walkPath(found, getAtom(value, name), at + 1);
    return;
  }
  const count = scanLength(value);
  for (let i = 0; i < count; i++) walkPath(found, scanValue(value, i), at + 1);
}

/** Appends {position, witness} for each witness of each member; false where there are too many. */
export function findPairs(pairs: usize, collection: usize): bool {
  const count = scanLength(collection);
  for (let i = 0; i < count; i++) {
    if (!walkSteps(pairs, i, scanValue(collection, i), steps + 4, load<i32>(steps))) return false;
  }
  return true;
}

function walkSteps(pairs: usize, member: i32, value: usize, step: usize, left: i32): bool {
  if (value == 0) return true;
  if (left == 0) {
    if (arrayLen(pairs) >= WITNESSES_MAX << 1) return false;
    arrayPush(pairs, <usize>member);
    arrayPush(pairs, value);
    return true;
  }
  const kind = load<u32>(step);
  if (kind == WITNESS_FIELD) {
    return walkSteps(pairs, member, getAtom(value, <usize>load<u32>(step, 4)), step + 8, left - 1);
  }
  if (kind == WITNESS_DATA) {
    return walkSteps(pairs, member, baseGet(follow(specData, step + 4), value), behind(step + 4), left - 1);
  }
  const count = scanLength(value);
  for (let i = 0; i < count; i++) {
    if (!walkSteps(pairs, member, scanValue(value, i), step + 4, left - 1)) return false;
  }
  return true;
}

// ── levels: {LevelTest, of the witness, place of the key in bytes, list of names, list of constants} ──

export function levelAt(level: i32): usize {
  let at = levels;
  for (let i = 0; i < level; i++) at = behind(behind(at + 12));
  return at;
}

/** What the level asks of a pair; 0 where it has no such part. */
export function partOf(level: usize, pairs: usize, pair: i32, collection: usize): usize {
  const value =
    load<u32>(level, 4) != 0 ? arrayGet(pairs, (pair << 1) + 1) : scanValue(collection, <i32>arrayGet(pairs, pair << 1));
  return follow(value, level + 12);
}

/** Two levels compare the same part with the same key. */
export function isSamePart(a: usize, b: usize): bool {
  if (load<u64>(a, 4) != load<u64>(b, 4)) return false;
  const count = load<i32>(a, 12);
  for (let i = 0; i <= count; i++) {
    if (load<u32>(a + (<usize>i << 2), 12) != load<u32>(b + (<usize>i << 2), 12)) return false;
  }
  return true;
}

export function isConstant(level: usize, value: usize): bool {
  const constants = behind(level + 12);
  const count = load<i32>(constants);
  for (let i = 0; i < count; i++) if (<usize>load<u32>(constants + 4 + (<usize>i << 2)) == value) return true;
  return false;
}
