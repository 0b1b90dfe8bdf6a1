/**
 * Whether two glob-like expressions (OPA's regex.globs_match: points, `.`, `[…]`, each
 * perhaps followed by `+` or `*`, `\` before a sign) have a text of one point or more in
 * common, as far as OPA's library sees it.
 *
 *   token {ranges u32, flag u32, kind u32}     flag: 0, `+` or `*`; kind: a point, any, a set
 */
import { advance, bufferLength, bufferPtr, newBuffer, reserve } from "../buffer";
import { burn } from "../failure";
import { POINT_MAX, addRange, newRanges, rangeCount, rangeHigh, rangeLow, tidyRanges } from "./node";
import { setFault } from "./parse";
import { pointAt, pointWidth } from "./utf8";

const PLUS: u32 = 0x2b;
const STAR: u32 = 0x2a;
const TOKENS_MAX: i32 = 4096;
const TOKEN: i32 = 12;

const POINT: u32 = 0;
const ANY: u32 = 1;
const SET: u32 = 2;

let at: usize = 0;
let end: usize = 0;
let isEscaped: bool = false;
/** Of the token read last. */
let kind: u32 = POINT;

/** 1 or 0; -1 with the reason in `fault` where one is malformed. */
export function intersects(a: usize, aLength: i32, b: usize, bLength: i32): i32 {
  const x = tokens(a, aLength);
  if (x == 0) return -1;
  const y = tokens(b, bLength);
  if (y == 0) return -1;
  const rows = bufferLength(x) / TOKEN;
  const columns = bufferLength(y) / TOKEN;
  if (rows > TOKENS_MAX || columns > TOKENS_MAX) {
    setFault("glob is too long");
    return -1;
  }
  return trimmed(bufferPtr(x), rows, bufferPtr(y), columns) ? 1 : 0;
}

function tokens(ptr: usize, length: i32): usize {
  at = ptr;
  end = ptr + <usize>length;
  burn(length);
  const list = newBuffer(256);
  while (at < end) {
    const ranges = readToken();
    if (ranges == 0) return 0;
    let flag: u32 = 0;
    if (at < end && (load<u8>(at) == PLUS || load<u8>(at) == STAR)) flag = load<u8>(at++);
    putToken(list, ranges, flag);
  }
  return list;
}

/** Two flagged tokens that are equal, one after the other, are one: `a+a*` is `a+`. */
function putToken(list: usize, ranges: usize, flag: u32): void {
  const length = bufferLength(list);
  if (length > 0 && flag != 0) {
    const last = bufferPtr(list) + <usize>length - TOKEN;
    if (isFlagged(last) && load<u32>(last, 8) == kind && isSame(<usize>load<u32>(last), ranges)) {
      if (flag == PLUS) store<u32>(last, PLUS, 4);
      return;
    }
  }
  const entry = reserve(list, TOKEN);
  store<u32>(entry, <u32>ranges);
  store<u32>(entry, flag, 4);
  store<u32>(entry, kind, 8);
  advance(list, TOKEN);
}

function isSame(a: usize, b: usize): bool {
  const count = rangeCount(a);
  if (count != rangeCount(b)) return false;
  for (let i = 0; i < count; i++) {
    if (rangeLow(a, i) != rangeLow(b, i) || rangeHigh(a, i) != rangeHigh(b, i)) return false;
  }
  return true;
}

/** The point at `at`, or -1 where a backslash is the last; `isEscaped` says whether one stood before it. */
function nextPoint(): i32 {
  isEscaped = load<u8>(at) == 0x5c;
  if (isEscaped && ++at >= end) {
    setFault("the input provided is invalid: input ends with a \\ (escape) character");
    return -1;
  }
  const point = pointAt(at, end);
  at += pointWidth(at, end);
  return <i32>point;
}

function readToken(): usize {
  const point = nextPoint();
  if (point < 0) return 0;
  if (!isEscaped) {
    if (point == 0x5b) return readSet();
    if (point == 0x5d) return setFault("the input provided is invalid: set-close ']' with no preceding '['");
    if (point == PLUS || point == STAR) return setFault("the input provided is invalid: flag must be preceded by a non-flag");
  }
  const ranges = newRanges();
  kind = point == 0x2e && !isEscaped ? ANY : POINT;
  if (kind == ANY) addRange(ranges, 0, POINT_MAX);
  else addRange(ranges, <u32>point, <u32>point);
  return ranges;
}

function readSet(): usize {
  const ranges = newRanges();
  let before = -1;
  while (at < end) {
    let point = nextPoint();
    if (point < 0) return 0;
    if (!isEscaped && point == 0x5d) {
      kind = SET;
      tidyRanges(ranges);
      return ranges;
    }
    if (isEscaped || point != 0x2d) {
      addRange(ranges, <u32>point, <u32>point);
      before = point;
      continue;
    }
    if (before < 0) return setFault("the input provided is invalid: range character '-' must be preceded by a Unicode character");
    if (at >= end) break;
    point = nextPoint();
    if (point < 0) return 0;
    if (!isEscaped && (point == 0x5d || point == 0x2d)) {
      return setFault("the input provided is invalid: range character '-' cannot be followed by a special symbol");
    }
    if (point < before) return setFault("the input provided is invalid: range is out of order");
    addRange(ranges, <u32>before, <u32>point);
    before = -1;
  }
  return setFault("the input provided is invalid: found [ without matching ]");
}

// ── the walk, step for step that of OPA's library (yashtewari/glob-intersection), which gives up early ──

function isFlagged(token: usize): bool {
  return load<u32>(token, 4) != 0;
}

function tokenAt(list: usize, i: i32): usize {
  return list + <usize>i * TOKEN;
}

/** Whether two tokens can stand for one point, whatever their flags. A point that any fits every other. */
function fits(a: usize, b: usize): bool {
  if (load<u32>(a, 8) == ANY || load<u32>(b, 8) == ANY) return true;
  return overlap(<usize>load<u32>(a), <usize>load<u32>(b));
}

/** What stands alone at both beginnings and both ends must fit; all but one such token of each is taken off. */
function trimmed(a: usize, aCount: i32, b: usize, bCount: i32): bool {
  let start = 0;
  while (start < aCount && start < bCount && !isFlagged(tokenAt(a, start)) && !isFlagged(tokenAt(b, start))) {
    if (!fits(tokenAt(a, start), tokenAt(b, start))) return false;
    start++;
  }
  if (start > 0) start--;
  let i = aCount - 1;
  let j = bCount - 1;
  while (i >= start && j >= start && !isFlagged(tokenAt(a, i)) && !isFlagged(tokenAt(b, j))) {
    if (!fits(tokenAt(a, i), tokenAt(b, j))) return false;
    i--;
    j--;
  }
  if (i < aCount - 1) {
    i++;
    j++;
  }
  return meet(tokenAt(a, start), i + 1 - start, tokenAt(b, start), j + 1 - start);
}

function meet(a: usize, aCount: i32, b: usize, bCount: i32): bool {
  let i = 0;
  while (i < aCount && i < bCount) {
    burn(1);
    const p = tokenAt(a, i);
    const q = tokenAt(b, i);
    if (isFlagged(p)) return meetFlagged(p, aCount - i, q, bCount - i);
    if (isFlagged(q)) return meetFlagged(q, bCount - i, p, aCount - i);
    if (!fits(p, q)) return false;
    i++;
  }
  return i == aCount && i == bCount;
}

function meetFlagged(a: usize, aCount: i32, b: usize, bCount: i32): bool {
  if (load<u32>(a, 4) == STAR) return meetStar(a, aCount, b, bCount);
  if (!fits(a, b)) return false;
  if (meetStar(a, aCount, tokenAt(b, 1), bCount - 1)) return true;
  return isFlagged(b) && meet(tokenAt(a, 1), aCount - 1, b, bCount);
}

/** The first of `a` takes tokens of `b` until the rest of both meet. */
function meetStar(a: usize, aCount: i32, b: usize, bCount: i32): bool {
  const hasNext = aCount > 1;
  for (let i = 0; i < bCount; i++) {
    burn(1);
    const token = tokenAt(b, i);
    if (hasNext && fits(token, tokenAt(a, 1)) && meet(tokenAt(a, 1), aCount - 1, token, bCount - i)) return true;
    if (!fits(token, a)) return false;
  }
  return !hasNext;
}

function overlap(a: usize, b: usize): bool {
  const x = rangeCount(a);
  const y = rangeCount(b);
  let i = 0;
  let j = 0;
  burn(1);
  while (i < x && j < y) {
    if (rangeLow(a, i) <= rangeHigh(b, j) && rangeLow(b, j) <= rangeHigh(a, i)) return true;
    if (rangeHigh(a, i) < rangeHigh(b, j)) i++;
    else j++;
  }
  return false;
}
