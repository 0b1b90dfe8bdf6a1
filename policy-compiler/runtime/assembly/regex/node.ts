/**
 * The tree of a pattern: nodes of 24 bytes on the evaluation's heap, dropped once the
 * program is made. Regular expressions and globs both end up here.
 *
 *   {op, a, b, c, next, –}      next: the following child of the same parent
 *
 *   EMPTY
 *   CHAR      a: code point
 *   CLASS     a: ranges (a buffer of pairs lo, hi; sorted, disjoint)
 *   CAT, ALT  a: first child
 *   REPEAT    a: child, b: minimum, c: maximum (-1: none) | LAZY
 *   CAPTURE   a: child, b: number from 1
 *   ASSERT    a: which
 */
import { advance, bufferLength, bufferPtr, newBuffer, reserve } from "../buffer";
import { burn } from "../failure";
import { allocZeroed } from "../memory";

export const EMPTY: u32 = 1;
export const CHAR: u32 = 2;
export const CLASS: u32 = 3;
export const CAT: u32 = 4;
export const ALT: u32 = 5;
export const REPEAT: u32 = 6;
export const CAPTURE: u32 = 7;
export const ASSERT: u32 = 8;

export const LAZY: u32 = 0x40000000;
export const UNBOUNDED: u32 = 0x3fffffff;

/** What an ASSERT asks of the place between two code points. */
export const TEXT_BEGIN: u32 = 1;
export const TEXT_END: u32 = 2;
export const LINE_BEGIN: u32 = 4;
export const LINE_END: u32 = 8;
export const WORD_BOUNDARY: u32 = 16;
export const NO_WORD_BOUNDARY: u32 = 32;

export const POINT_MAX: u32 = 0x10ffff;

export function makeNode(op: u32, a: usize = 0, b: u32 = 0, c: u32 = 0): usize {
  burn(1);
  const node = allocZeroed(24);
  store<u32>(node, op);
  store<u32>(node, <u32>a, 4);
  store<u32>(node, b, 8);
  store<u32>(node, c, 12);
  return node;
}

export function setNext(node: usize, next: usize): void {
  store<u32>(node, <u32>next, 16);
}

// ── ranges: a buffer; its word at 12 is where the program being made keeps them, or 0 ──

export function newRanges(): usize {
  const ranges = newBuffer(32);
  store<u32>(ranges, 0, 12);
  return ranges;
}

export function addRange(ranges: usize, low: u32, high: u32): void {
  const at = reserve(ranges, 8);
  store<u32>(at, low);
  store<u32>(at, high, 4);
  advance(ranges, 8);
}

export function rangeCount(ranges: usize): i32 {
  return bufferLength(ranges) >> 3;
}

export function rangeLow(ranges: usize, i: i32): u32 {
  return load<u32>(bufferPtr(ranges) + (<usize>i << 3));
}

export function rangeHigh(ranges: usize, i: i32): u32 {
  return load<u32>(bufferPtr(ranges) + (<usize>i << 3), 4);
}

/** Sorts, and joins what overlaps or touches. */
export function tidyRanges(ranges: usize): void {
  const count = rangeCount(ranges);
  if (count < 2) return;
  sortRanges(bufferPtr(ranges), count);
  const base = bufferPtr(ranges);
  let kept = 0;
  for (let i = 1; i < count; i++) {
    const last = base + (<usize>(kept) << 3);
    const low = rangeLow(ranges, i);
    const high = rangeHigh(ranges, i);
    if (low <= load<u32>(last, 4) + 1) {
      if (high > load<u32>(last, 4)) store<u32>(last, high, 4);
    } else {
      kept++;
      store<u32>(base + (<usize>(kept) << 3), low);
      store<u32>(base + (<usize>(kept) << 3), high, 4);
    }
  }
  store<u32>(ranges, <u32>((kept + 1) << 3), 4);
}

/** Shell's, by the lower end. */
function sortRanges(base: usize, count: i32): void {
  for (let gap = count >> 1; gap > 0; gap >>= 1) {
    burn(count);
    for (let i = gap; i < count; i++) {
      const entry = load<u64>(base + (<usize>i << 3));
      let j = i;
      while (j >= gap && load<u32>(base + (<usize>(j - gap) << 3)) > <u32>entry) {
        store<u64>(base + (<usize>j << 3), load<u64>(base + (<usize>(j - gap) << 3)));
        j -= gap;
      }
      store<u64>(base + (<usize>j << 3), entry);
    }
  }
}

/** What tidy ranges leave out. */
export function invertRanges(ranges: usize): usize {
  const inverted = newRanges();
  let from: u32 = 0;
  const count = rangeCount(ranges);
  burn(count);
  for (let i = 0; i < count; i++) {
    const low = rangeLow(ranges, i);
    if (low > from) addRange(inverted, from, low - 1);
    from = rangeHigh(ranges, i) + 1;
  }
  if (from <= POINT_MAX) addRange(inverted, from, POINT_MAX);
  return inverted;
}

export function addRanges(to: usize, ranges: usize): void {
  const count = rangeCount(ranges);
  burn(count);
  for (let i = 0; i < count; i++) addRange(to, rangeLow(ranges, i), rangeHigh(ranges, i));
}

/** The point lies in `count` tidy ranges at `base`. */
export function hasPoint(base: usize, count: i32, point: u32): bool {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (point > load<u32>(base + (<usize>middle << 3), 4)) low = middle + 1;
    else high = middle;
  }
  return low < count && load<u32>(base + (<usize>low << 3)) <= point;
}
