/**
 * A compiled pattern: one block without addresses of its own insides, so that it can be
 * moved as a whole.
 *
 *   [header 320][instructions 16 each][ranges 8 each][group names {number, length, bytes…}][key]
 *
 *   instruction {op, x: next, y, z}
 *     I_CHAR    y: code point
 *     I_CLASS   y: offset of the ranges, z: how many
 *     I_SPLIT   x is tried first, y then
 *     I_SAVE    y: slot
 *     I_ASSERT  y: what must hold between the points
 *     I_MATCH, I_NEVER
 */
import { bufferLength, bufferPtr, advance, newBuffer, reserve } from "../buffer";
import { burn } from "../failure";
import { alloc } from "../memory";
import {
  ALT, ASSERT, CAPTURE, CAT, CHAR, CLASS, EMPTY, LAZY, LINE_BEGIN, LINE_END, NO_WORD_BOUNDARY, REPEAT, TEXT_BEGIN, TEXT_END, UNBOUNDED,
  WORD_BOUNDARY, rangeCount, rangeHigh, rangeLow,
} from "./node";
import { groupCount, groupNames, setFault } from "./parse";

export const I_CHAR: u32 = 1;
export const I_CLASS: u32 = 2;
export const I_SPLIT: u32 = 3;
export const I_SAVE: u32 = 4;
export const I_ASSERT: u32 = 5;
export const I_MATCH: u32 = 6;
export const I_NEVER: u32 = 7;

// Header.
export const P_COUNT: usize = 0;
export const P_BYTES: usize = 4;
export const P_SLOTS: usize = 8;
export const P_FLAGS: usize = 12;
export const P_NAMES: usize = 16;
export const P_NAME_COUNT: usize = 20;
export const P_ENTRY: usize = 24;
export const P_CLASSES: usize = 28;
export const P_STATES: usize = 32;
export const P_START: usize = 36;
export const P_KEPT: usize = 40;
export const P_KIND: usize = 44;
export const P_KEY: usize = 48;
export const P_KEY_LENGTH: usize = 52;
export const P_NEXT: usize = 56;
export const P_BUCKETS: usize = 64;
export const P_CLASS_MAP: usize = 192;
export const P_INSTRUCTIONS: usize = 320;

export const BUCKETS: u32 = 32;

/** A match can only begin where the text does. */
export const ANCHORED: u32 = 1;
export const HAS_WORD: u32 = 2;
export const HAS_LINE: u32 = 4;
export const HAS_ASSERT: u32 = 8;

/** Keeps one pattern within a megabyte. */
const INSTRUCTIONS_MAX: i32 = 50000;

let code: usize = 0;
let isTooLarge: bool = false;
let flags: u32 = 0;

// @ts-ignore: decorator
@inline
export function instructionAt(program: usize, pc: u32): usize {
  return program + P_INSTRUCTIONS + (<usize>pc << 4);
}

function emit(op: u32, x: u32, y: u32 = 0, z: u32 = 0): u32 {
  const pc = <u32>bufferLength(code) >> 4;
  if (<i32>pc >= INSTRUCTIONS_MAX) {
    isTooLarge = true;
    return 0;
  }
  burn(1);
  const at = reserve(code, 16);
  store<u32>(at, op);
  store<u32>(at, x, 4);
  store<u32>(at, y, 8);
  store<u32>(at, z, 12);
  advance(code, 16);
  return pc;
}

/**
 * The block for a tree, or 0 where it would be too large (see `fault`). `key` is what the
 * program is found by later.
 */
export function makeProgram(tree: usize, isWhole: bool, kind: u32, key: usize, keyLength: i32): usize {
  code = newBuffer(1024);
  isTooLarge = false;
  flags = 0;
  const match = emit(I_MATCH, 0);
  let entry = emit(I_SAVE, isWhole ? emit(I_ASSERT, match, TEXT_END) : match, 1);
  entry = plan(tree, entry);
  if (isWhole) entry = emit(I_ASSERT, entry, TEXT_BEGIN);
  entry = emit(I_SAVE, entry, 0);
  if (isTooLarge) return setFault("expression too large");
  if (isWhole || isAnchored(tree)) flags |= ANCHORED;
  return assemble(entry, isWhole, kind, key, keyLength);
}

function assemble(entry: u32, isWhole: bool, kind: u32, key: usize, keyLength: i32): usize {
  const codeBytes = bufferLength(code);
  const count = codeBytes >> 4;
  const tail = newBuffer(256);
  let offset = <u32>P_INSTRUCTIONS + <u32>codeBytes;
  for (let i = 0; i < count; i++) {
    const at = bufferPtr(code) + (<usize>i << 4);
    if (load<u32>(at) != I_CLASS) continue;
    const ranges = <usize>load<u32>(at, 8);
    if (load<u32>(ranges, 12) == 0) {
      store<u32>(ranges, offset + <u32>bufferLength(tail), 12);
      const bytes = bufferLength(ranges);
      memory.copy(reserve(tail, bytes), bufferPtr(ranges), bytes);
      advance(tail, bytes);
    }
    store<u32>(at, load<u32>(ranges, 12), 8);
    store<u32>(at, <u32>rangeCount(ranges), 12);
  }
  const names = offset + <u32>bufferLength(tail);
  let nameCount: u32 = 0;
  for (let name = groupNames; name != 0 && kind == 0; name = <usize>load<u32>(name)) {
    const length = load<i32>(name, 12);
    const room = (length + 3) & ~3;
    const at = reserve(tail, 8 + room);
    store<u32>(at, load<u32>(name, 4));
    store<u32>(at, <u32>length, 4);
    memory.copy(at + 8, <usize>load<u32>(name, 8), length);
    advance(tail, 8 + room);
    nameCount++;
  }
  const keyOffset = offset + <u32>bufferLength(tail);
  const bytes = (keyOffset + <u32>keyLength + 7) & ~7;
  const program = alloc(bytes);
  memory.fill(program, 0, P_INSTRUCTIONS);
  memory.copy(program + P_INSTRUCTIONS, bufferPtr(code), codeBytes);
  memory.copy(program + offset, bufferPtr(tail), bufferLength(tail));
  memory.copy(program + keyOffset, key, keyLength);
  store<u32>(program, count, P_COUNT);
  store<u32>(program, bytes, P_BYTES);
  store<u32>(program, kind == 0 ? 2 * (groupCount + 1) : 2, P_SLOTS);
  store<u32>(program, flags | (isWhole ? HAS_ASSERT : 0), P_FLAGS);
  store<u32>(program, names, P_NAMES);
  store<u32>(program, nameCount, P_NAME_COUNT);
  store<u32>(program, entry, P_ENTRY);
  store<u32>(program, kind, P_KIND);
  store<u32>(program, keyOffset, P_KEY);
  store<u32>(program, keyLength, P_KEY_LENGTH);
  mapClasses(program);
  return program;
}

/** Divides the ASCII points into classes that no instruction tells apart. */
function mapClasses(program: usize): void {
  const borders = alloc(136);
  memory.fill(borders, 0, 136);
  const count = load<u32>(program, P_COUNT);
  burn(count);
  for (let pc: u32 = 0; pc < count; pc++) {
    const at = instructionAt(program, pc);
    const op = load<u32>(at);
    if (op == I_CHAR) border(borders, load<u32>(at, 8), load<u32>(at, 8));
    else if (op == I_CLASS) {
      const ranges = program + <usize>load<u32>(at, 8);
      const length = load<i32>(at, 12);
      for (let i = 0; i < length && load<u32>(ranges + (<usize>i << 3)) < 128; i++) {
        border(borders, load<u32>(ranges + (<usize>i << 3)), load<u32>(ranges + (<usize>i << 3), 4));
      }
    }
  }
  if (flags & HAS_LINE) border(borders, 10, 10);
  if (flags & HAS_WORD) {
    border(borders, 0x30, 0x39);
    border(borders, 0x41, 0x5a);
    border(borders, 0x5f, 0x5f);
    border(borders, 0x61, 0x7a);
  }
  let current: u32 = 0;
  for (let point = 0; point < 128; point++) {
    if (point > 0 && load<u8>(borders + point) != 0) current++;
    store<u8>(program + P_CLASS_MAP + point, <u8>current);
  }
  store<u32>(program, current + 1, P_CLASSES);
}

function border(borders: usize, low: u32, high: u32): void {
  if (low < 128) store<u8>(borders + low, 1);
  if (high < 127) store<u8>(borders + high + 1, 1);
}

/** The entry of code for the node that goes on at `next`. */
function plan(node: usize, next: u32): u32 {
  const op = load<u32>(node);
  const a = <usize>load<u32>(node, 4);
  if (isTooLarge) return 0;
  if (op == CHAR) return emit(I_CHAR, next, <u32>a);
  if (op == CLASS) return planClass(a, next);
  if (op == ASSERT) {
    flags |= HAS_ASSERT;
    if (a & (LINE_BEGIN | LINE_END)) flags |= HAS_LINE;
    if (a & (WORD_BOUNDARY | NO_WORD_BOUNDARY)) flags |= HAS_WORD;
    return emit(I_ASSERT, next, <u32>a);
  }
  if (op == CAPTURE) {
    const number = load<u32>(node, 8);
    const close = emit(I_SAVE, next, 2 * number + 1);
    return emit(I_SAVE, plan(a, close), 2 * number);
  }
  if (op == CAT || op == ALT) return planChildren(op, a, next);
  if (op == REPEAT) return planRepeat(a, load<u32>(node, 8), load<u32>(node, 12), next);
  return next;
}

function planClass(ranges: usize, next: u32): u32 {
  const count = rangeCount(ranges);
  if (count == 0) return emit(I_NEVER, 0);
  const low = rangeLow(ranges, 0);
  if (count == 1 && low == rangeHigh(ranges, 0)) return emit(I_CHAR, next, low);
  return emit(I_CLASS, next, <u32>ranges);
}

/** Code is made from the end to the beginning, children therefore in reverse. */
function planChildren(op: u32, first: usize, next: u32): u32 {
  let count = 0;
  for (let child = first; child != 0; child = <usize>load<u32>(child, 16)) count++;
  burn(count);
  const children = alloc(<usize>count << 2);
  let i = 0;
  for (let child = first; child != 0; child = <usize>load<u32>(child, 16)) store<u32>(children + (<usize>(i++) << 2), <u32>child);
  let entry = next;
  for (i = count - 1; i >= 0; i--) {
    const child = <usize>load<u32>(children + (<usize>i << 2));
    if (op == CAT) entry = plan(child, entry);
    else entry = i == count - 1 ? plan(child, next) : emit(I_SPLIT, plan(child, next), entry);
  }
  return entry;
}

function planRepeat(child: usize, least: u32, most: u32, next: u32): u32 {
  const isLazy = (most & LAZY) != 0;
  const top = most & ~LAZY;
  let entry = next;
  let copies = least;
  if (top == UNBOUNDED) {
    const loop = split(0, next, isLazy);
    const body = plan(child, loop);
    if (isTooLarge) return 0;
    store<u32>(bufferPtr(code) + (<usize>loop << 4) + <usize>(isLazy ? 8 : 4), body);
    entry = loop;
    if (least > 0) {
      entry = body;
      copies--;
    } else if (mayBeEmpty(child)) entry = split(body, next, isLazy); // x* is (x+)?, so that an empty x is seen once
  } else {
    for (let i = least; i < top && !isTooLarge; i++) entry = split(plan(child, entry), next, isLazy);
  }
  for (let i: u32 = 0; i < copies && !isTooLarge; i++) entry = plan(child, entry);
  return entry;
}

function split(body: u32, next: u32, isLazy: bool): u32 {
  return isLazy ? emit(I_SPLIT, next, body) : emit(I_SPLIT, body, next);
}

function mayBeEmpty(node: usize): bool {
  burn(1);
  const op = load<u32>(node);
  if (op == CHAR || op == CLASS) return false;
  if (op == EMPTY || op == ASSERT) return true;
  if (op == REPEAT && load<u32>(node, 8) == 0) return true;
  for (let child = <usize>load<u32>(node, 4); child != 0; child = <usize>load<u32>(child, 16)) {
    const isEmpty = mayBeEmpty(child);
    if (op == ALT ? isEmpty : !isEmpty) return op == ALT;
  }
  return op != ALT;
}

/** Every match begins with `^` (without m) or `\A`. */
function isAnchored(node: usize): bool {
  burn(1);
  const op = load<u32>(node);
  const child = <usize>load<u32>(node, 4);
  if (op == ASSERT) return child == TEXT_BEGIN;
  if (op == CAT || op == CAPTURE) return isAnchored(child);
  if (op == REPEAT) return load<u32>(node, 8) > 0 && isAnchored(child);
  if (op != ALT) return false;
  for (let other = child; other != 0; other = <usize>load<u32>(other, 16)) if (!isAnchored(other)) return false;
  return true;
}

/** What holds between two points; -1 stands for the text's begin or end. */
export function holdsBetween(before: i32, after: i32): u32 {
  let holds: u32 = 0;
  if (before < 0) holds |= TEXT_BEGIN | LINE_BEGIN;
  else if (before == 10) holds |= LINE_BEGIN;
  if (after < 0) holds |= TEXT_END | LINE_END;
  else if (after == 10) holds |= LINE_END;
  return holds | (isWordPoint(before) != isWordPoint(after) ? WORD_BOUNDARY : NO_WORD_BOUNDARY);
}

export function isWordPoint(point: i32): bool {
  return (point >= 0x30 && point <= 0x39) || ((point | 0x20) >= 0x61 && (point | 0x20) <= 0x7a) || point == 0x5f;
}
