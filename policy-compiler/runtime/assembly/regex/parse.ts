/**
 * Go's regexp syntax (regexp/syntax, flags Perl) → a tree. What Go refuses is refused,
 * with Go's words in `fault`.
 */
import { burn } from "../failure";
import {
  ALT, ASSERT, CAPTURE, CAT, CLASS, EMPTY, LAZY, LINE_BEGIN, LINE_END, NO_WORD_BOUNDARY, POINT_MAX, REPEAT, TEXT_BEGIN,
  TEXT_END, UNBOUNDED, WORD_BOUNDARY, addRange, invertRanges, makeNode, newRanges, setNext, tidyRanges,
} from "./node";
import { addSet, perlClass, pointNode, posixClass, unicodeClass } from "./classes";
import { pointAt, pointWidth } from "./utf8";
import { alloc } from "../memory";

const FOLD: u32 = 1;
const MULTI_LINE: u32 = 2;
const DOT_NEWLINE: u32 = 4;
const SWAP_GREED: u32 = 8;

const REPEAT_MAX: i32 = 1000;
const DEPTH_MAX: i32 = 500;

let at: usize = 0;
let end: usize = 0;
let flags: u32 = 0;
/** Between \Q and \E. */
let isQuoted: bool = false;
/** Numbers and places of group names: {next, number, ptr, length}, newest first. */
export let groupNames: usize = 0;
/** Groups so far. */
export let groupCount: u32 = 0;
/** Why the last parse gave 0. */
export let fault: string = "";

export function setFault(text: string): usize {
  fault = text;
  return 0;
}

/** The tree, or 0 with the reason in `fault`. */
export function parseRegex(ptr: usize, length: i32): usize {
  at = ptr;
  end = ptr + <usize>length;
  flags = 0;
  isQuoted = false;
  groupNames = 0;
  groupCount = 0;
  fault = "";
  burn(length);
  const tree = parseAlternatives(0);
  if (tree == 0) return 0;
  if (at < end) return setFault("unexpected )");
  return tree;
}

function parseAlternatives(depth: i32): usize {
  if (depth > DEPTH_MAX) return setFault("expression nests too deeply");
  let node = parseSequence(depth);
  if (node == 0 || at >= end || load<u8>(at) != 0x7c) return node;
  const alternatives = makeNode(ALT, node);
  while (at < end && load<u8>(at) == 0x7c) {
    at++;
    const other = parseSequence(depth);
    if (other == 0) return 0;
    setNext(node, other);
    node = other;
  }
  return alternatives;
}

function parseSequence(depth: i32): usize {
  let first: usize = 0;
  let last: usize = 0;
  let count = 0;
  while (at < end) {
    if (isEscaped(isQuoted ? 0x45 : 0x51)) {
      isQuoted = !isQuoted;
      at += 2;
      continue;
    }
    const byte = load<u8>(at);
    if (!isQuoted && (byte == 0x7c || byte == 0x29)) break;
    if (!isQuoted && isRepeatAhead()) {
      // Behind \E or (?flags): what came before them is meant.
      if (last == 0) return setFault("missing argument to repetition operator");
      const repeated = parseRepeats(copyNode(last));
      if (repeated == 0) return 0;
      memory.copy(last, repeated, 24);
      continue;
    }
    let node = isQuoted ? pointNode(nextPoint(), (flags & FOLD) != 0) : parseAtom(depth);
    if (node == 0) return 0;
    if (load<u32>(node) == EMPTY && load<u32>(node, 4) == 1) continue; // (?flags)
    if (!isQuoted) node = parseRepeats(node);
    if (node == 0) return 0;
    if (last == 0) first = node;
    else setNext(last, node);
    last = node;
    count++;
  }
  if (count == 0) return makeNode(EMPTY);
  return count == 1 ? first : makeNode(CAT, first);
}

/** A backslash and this letter stand at `at`. */
function isEscaped(letter: u32): bool {
  return at + 1 < end && load<u8>(at) == 0x5c && load<u8>(at + 1) == letter;
}

function copyNode(node: usize): usize {
  const copy = alloc(24);
  memory.copy(copy, node, 24);
  return copy;
}

function isRepeatAhead(): bool {
  if (at >= end) return false;
  const byte = load<u8>(at);
  if (byte == 0x2a || byte == 0x2b || byte == 0x3f) return true;
  return byte == 0x7b && countedEnd() != 0;
}

// ── repetition ──

let countMin: i32 = 0;
let countMax: i32 = 0;

/** Where `{n,m}` at `at` ends, or 0 where it is none; sets countMin and countMax (-1: none). */
function countedEnd(): usize {
  let i = at + 1;
  let from = i;
  countMin = 0;
  while (i < end && <u32>load<u8>(i) - 0x30 <= 9) countMin = min(countMin * 10 + <i32>(load<u8>(i++) - 0x30), REPEAT_MAX + 1);
  if (i == from || (load<u8>(from) == 0x30 && i - from > 1) || i >= end) return 0;
  countMax = countMin;
  if (load<u8>(i) == 0x2c) {
    from = ++i;
    countMax = 0;
    while (i < end && <u32>load<u8>(i) - 0x30 <= 9) countMax = min(countMax * 10 + <i32>(load<u8>(i++) - 0x30), REPEAT_MAX + 1);
    if (i == from) countMax = -1;
    else if (load<u8>(from) == 0x30 && i - from > 1) return 0;
  }
  return i < end && load<u8>(i) == 0x7d ? i + 1 : 0;
}

function parseRepeats(atom: usize): usize {
  if (!isRepeatAhead()) return atom;
  const byte = load<u8>(at);
  let least: i32 = 0;
  let most: i32 = -1;
  if (byte == 0x7b) {
    at = countedEnd();
    least = countMin;
    most = countMax;
    if (least > REPEAT_MAX || most > REPEAT_MAX || (most >= 0 && least > most)) return setFault("invalid repeat count");
  } else {
    at++;
    if (byte == 0x2b) least = 1;
    else if (byte == 0x3f) most = 1;
  }
  let isLazy = (flags & SWAP_GREED) != 0;
  if (at < end && load<u8>(at) == 0x3f) {
    at++;
    isLazy = !isLazy;
  }
  if (isRepeatAhead()) return setFault("invalid nested repetition operator");
  const node = makeNode(REPEAT, atom, <u32>least, (most < 0 ? UNBOUNDED : <u32>most) | (isLazy ? LAZY : 0));
  if (byte == 0x7b && nestedRepeat(node, REPEAT_MAX) < 0) return setFault("invalid repeat count");
  return node;
}

/** Below 0 where counted repetitions in each other multiply to more than `left`. */
function nestedRepeat(node: usize, left: i32): i32 {
  burn(1);
  const op = load<u32>(node);
  let inner = left;
  if (op == REPEAT) {
    const most = load<u32>(node, 12) & ~LAZY;
    const times = most == UNBOUNDED ? load<i32>(node, 8) : <i32>most;
    // x?, x* and x+ are no counted repetitions.
    const isCounted = !(most == UNBOUNDED && load<u32>(node, 8) <= 1) && !(most == 1 && load<u32>(node, 8) == 0);
    if (isCounted && times > 0) {
      if (times > left) return -1;
      inner = left / times;
    }
  }
  if (op != REPEAT && op != CAT && op != ALT && op != CAPTURE) return 0;
  for (let child = <usize>load<u32>(node, 4); child != 0; child = <usize>load<u32>(child, 16)) {
    if (nestedRepeat(child, inner) < 0) return -1;
  }
  return 0;
}

// ── atoms ──

function nextPoint(): u32 {
  const point = pointAt(at, end);
  at += pointWidth(at, end);
  return point;
}

function parseAtom(depth: i32): usize {
  const byte = load<u8>(at);
  if (byte == 0x28) return parseGroup(depth);
  if (byte == 0x5b) return parseClass();
  if (byte == 0x5c) return parseEscape();
  if (byte == 0x2a || byte == 0x2b || byte == 0x3f) return setFault("missing argument to repetition operator");
  if (byte == 0x7b && countedEnd() != 0) return setFault("missing argument to repetition operator");
  if (byte == 0x5e) {
    at++;
    return makeNode(ASSERT, (flags & MULTI_LINE) != 0 ? LINE_BEGIN : TEXT_BEGIN);
  }
  if (byte == 0x24) {
    at++;
    return makeNode(ASSERT, (flags & MULTI_LINE) != 0 ? LINE_END : TEXT_END);
  }
  if (byte == 0x2e) {
    at++;
    const ranges = newRanges();
    if (flags & DOT_NEWLINE) addRange(ranges, 0, POINT_MAX);
    else {
      addRange(ranges, 0, 9);
      addRange(ranges, 11, POINT_MAX);
    }
    return makeNode(CLASS, ranges);
  }
  return pointNode(nextPoint(), (flags & FOLD) != 0);
}

function parseGroup(depth: i32): usize {
  at++;
  const outer = flags;
  let number: u32 = 0;
  if (at < end && load<u8>(at) == 0x3f) {
    at++;
    const isP = at + 1 < end && load<u8>(at) == 0x50 && load<u8>(at + 1) == 0x3c;
    if (isP || (at < end && load<u8>(at) == 0x3c)) {
      at += isP ? 2 : 1;
      number = ++groupCount;
      if (!parseName(number)) return 0;
    } else {
      const isGroup = parseFlags();
      if (isGroup < 0) return 0;
      if (isGroup == 0) return makeNode(EMPTY, 1);
    }
  } else number = ++groupCount;
  const inner = parseAlternatives(depth + 1);
  if (inner == 0) return 0;
  if (at >= end || load<u8>(at) != 0x29) return setFault("missing closing )");
  at++;
  flags = outer;
  // A group of its own, so that the caller may set `next` on it.
  return number == 0 ? makeNode(CAT, inner) : makeNode(CAPTURE, inner, number);
}

function parseName(number: u32): bool {
  const from = at;
  while (at < end && isWordByte(load<u8>(at))) at++;
  const length = <i32>(at - from);
  if (length == 0 || at >= end || load<u8>(at) != 0x3e) {
    setFault("invalid named capture");
    return false;
  }
  at++;
  for (let known = groupNames; known != 0; known = <usize>load<u32>(known)) {
    burn(1);
    if (load<i32>(known, 12) == length && memory.compare(<usize>load<u32>(known, 8), from, length) == 0) {
      setFault("duplicate capture group name");
      return false;
    }
  }
  const entry = alloc(16);
  store<u32>(entry, <u32>groupNames);
  store<u32>(entry, number, 4);
  store<u32>(entry, <u32>from, 8);
  store<u32>(entry, <u32>length, 12);
  groupNames = entry;
  return true;
}

export function isWordByte(byte: u32): bool {
  return byte - 0x30 <= 9 || (byte | 0x20) - 0x61 <= 25 || byte == 0x5f;
}

/** Behind `(?`: 1 where a group follows (`:`), 0 where the flags hold from here on (`)`), -1 on a fault. */
function parseFlags(): i32 {
  let next = flags;
  let isNegative = false;
  let sawFlag = false;
  while (at < end) {
    const byte = load<u8>(at++);
    let flag: u32 = 0;
    if (byte == 0x69) flag = FOLD;
    else if (byte == 0x6d) flag = MULTI_LINE;
    else if (byte == 0x73) flag = DOT_NEWLINE;
    else if (byte == 0x55) flag = SWAP_GREED;
    else if (byte == 0x2d && !isNegative) {
      isNegative = true;
      sawFlag = false;
      continue;
    } else if (byte == 0x3a || byte == 0x29) {
      if (isNegative && !sawFlag) break;
      flags = next;
      return byte == 0x3a ? 1 : 0;
    } else break;
    sawFlag = true;
    if (isNegative) next &= ~flag;
    else next |= flag;
  }
  setFault(at >= end ? "missing closing )" : "invalid or unsupported Perl syntax");
  return -1;
}

function parseEscape(): usize {
  if (at + 1 >= end) return setFault("trailing backslash at end of expression");
  const byte = <u32>load<u8>(at + 1);
  let assertion: u32 = 0;
  if (byte == 0x41) assertion = TEXT_BEGIN;
  else if (byte == 0x7a) assertion = TEXT_END;
  else if (byte == 0x62) assertion = WORD_BOUNDARY;
  else if (byte == 0x42) assertion = NO_WORD_BOUNDARY;
  if (assertion != 0) {
    at += 2;
    return makeNode(ASSERT, assertion);
  }
  const ranges = newRanges();
  const found = parseSetEscape(ranges);
  if (found < 0) return 0;
  if (found > 0) {
    tidyRanges(ranges);
    return makeNode(CLASS, ranges);
  }
  const point = parsePointEscape();
  return point < 0 ? 0 : pointNode(<u32>point, (flags & FOLD) != 0);
}

/** `\d`, `\pL` and the like at `at`: 1 and its points added, 0 where there is none, -1 on a fault. */
function parseSetEscape(ranges: usize): i32 {
  const byte = <u32>load<u8>(at + 1);
  const fold = (flags & FOLD) != 0;
  const perl = perlClass(byte | 0x20);
  if (perl != 0) {
    at += 2;
    addSet(ranges, perl, fold, (byte & 0x20) == 0);
    return 1;
  }
  if (byte != 0x70 && byte != 0x50) return 0;
  let isNegated = byte == 0x50;
  let from = at + 2;
  if (from >= end) {
    setFault("invalid character class range");
    return -1;
  }
  let to = from + pointWidth(from, end);
  at = to;
  if (load<u8>(from) == 0x7b) {
    from++;
    to = from;
    while (to < end && load<u8>(to) != 0x7d) to++;
    if (to >= end) {
      setFault("invalid character class range");
      return -1;
    }
    at = to + 1;
    if (from < to && load<u8>(from) == 0x5e) {
      from++;
      isNegated = !isNegated;
    }
  }
  const set = unicodeClass(from, <i32>(to - from));
  if (set == 0) {
    setFault("invalid character class range");
    return -1;
  }
  addSet(ranges, set, fold, isNegated);
  return 1;
}

/** The point that the escape at `at` stands for, or -1. */
function parsePointEscape(): i32 {
  if (at + 1 >= end) {
    setFault("trailing backslash at end of expression");
    return -1;
  }
  const byte = <u32>load<u8>(at + 1);
  at += 2;
  if (byte == 0x5f || (byte < 0x80 && !isWordByte(byte))) return <i32>byte;
  if (byte >= 0x30 && byte <= 0x37) return parseOctal(byte);
  if (byte == 0x78) return parseHex();
  if (byte == 0x61) return 7;
  if (byte == 0x66) return 12;
  if (byte == 0x6e) return 10;
  if (byte == 0x72) return 13;
  if (byte == 0x74) return 9;
  if (byte == 0x76) return 11;
  setFault("invalid escape sequence");
  return -1;
}

function parseOctal(first: u32): i32 {
  // A single digit but 0 would be a reference back, which there is not.
  if (first != 0x30 && (at >= end || <u32>load<u8>(at) - 0x30 > 7)) {
    setFault("invalid escape sequence");
    return -1;
  }
  let point = <i32>first - 0x30;
  for (let i = 0; i < 2 && at < end && <u32>load<u8>(at) - 0x30 <= 7; i++) point = point * 8 + <i32>(load<u8>(at++) - 0x30);
  return point;
}

function hexValue(byte: u32): i32 {
  if (byte - 0x30 <= 9) return <i32>(byte - 0x30);
  const letter = (byte | 0x20) - 0x61;
  return letter <= 5 ? <i32>letter + 10 : -1;
}

function parseHex(): i32 {
  const isBraced = at < end && load<u8>(at) == 0x7b;
  if (isBraced) at++;
  let point = 0;
  let digits = 0;
  while (at < end && (isBraced || digits < 2)) {
    const digit = hexValue(load<u8>(at));
    if (digit < 0) break;
    point = point * 16 + digit;
    digits++;
    at++;
    if (point > <i32>POINT_MAX) break;
  }
  let isGood = point <= <i32>POINT_MAX && (isBraced ? digits > 0 : digits == 2);
  if (isBraced && isGood) {
    isGood = at < end && load<u8>(at) == 0x7d;
    at++;
  }
  if (isGood) return point;
  setFault("invalid escape sequence");
  return -1;
}

// ── classes ──

function parseClass(): usize {
  at++;
  const fold = (flags & FOLD) != 0;
  const isNegated = at < end && load<u8>(at) == 0x5e;
  if (isNegated) at++;
  const ranges = newRanges();
  let isFirst = true;
  while (at >= end || load<u8>(at) != 0x5d || isFirst) {
    if (at >= end) return setFault("missing closing ]");
    isFirst = false;
    const named = parseClassName(ranges);
    if (named < 0) return 0;
    if (named > 0) continue;
    if (load<u8>(at) == 0x5c && at + 1 < end) {
      const found = parseSetEscape(ranges);
      if (found < 0) return 0;
      if (found > 0) continue;
    }
    if (!parseClassRange(ranges, fold)) return 0;
  }
  at++;
  tidyRanges(ranges);
  return makeNode(CLASS, isNegated ? invertRanges(ranges) : ranges);
}

function parseClassRange(ranges: usize, fold: bool): bool {
  const low = parseClassPoint();
  if (low < 0) return false;
  let high = low;
  if (at + 1 < end && load<u8>(at) == 0x2d && load<u8>(at + 1) != 0x5d) {
    at++;
    high = parseClassPoint();
    if (high < 0) return false;
    if (high < low) {
      setFault("invalid character class range");
      return false;
    }
  }
  if (!fold) {
    addRange(ranges, <u32>low, <u32>high);
    return true;
  }
  const set = newRanges();
  addRange(set, <u32>low, <u32>high);
  addSet(ranges, set, true, false);
  return true;
}

function parseClassPoint(): i32 {
  if (at >= end) {
    setFault("missing closing ]");
    return -1;
  }
  return load<u8>(at) == 0x5c ? parsePointEscape() : <i32>nextPoint();
}

/** `[:alpha:]` at `at`: 1 and its points added, 0 where there is none, -1 on a fault. */
function parseClassName(ranges: usize): i32 {
  if (at + 2 >= end || load<u16>(at) != 0x3a5b) return 0;
  let from = at + 2;
  let to = from;
  while (to + 1 < end && load<u16>(to) != 0x5d3a) to++;
  if (to + 1 >= end) return 0;
  const next = to + 2;
  const isNegated = load<u8>(from) == 0x5e;
  if (isNegated) from++;
  const set = from <= to ? posixClass(from, <i32>(to - from)) : 0;
  if (set == 0) {
    setFault("invalid character class range");
    return -1;
  }
  at = next;
  addSet(ranges, set, (flags & FOLD) != 0, isNegated);
  return 1;
}
