/**
 * Globs as OPA's glob.match takes them (github.com/gobwas/glob) → a tree.
 *
 *   *       any points but delimiters          ?       one point, no delimiter
 *   **      any points                         {a,b}   one of the globs
 *   [abc]   one of these, [!abc] none          \x      x itself
 *   [a-c]   one of the range, [!a-c] none
 */
import { burn } from "../failure";
import {
  ALT, CAT, CLASS, EMPTY, POINT_MAX, REPEAT, CHAR, UNBOUNDED, addRange, invertRanges, makeNode, newRanges, setNext, tidyRanges,
} from "./node";
import { setFault } from "./parse";
import { pointAt, pointWidth } from "./utf8";

const DEPTH_MAX: i32 = 100;

let at: usize = 0;
let end: usize = 0;
/** Ranges of what `*` and `?` match. */
let open: usize = 0;

/** The tree of `delimiters NUL pattern` where it has delimiters, or `pattern`, or 0 with the reason in `fault`. */
export function parseGlob(key: usize, length: i32, hasDelimiters: bool): usize {
  at = key;
  end = key + <usize>length;
  burn(length);
  open = newRanges();
  if (hasDelimiters) {
    while (load<u8>(at) != 0) {
      const point = nextPoint();
      addRange(open, point, point);
    }
    at++;
    tidyRanges(open);
    open = invertRanges(open);
  } else addRange(open, 0, POINT_MAX);
  return parseSequence(0);
}

function nextPoint(): u32 {
  const point = pointAt(at, end);
  at += pointWidth(at, end);
  return point;
}

function parseSequence(depth: i32): usize {
  if (depth > DEPTH_MAX) return setFault("pattern nests too deeply");
  let first: usize = 0;
  let last: usize = 0;
  while (at < end) {
    const byte = load<u8>(at);
    if (depth > 0 && (byte == 0x2c || byte == 0x7d)) break;
    const node = parseItem(byte, depth);
    if (node == 0) return 0;
    if (last == 0) first = node;
    else setNext(last, node);
    last = node;
  }
  return first == 0 ? makeNode(EMPTY) : makeNode(CAT, first);
}

function parseItem(byte: u32, depth: i32): usize {
  if (byte == 0x2a) {
    at++;
    if (at >= end || load<u8>(at) != 0x2a) return makeNode(REPEAT, makeNode(CLASS, open), 0, UNBOUNDED);
    at++;
    return makeNode(REPEAT, anyPoint(), 0, UNBOUNDED);
  }
  if (byte == 0x3f) {
    at++;
    return makeNode(CLASS, open);
  }
  if (byte == 0x5b) return parseClass();
  if (byte == 0x7b) return parseAlternatives(depth);
  if (byte == 0x5c) {
    at++;
    if (at >= end) return setFault("unexpected end of input");
  }
  return makeNode(CHAR, nextPoint());
}

function anyPoint(): usize {
  const ranges = newRanges();
  addRange(ranges, 0, POINT_MAX);
  return makeNode(CLASS, ranges);
}

function parseAlternatives(depth: i32): usize {
  let last: usize = 0;
  const node = makeNode(ALT);
  do {
    at++;
    const other = parseSequence(depth + 1);
    if (other == 0) return 0;
    if (last == 0) store<u32>(node, <u32>other, 4);
    else setNext(last, other);
    last = other;
  } while (at < end && load<u8>(at) == 0x2c);
  if (at >= end) return setFault("unexpected end of input");
  at++;
  return node;
}

function parseClass(): usize {
  at++;
  const isNegated = at < end && load<u8>(at) == 0x21;
  if (isNegated) at++;
  if (at >= end) return setFault("unexpected end of input");
  const ranges = newRanges();
  const from = at;
  const low = nextPoint();
  if (at < end && load<u8>(at) == 0x2d) {
    at++;
    if (at >= end) return setFault("unexpected end of input");
    const high = nextPoint();
    if (high < low) return setFault("hi character should be greater than lo");
    addRange(ranges, low, high);
  } else {
    at = from;
    while (at < end && load<u8>(at) != 0x5d) {
      if (load<u8>(at) == 0x5c && at + 1 < end) at++;
      const point = nextPoint();
      addRange(ranges, point, point);
    }
    if (at == from) return setFault("could not parse range");
  }
  if (at >= end || load<u8>(at) != 0x5d) return setFault("expected close range character");
  at++;
  tidyRanges(ranges);
  return makeNode(CLASS, isNegated ? invertRanges(ranges) : ranges);
}
