/**
 * Whether a program matches anywhere in a text: a deterministic automaton whose states are
 * made when first reached. One step a code point; an ASCII step that has been taken before
 * is a look-up.
 *
 *   state {next in bucket, hash, before, length, transitions (classes + 1) × 4, pcs…}
 *
 * A state is a set of instructions that have just been reached, and of the point before
 * only what assertions can tell apart (`before`). What lies behind the instructions is
 * looked at with the next point in hand, so a match shows one step late.
 */
import { burn } from "../failure";
import { alloc, heapPtr, setHeapPtr } from "../memory";
import { hasPoint } from "./node";
import {
  ANCHORED, BUCKETS, HAS_ASSERT, HAS_LINE, HAS_WORD, I_ASSERT, I_CHAR, I_CLASS, I_MATCH, I_SAVE, I_SPLIT, P_BUCKETS,
  P_CLASSES, P_CLASS_MAP, P_COUNT, P_ENTRY, P_FLAGS, P_KEPT, P_START, P_STATES, holdsBetween, instructionAt, isWordPoint,
} from "./program";
import { giveUpShelf, roomFor } from "./store";
import { pointAt, pointWidth } from "./utf8";

/** Results of a step that are no state. */
const NONE: usize = 0;
const DEAD: usize = 1;
const MATCHED: usize = 2;
/** The state would be one too many: go on without states. */
const NO_ROOM: usize = 3;

const STATES_MAX: u32 = 250;
const TRANSITIONS: usize = 16;

// Sets of instructions, made for one match: `dense` lists them, `marks` says who is in.
let dense: usize = 0;
let marks: usize = 0;
let stack: usize = 0;
let following: usize = 0;

export function isMatch(program: usize, ptr: usize, length: i32): bool {
  const heap = heapPtr;
  dense = 0;
  let result = run(program, ptr, length);
  if (result == NO_ROOM) result = simulate(program, ptr, length);
  if (load<u32>(program, P_KEPT) != 0) setHeapPtr(heap);
  return result == MATCHED;
}

function run(program: usize, ptr: usize, length: i32): usize {
  burn((length >> 3) + 1);
  let state = <usize>load<u32>(program, P_START);
  if (state == 0) {
    state = startState(program);
    if (state == NO_ROOM) return NO_ROOM;
  }
  const end = ptr + <usize>length;
  const map = program + P_CLASS_MAP;
  let at = ptr;
  while (at < end) {
    const byte = <u32>load<u8>(at);
    let next: usize;
    if (byte < 0x80) {
      const slot = state + TRANSITIONS + (<usize>load<u8>(map + byte) << 2);
      next = <usize>load<u32>(slot);
      if (next == NONE) {
        next = step(program, state, <i32>byte);
        if (next == NO_ROOM) return NO_ROOM;
        store<u32>(slot, <u32>next);
      }
      at++;
    } else {
      next = step(program, state, <i32>pointAt(at, end));
      at += pointWidth(at, end);
    }
    if (next <= NO_ROOM) return next;
    state = next;
  }
  const slot = state + TRANSITIONS + (<usize>load<u32>(program, P_CLASSES) << 2);
  let last = <usize>load<u32>(slot);
  if (last == NONE) {
    last = step(program, state, -1);
    store<u32>(slot, <u32>last);
  }
  return last;
}

function startState(program: usize): usize {
  prepare(program);
  store<u32>(following, load<u32>(program, P_ENTRY));
  const state = stateOf(program, (load<u32>(program, P_FLAGS) & HAS_ASSERT) != 0 ? -1 : 32, 1);
  if (state != NO_ROOM) store<u32>(program, <u32>state, P_START);
  return state;
}

function prepare(program: usize): void {
  if (dense != 0) return;
  const count = <usize>load<u32>(program, P_COUNT);
  dense = alloc(count << 2);
  stack = alloc((count << 2) + 8);
  following = alloc((count << 2) + 8);
  marks = alloc(count + 8);
  memory.fill(marks, 0, count + 8);
}

/** The state behind `state` when `point` (-1: the end) comes. */
function step(program: usize, state: usize, point: i32): usize {
  prepare(program);
  const length = load<i32>(state, 12);
  const pcs = state + TRANSITIONS + ((<usize>load<u32>(program, P_CLASSES) + 1) << 2);
  const reached = advance(program, pcs, length, load<i32>(state, 8), point);
  if (reached < 0) return MATCHED;
  if (point < 0 || (reached == 0 && (load<u32>(program, P_FLAGS) & ANCHORED) != 0)) return DEAD;
  return stateOf(program, beforeOf(program, point), reached);
}

/** What assertions may know of the point that has passed. */
function beforeOf(program: usize, point: i32): i32 {
  const flags = load<u32>(program, P_FLAGS);
  if (point == 10 && (flags & HAS_LINE) != 0) return 10;
  return (flags & HAS_WORD) != 0 && isWordPoint(point) ? 0x61 : 32;
}

/**
 * Takes the instructions at `pcs` over `point`; leaves those reached in `following`, sorted,
 * and gives their number, or -1 on a match before the point.
 */
function advance(program: usize, pcs: usize, length: i32, before: i32, point: i32): i32 {
  const holds = holdsBetween(before, point);
  const flags = load<u32>(program, P_FLAGS);
  let seen = 0;
  let isMatched = false;
  for (let i = 0; i < length && !isMatched; i++) {
    seen = close(program, load<u32>(pcs + (<usize>i << 2)), seen, holds);
    isMatched = seen < 0;
  }
  if (!isMatched && (flags & ANCHORED) == 0) {
    seen = close(program, load<u32>(program, P_ENTRY), seen, holds);
    isMatched = seen < 0;
  }
  const count = load<i32>(program, P_COUNT);
  if (isMatched) {
    memory.fill(marks, 0, count);
    return -1;
  }
  burn(seen + 1);
  let reached = 0;
  for (let i = 0; i < seen; i++) {
    const pc = load<u32>(dense + (<usize>i << 2));
    store<u8>(marks + pc, 0);
    if (point >= 0 && takes(program, instructionAt(program, pc), <u32>point)) {
      store<u32>(following + (<usize>(reached++) << 2), load<u32>(instructionAt(program, pc), 4));
    }
  }
  return sortUnique(reached, count);
}

/** Adds what can be reached from `pc` without a point; gives the new number, or -1 on a match. */
function close(program: usize, pc: u32, from: i32, holds: u32): i32 {
  let seen = from;
  let height = 1;
  store<u32>(stack, pc);
  while (height > 0) {
    let at = load<u32>(stack + (<usize>(--height) << 2));
    while (load<u8>(marks + at) == 0) {
      store<u8>(marks + at, 1);
      store<u32>(dense + (<usize>(seen++) << 2), at);
      const instruction = instructionAt(program, at);
      const op = load<u32>(instruction);
      if (op == I_MATCH) return -1;
      if (op == I_SPLIT) {
        const other = load<u32>(instruction, 8);
        if (load<u8>(marks + other) == 0) store<u32>(stack + (<usize>(height++) << 2), other);
      } else if (op == I_ASSERT) {
        if ((load<u32>(instruction, 8) & holds) == 0) break;
      } else if (op != I_SAVE) break;
      at = load<u32>(instruction, 4);
    }
  }
  return seen;
}

/** The instruction is one that takes the point. */
export function takes(program: usize, instruction: usize, point: u32): bool {
  const op = load<u32>(instruction);
  if (op == I_CHAR) return load<u32>(instruction, 8) == point;
  if (op != I_CLASS) return false;
  return hasPoint(program + <usize>load<u32>(instruction, 8), load<i32>(instruction, 12), point);
}

/** Sorts the first `length` of `following` and drops repetitions. */
function sortUnique(length: i32, count: i32): i32 {
  if (length < 2) return length;
  let kept = 0;
  if (length > 16) {
    burn(count >> 3);
    for (let i = 0; i < length; i++) store<u8>(marks + load<u32>(following + (<usize>i << 2)), 1);
    for (let pc = 0; pc < count; pc++) {
      if (load<u8>(marks + pc) == 0) continue;
      store<u8>(marks + pc, 0);
      store<u32>(following + (<usize>(kept++) << 2), pc);
    }
    return kept;
  }
  for (let i = 0; i < length; i++) {
    const pc = load<u32>(following + (<usize>i << 2));
    let j = kept;
    while (j > 0 && load<u32>(following + (<usize>(j - 1) << 2)) > pc) j--;
    if (j > 0 && load<u32>(following + (<usize>(j - 1) << 2)) == pc) continue;
    memory.copy(following + (<usize>(j + 1) << 2), following + (<usize>j << 2), <usize>(kept - j) << 2);
    store<u32>(following + (<usize>j << 2), pc);
    kept++;
  }
  return kept;
}

/** The state for the first `length` of `following`: a known one or a new one. */
function stateOf(program: usize, before: i32, length: i32): usize {
  let hash: u32 = <u32>before * 31 + <u32>length;
  for (let i = 0; i < length; i++) hash = (hash ^ load<u32>(following + (<usize>i << 2))) * 0x9e3779b1;
  hash ^= hash >>> 15;
  const bucket = program + P_BUCKETS + (<usize>(hash & (BUCKETS - 1)) << 2);
  const pcsAt = TRANSITIONS + ((<usize>load<u32>(program, P_CLASSES) + 1) << 2);
  const bytes = <usize>length << 2;
  for (let state = <usize>load<u32>(bucket); state != 0; state = <usize>load<u32>(state)) {
    if (load<u32>(state, 4) != hash || load<i32>(state, 8) != before || load<i32>(state, 12) != length) continue;
    if (memory.compare(state + pcsAt, following, bytes) == 0) return state;
  }
  const count = load<u32>(program, P_STATES);
  if (count >= STATES_MAX) {
    giveUpShelf(program);
    return NO_ROOM;
  }
  const state = roomFor(program, pcsAt + bytes);
  if (state == 0) return NO_ROOM;
  burn(<i64>(pcsAt + bytes) >> 4);
  memory.fill(state, 0, pcsAt);
  store<u32>(state, load<u32>(bucket));
  store<u32>(state, hash, 4);
  store<i32>(state, before, 8);
  store<i32>(state, length, 12);
  memory.copy(state + pcsAt, following, bytes);
  store<u32>(program, count + 1, P_STATES);
  store<u32>(bucket, <u32>state);
  return state;
}

/** The same without states: every step is worked out. */
function simulate(program: usize, ptr: usize, length: i32): usize {
  prepare(program);
  const end = ptr + <usize>length;
  const isAnchored = (load<u32>(program, P_FLAGS) & ANCHORED) != 0;
  let pcs = alloc((<usize>load<u32>(program, P_COUNT) << 2) + 8);
  store<u32>(pcs, load<u32>(program, P_ENTRY));
  let reached = 1;
  let before = -1;
  let at = ptr;
  while (true) {
    const point = at < end ? <i32>pointAt(at, end) : -1;
    reached = advance(program, pcs, reached, before, point);
    if (reached < 0) return MATCHED;
    if (point < 0 || (reached == 0 && isAnchored)) return DEAD;
    at += pointWidth(at, end);
    before = point;
    const swap = pcs;
    pcs = following;
    following = swap;
  }
}
