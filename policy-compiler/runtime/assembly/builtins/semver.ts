/** semver.*: versions of semver.org, a leading `v` allowed. */
import { bufferLength, bufferPtr, newBuffer, putInt, putString, putText } from "../buffer";
import { builtinErrorText, burn } from "../failure";
import { compareBytes } from "../value/bytes";
import { STRING, UNDEFINED, kindOf, makeBoolean, makeInt, stringLen, stringPtr } from "../value/value";
import { expectKind } from "./operands";

// What parse found: three numbers, and where the pre-release part stands.
let major: i64 = 0;
let minor: i64 = 0;
let patch: i64 = 0;
let pre: usize = 0;
let preLength: i32 = 0;

function parse(value: usize): bool {
  let ptr = stringPtr(value);
  let length = stringLen(value);
  burn(length >> 2);
  if (length > 0 && load<u8>(ptr) == 0x76) {
    ptr++;
    length--;
  }
  const plus = indexOf(ptr, length, 0x2b);
  if (plus < length && !areIdentifiers(ptr + plus + 1, length - plus - 1, true)) return false;
  length = plus;
  const dash = indexOf(ptr, length, 0x2d);
  pre = ptr + dash + 1;
  preLength = max(length - dash - 1, 0);
  if (dash < length && !areIdentifiers(pre, preLength, false)) return false;
  length = dash;
  const first = indexOf(ptr, length, 0x2e);
  if (first == length || !parseInt64(ptr, first)) return false;
  major = parsed;
  const second = first + 1 + indexOf(ptr + first + 1, length - first - 1, 0x2e);
  if (second >= length || !parseInt64(ptr + first + 1, second - first - 1)) return false;
  minor = parsed;
  if (!parseInt64(ptr + second + 1, length - second - 1)) return false;
  patch = parsed;
  return true;
}

/** Place of the byte, or the length. */
function indexOf(ptr: usize, length: i32, byte: u32): i32 {
  for (let i = 0; i < length; i++) if (load<u8>(ptr + i) == byte) return i;
  return length;
}

let parsed: i64 = 0;
/** A decimal number without sign or leading zero, of 64 bits. */
function parseInt64(ptr: usize, length: i32): bool {
  if (length <= 0 || (length > 1 && load<u8>(ptr) == 0x30)) return false;
  let n: u64 = 0;
  for (let at = 0; at < length; at++) {
    const digit = <u64>load<u8>(ptr + at) - 0x30;
    if (digit > 9 || n > 922337203685477580) return false;
    n = n * 10 + digit;
  }
  if (n > <u64>i64.MAX_VALUE) return false;
  parsed = <i64>n;
  return true;
}

/** Identifiers of letters, digits and `-` with dots between them; a number begins with a zero only in metadata. */
function areIdentifiers(ptr: usize, length: i32, mayLeadZero: bool): bool {
  let run = 0;
  for (let i = 0; i <= length; i++) {
    const byte: u32 = i == length ? 0x2e : <u32>load<u8>(ptr + i);
    if (byte == 0x2e) {
      const from = ptr + <usize>(i - run);
      if (run == 0) return false;
      if (!mayLeadZero && run > 1 && load<u8>(from) == 0x30 && isNumber(from, run)) return false;
      run = 0;
    } else if (byte - 0x30 <= 9 || (byte | 0x20) - 0x61 <= 25 || byte == 0x2d) run++;
    else return false;
  }
  return true;
}

/** False also for what is no string. */
export function semverIsValid(value: usize): usize {
  return makeBoolean(kindOf(value) == STRING && parse(value));
}

export function semverCompare(a: usize, b: usize): usize {
  const name = "semver.compare";
  if (!expectKind(name, 1, a, STRING) || !expectKind(name, 2, b, STRING)) return UNDEFINED;
  if (!parse(a)) return invalid(1, a);
  const aMajor = major;
  const aMinor = minor;
  const aPatch = patch;
  const aPre = pre;
  const aPreLength = preLength;
  if (!parse(b)) return invalid(2, b);
  if (aMajor != major) return makeInt(aMajor < major ? -1 : 1);
  if (aMinor != minor) return makeInt(aMinor < minor ? -1 : 1);
  if (aPatch != patch) return makeInt(aPatch < patch ? -1 : 1);
  return makeInt(comparePre(aPre, aPreLength, pre, preLength));
}

function invalid(position: i32, value: usize): usize {
  const text = newBuffer(128);
  putInt(text, position);
  putText(text, ": string \"");
  putString(text, value);
  putText(text, "\" is not a valid SemVer");
  return builtinErrorText(bufferPtr(text), bufferLength(text), "semver.compare: operand ");
}

/** A version without pre-release is the greater one; otherwise identifier by identifier. */
function comparePre(a: usize, aLength: i32, b: usize, bLength: i32): i32 {
  if (aLength == 0 || bLength == 0) return aLength == bLength ? 0 : aLength == 0 ? 1 : -1;
  let i = 0;
  let j = 0;
  while (i < aLength && j < bLength) {
    burn(1);
    const m = indexOf(a + i, aLength - i, 0x2e);
    const n = indexOf(b + j, bLength - j, 0x2e);
    const order = compareIdentifiers(a + i, m, b + j, n);
    if (order != 0) return order;
    i += m + 1;
    j += n + 1;
  }
  return i < aLength ? 1 : j < bLength ? -1 : 0;
}

function compareIdentifiers(a: usize, aLength: i32, b: usize, bLength: i32): i32 {
  const aIsNumber = isNumber(a, aLength);
  if (aIsNumber != isNumber(b, bLength)) return aIsNumber ? -1 : 1;
  if (!aIsNumber) return compareBytes(a, aLength, b, bLength);
  // Digits of any length: without leading zeros the longer one is the greater.
  let i = 0;
  let j = 0;
  while (i < aLength - 1 && load<u8>(a + i) == 0x30) i++;
  while (j < bLength - 1 && load<u8>(b + j) == 0x30) j++;
  if (aLength - i != bLength - j) return aLength - i < bLength - j ? -1 : 1;
  return compareBytes(a + i, aLength - i, b + j, bLength - j);
}

function isNumber(ptr: usize, length: i32): bool {
  for (let i = 0; i < length; i++) if (<u32>load<u8>(ptr + i) - 0x30 > 9) return false;
  return length > 0;
}
