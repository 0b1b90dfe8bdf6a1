/** trim and its kin: code points of a set, white space, a prefix, a suffix. */
import { burn } from "../failure";
import { lastWidth, pointAt, pointWidth } from "../regex/utf8";
import { STRING, makeView, stringLen, stringPtr } from "../value/value";
import { expectKind } from "./operands";
import { expectStrings, hasPrefix, hasSuffix } from "./strings";

/** Unicode's White_Space. */
export function isSpace(point: u32): bool {
  if (point < 0x80) return point == 0x20 || point - 9 < 5;
  return (
    point == 0x85 || point == 0xa0 || point == 0x1680 || point - 0x2000 < 11 || point == 0x2028 || point == 0x2029 ||
    point == 0x202f || point == 0x205f || point == 0x3000
  );
}

function isInSet(point: u32, set: usize): bool {
  const end = stringPtr(set) + <usize>stringLen(set);
  burn(1 + (stringLen(set) >> 4));
  for (let at = stringPtr(set); at < end; at += pointWidth(at, end)) if (pointAt(at, end) == point) return true;
  return false;
}

/** Without a set (0): white space. */
function isTrimmed(point: u32, set: usize): bool {
  return set == 0 ? isSpace(point) : isInSet(point, set);
}

function trimmed(text: usize, set: usize, isLeft: bool, isRight: bool): usize {
  let from = stringPtr(text);
  let to = from + <usize>stringLen(text);
  while (isLeft && from < to && isTrimmed(pointAt(from, to), set)) {
    from += pointWidth(from, to);
    if (set == 0) burn(1);
  }
  while (isRight && from < to) {
    const width = lastWidth(from, to);
    if (!isTrimmed(pointAt(to - width, to), set)) break;
    to -= width;
    if (set == 0) burn(1);
  }
  return view(text, from, to);
}

function view(text: usize, from: usize, to: usize): usize {
  const length = <i32>(to - from);
  return length == stringLen(text) ? text : makeView(from, length);
}

export function trim(text: usize, set: usize): usize {
  return expectStrings("trim", text, set) ? trimmed(text, set, true, true) : 0;
}

export function trimLeft(text: usize, set: usize): usize {
  return expectStrings("trim_left", text, set) ? trimmed(text, set, true, false) : 0;
}

export function trimRight(text: usize, set: usize): usize {
  return expectStrings("trim_right", text, set) ? trimmed(text, set, false, true) : 0;
}

export function trimSpace(text: usize): usize {
  return expectKind("trim_space", 1, text, STRING) ? trimmed(text, 0, true, true) : 0;
}

export function trimPrefix(text: usize, prefix: usize): usize {
  if (!expectStrings("trim_prefix", text, prefix)) return 0;
  const from = stringPtr(text);
  const skipped = hasPrefix(text, prefix) ? stringLen(prefix) : 0;
  return view(text, from + <usize>skipped, from + <usize>stringLen(text));
}

export function trimSuffix(text: usize, suffix: usize): usize {
  if (!expectStrings("trim_suffix", text, suffix)) return 0;
  const from = stringPtr(text);
  const dropped = hasSuffix(text, suffix) ? stringLen(suffix) : 0;
  return view(text, from, from + <usize>(stringLen(text) - dropped));
}
