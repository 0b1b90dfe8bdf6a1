/**
 * Whether two glob-like expressions (OPA's regex.globs_match: points, `.`, `[…]`, each
 * perhaps followed by `+` or `*`, `\` before a sign) have a text of one point or more in
 * common: a walk over the pairs of their positions.
 *
 *   token {ranges u32, flag u32}     flag: 0, `+` or `*`
 */
import { advance, bufferLength, bufferPtr, newBuffer, reserve } from "../buffer";
import { burn } from "../failure";
import { allocZeroed } from "../memory";
import { POINT_MAX, addRange, newRanges, rangeCount, rangeHigh, rangeLow, tidyRanges } from "./node";
import { setFault } from "./parse";
import { pointAt, pointWidth } from "./utf8";

const PLUS: u32 = 0x2b;
const STAR: u32 = 0x2a;
const TOKENS_MAX: i32 = 4096;

let at: usize = 0;
let end: usize = 0;
let isEscaped: bool = false;

/** 1 or 0; -1 with the reason in `fault` where one is malformed. */
export function intersects(a: usize, aLength: i32, b: usize, bLength: i32): i32 {
  const x = tokens(a, aLength);
  if (x == 0) return -1;
  const y = tokens(b, bLength);
  if (y == 0) return -1;
  const rows = bufferLength(x) >> 3;
  const columns = bufferLength(y) >> 3;
  if (rows == 0 || columns == 0) return 0;
  if (rows > TOKENS_MAX || columns > TOKENS_MAX) {
    setFault("glob is too long");
    return -1;
  }
  return walk(bufferPtr(x), rows, bufferPtr(y), columns) ? 1 : 0;
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
    // x+ is x x*, so that only `*` is left.
    if (flag == PLUS) putToken(list, ranges, 0);
    putToken(list, ranges, flag);
  }
  return list;
}

function putToken(list: usize, ranges: usize, flag: u32): void {
  const entry = reserve(list, 8);
  store<u32>(entry, <u32>ranges);
  store<u32>(entry, flag, 4);
  advance(list, 8);
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
  if (point == 0x2e && !isEscaped) addRange(ranges, 0, POINT_MAX);
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

// ── the walk ──

let seen: usize = 0;
let pending: usize = 0;
let width: i32 = 0;

/** A pair of positions, and whether a point has been taken on the way. */
function visit(row: i32, column: i32, hasTaken: i32): void {
  const pair = ((row * width + column) << 1) | hasTaken;
  const mark = seen + (<usize>pair >> 3);
  const bit = <u32>1 << (<u32>pair & 7);
  if (load<u8>(mark) & bit) return;
  store<u8>(mark, <u8>(load<u8>(mark) | bit));
  store<u32>(reserve(pending, 4), <u32>pair);
  advance(pending, 4);
}

function walk(x: usize, rows: i32, y: usize, columns: i32): bool {
  width = columns + 1;
  seen = allocZeroed((<usize>((rows + 1) * width) >> 2) + 8);
  pending = newBuffer(1024);
  visit(0, 0, 0);
  while (bufferLength(pending) > 0) {
    burn(1);
    advance(pending, -4);
    const pair = load<u32>(bufferPtr(pending) + <usize>bufferLength(pending));
    const hasTaken = <i32>(pair & 1);
    const row = <i32>(pair >> 1) / width;
    const column = <i32>(pair >> 1) % width;
    if (row == rows && column == columns) {
      if (hasTaken) return true;
      continue;
    }
    const a = x + (<usize>row << 3);
    const b = y + (<usize>column << 3);
    const isStarA = row < rows && load<u32>(a, 4) != 0;
    const isStarB = column < columns && load<u32>(b, 4) != 0;
    if (isStarA) visit(row + 1, column, hasTaken);
    if (isStarB) visit(row, column + 1, hasTaken);
    if (row == rows || column == columns || !overlap(<usize>load<u32>(a), <usize>load<u32>(b))) continue;
    visit(isStarA ? row : row + 1, isStarB ? column : column + 1, 1);
  }
  return false;
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
