/**
 * Where a program matches, leftmost first as Go's regexp: Pike's machine. Threads are
 * taken in the order of their priority; each carries its slots (begin and end of the
 * match and of the groups, offsets in bytes, -1 where a group took no part).
 */
import { burn } from "../failure";
import { alloc } from "../memory";
import { takes } from "./automaton";
import {
  ANCHORED, I_ASSERT, I_CHAR, I_CLASS, I_MATCH, I_SAVE, I_SPLIT, P_COUNT, P_ENTRY, P_FLAGS, P_SLOTS, holdsBetween,
  instructionAt,
} from "./program";
import { lastWidth, pointAt, pointWidth } from "./utf8";

let program: usize = 0;
let text: usize = 0;
let textEnd: usize = 0;
let slotCount: i32 = 0;

// Two lists of threads {length, pcs, slots}, and per pc the step at which it was last added.
let current: usize = 0;
let following: usize = 0;
let stamps: usize = 0;
let stamp: u32 = 0;
let stack: usize = 0;
/** Slots of the thread being added. */
let working: usize = 0;
/** Slots of the best match so far: what `search` found. */
export let found: usize = 0;

/** Takes a program and a text for the searches that follow; `slots` of each match are kept. */
export function openSearch(pattern: usize, ptr: usize, length: i32, slots: i32): void {
  program = pattern;
  text = ptr;
  textEnd = ptr + <usize>length;
  slotCount = min(slots, load<i32>(pattern, P_SLOTS));
  const count = <usize>load<u32>(pattern, P_COUNT);
  const slotBytes = <usize>slotCount << 2;
  let takers: usize = 1;
  for (let pc: u32 = 0; pc < <u32>count; pc++) {
    const op = load<u32>(instructionAt(pattern, pc));
    if (op == I_CHAR || op == I_CLASS || op == I_MATCH) takers++;
  }
  burn(count);
  current = newList(takers, slotBytes);
  following = newList(takers, slotBytes);
  stamps = alloc(count << 2);
  memory.fill(stamps, 0, count << 2);
  stamp = 0;
  stack = alloc((count << 4) + 64);
  working = alloc(slotBytes + 8);
  found = alloc(slotBytes + 8);
}

function newList(takers: usize, slotBytes: usize): usize {
  const list = alloc(16);
  store<u32>(list, 0);
  store<u32>(list, <u32>alloc(takers << 2), 4);
  store<u32>(list, <u32>alloc(takers * slotBytes + 8), 8);
  return list;
}

/** The first match at or behind the offset; its slots are in `found`. */
export function search(from: i32): bool {
  const isAnchored = (load<u32>(program, P_FLAGS) & ANCHORED) != 0;
  let at = text + <usize>from;
  let before = from > 0 ? <i32>pointAt(at - lastWidth(text, at), at) : -1;
  let isFound = false;
  store<u32>(current, 0);
  while (true) {
    const point = at < textEnd ? <i32>pointAt(at, textEnd) : -1;
    if (!isFound && (!isAnchored || at == text)) {
      // A new thread has the lowest priority; `current` was stamped when it was filled.
      if (load<u32>(current) == 0) stamp++;
      start(<i32>(at - text), holdsBetween(before, point));
    }
    const threads = load<i32>(current);
    if (threads == 0 && (isFound || isAnchored)) return isFound;
    if (step(threads, at, point)) isFound = true;
    if (point < 0) return isFound;
    at += pointWidth(at, textEnd);
    before = point;
    const swap = current;
    current = following;
    following = swap;
  }
}

function start(offset: i32, holds: u32): void {
  memory.fill(working, 0xff, <usize>slotCount << 2);
  add(current, load<u32>(program, P_ENTRY), offset, holds);
}

/** Takes all threads over the point into `following`; true where one of them was a match. */
function step(threads: i32, at: usize, point: i32): bool {
  burn(threads + 1);
  const pcs = <usize>load<u32>(current, 4);
  const slots = <usize>load<u32>(current, 8);
  const slotBytes = <usize>slotCount << 2;
  store<u32>(following, 0);
  stamp++;
  let next: usize = at;
  let holds: u32 = 0;
  if (point >= 0) {
    next = at + pointWidth(at, textEnd);
    holds = holdsBetween(point, next < textEnd ? <i32>pointAt(next, textEnd) : -1);
  }
  for (let i = 0; i < threads; i++) {
    const instruction = instructionAt(program, load<u32>(pcs + (<usize>i << 2)));
    if (load<u32>(instruction) == I_MATCH) {
      memory.copy(found, slots + <usize>i * slotBytes, slotBytes);
      return true; // threads of lower priority are cut off
    }
    if (point < 0 || !takes(program, instruction, <u32>point)) continue;
    memory.copy(working, slots + <usize>i * slotBytes, slotBytes);
    add(following, load<u32>(instruction, 4), <i32>(next - text), holds);
  }
  return false;
}

/** Adds the threads that begin at `pc` with the slots in `working`, which it leaves as they were. */
function add(list: usize, pc: u32, offset: i32, holds: u32): void {
  const pcs = <usize>load<u32>(list, 4);
  const slotBytes = <usize>slotCount << 2;
  let length = load<u32>(list);
  let height = 0;
  let steps = 0;
  push(height++, pc, 0, false);
  while (height > 0) {
    const entry = stack + (<usize>(--height) << 3);
    let at = load<u32>(entry);
    if (at & 0x80000000) {
      store<u32>(working + (<usize>(at & 0x7fffffff) << 2), load<u32>(entry, 4));
      continue;
    }
    while (load<u32>(stamps + (<usize>at << 2)) != stamp) {
      store<u32>(stamps + (<usize>at << 2), stamp);
      steps++;
      const instruction = instructionAt(program, at);
      const op = load<u32>(instruction);
      if (op == I_SPLIT) push(height++, load<u32>(instruction, 8), 0, false);
      else if (op == I_SAVE) {
        const slot = load<i32>(instruction, 8);
        if (slot < slotCount) {
          const place = working + (<usize>slot << 2);
          push(height++, <u32>slot, load<u32>(place), true);
          store<i32>(place, offset);
        }
      } else if (op == I_ASSERT) {
        if ((load<u32>(instruction, 8) & holds) == 0) break;
      } else {
        if (op == I_CHAR || op == I_CLASS || op == I_MATCH) {
          store<u32>(pcs + (<usize>length << 2), at);
          memory.copy(<usize>load<u32>(list, 8) + <usize>length * slotBytes, working, slotBytes);
          length++;
        }
        break;
      }
      at = load<u32>(instruction, 4);
    }
  }
  store<u32>(list, length);
  burn(steps);
}

// @ts-ignore: decorator
@inline
function push(height: i32, pc: u32, value: u32, isSlot: bool): void {
  const entry = stack + (<usize>height << 3);
  store<u32>(entry, isSlot ? pc | 0x80000000 : pc);
  store<u32>(entry, value, 4);
}

// @ts-ignore: decorator
@inline
export function slotOf(i: i32): i32 {
  return load<i32>(found + (<usize>i << 2));
}

// ── all matches, with Go's rule for empty ones ──

let position: i32 = 0;
let lastEnd: i32 = 0;

export function openMatches(): void {
  position = 0;
  lastEnd = -1;
}

/** The next match in `found`, or false. An empty match right behind another one does not count. */
export function nextMatch(): bool {
  const length = <i32>(textEnd - text);
  while (position <= length) {
    if (!search(position)) {
      position = length + 1;
      return false;
    }
    const begin = slotOf(0);
    const end = slotOf(1);
    let isAccepted = true;
    if (end == position) {
      if (begin == lastEnd) isAccepted = false;
      position = position < length ? position + pointWidth(text + position, textEnd) : length + 1;
    } else position = end;
    lastEnd = end;
    if (isAccepted) return true;
  }
  return false;
}
