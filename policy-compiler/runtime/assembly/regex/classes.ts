/** Named sets of code points (Perl's, POSIX's, Unicode's) and case folding, as ranges. */
import { burn } from "../failure";
import { CHAR, CLASS, POINT_MAX, addRange, addRanges, hasPoint, invertRanges, makeNode, newRanges, rangeCount, rangeHigh, rangeLow, tidyRanges } from "./node";
import {
  CATEGORY_BYTES, CATEGORY_NAMES, FOLD_RUNS, SCRIPT_BYTES, SCRIPT_NAME_BYTES, categoryRuns, foldRuns, scriptNames, scriptRuns,
} from "./unicode-tables";
import { bufferPtr } from "../buffer";
import { byteOf } from "../static-text";

/** The set of `\d`, `\s` or `\w` (lower case letter); 0 for other letters. */
export function perlClass(letter: u32): usize {
  const ranges = newRanges();
  if (letter == 0x64) addRange(ranges, 0x30, 0x39);
  else if (letter == 0x73) {
    addRange(ranges, 0x09, 0x0a);
    addRange(ranges, 0x0c, 0x0d);
    addRange(ranges, 0x20, 0x20);
  } else if (letter == 0x77) {
    addRange(ranges, 0x30, 0x39);
    addRange(ranges, 0x41, 0x5a);
    addRange(ranges, 0x5f, 0x5f);
    addRange(ranges, 0x61, 0x7a);
  } else return 0;
  return ranges;
}

export function isName(ptr: usize, length: i32, name: string): bool {
  if (length != name.length) return false;
  for (let i = 0; i < length; i++) if (load<u8>(ptr + i) != byteOf(name, i)) return false;
  return true;
}

/** The set of `[:name:]`; 0 where there is none of that name. */
export function posixClass(ptr: usize, length: i32): usize {
  const ranges = newRanges();
  const isAlnum = isName(ptr, length, "alnum");
  const isWord = isName(ptr, length, "word");
  const isXdigit = isName(ptr, length, "xdigit");
  if (isAlnum || isWord || isXdigit || isName(ptr, length, "digit")) addRange(ranges, 0x30, 0x39);
  if (isAlnum || isWord || isName(ptr, length, "alpha")) {
    addRange(ranges, 0x41, 0x5a);
    if (isWord) addRange(ranges, 0x5f, 0x5f);
    addRange(ranges, 0x61, 0x7a);
  }
  if (isXdigit) {
    addRange(ranges, 0x41, 0x46);
    addRange(ranges, 0x61, 0x66);
  }
  if (isName(ptr, length, "ascii")) addRange(ranges, 0, 0x7f);
  else if (isName(ptr, length, "blank")) {
    addRange(ranges, 0x09, 0x09);
    addRange(ranges, 0x20, 0x20);
  } else if (isName(ptr, length, "cntrl")) {
    addRange(ranges, 0, 0x1f);
    addRange(ranges, 0x7f, 0x7f);
  } else if (isName(ptr, length, "graph")) addRange(ranges, 0x21, 0x7e);
  else if (isName(ptr, length, "print")) addRange(ranges, 0x20, 0x7e);
  else if (isName(ptr, length, "lower")) addRange(ranges, 0x61, 0x7a);
  else if (isName(ptr, length, "upper")) addRange(ranges, 0x41, 0x5a);
  else if (isName(ptr, length, "space")) {
    addRange(ranges, 0x09, 0x0d);
    addRange(ranges, 0x20, 0x20);
  } else if (isName(ptr, length, "punct")) {
    addRange(ranges, 0x21, 0x2f);
    addRange(ranges, 0x3a, 0x40);
    addRange(ranges, 0x5b, 0x60);
    addRange(ranges, 0x7b, 0x7e);
  }
  return rangeCount(ranges) == 0 ? 0 : ranges;
}

/** The set of `\p{name}`: Any, a category (`L`, `Lu`), a script; 0 where there is none of that name. */
export function unicodeClass(ptr: usize, length: i32): usize {
  const ranges = newRanges();
  if (isName(ptr, length, "Any")) {
    addRange(ranges, 0, POINT_MAX);
    return ranges;
  }
  const categories = categoriesNamed(ptr, length);
  if (categories != 0) {
    collectRuns(ranges, categoryRuns, CATEGORY_BYTES, categories, -1);
    return ranges;
  }
  const script = scriptNamed(ptr, length);
  if (script == 0) return 0;
  collectRuns(ranges, scriptRuns, SCRIPT_BYTES, 0, script);
  return ranges;
}

/** Bits of the categories whose name is or begins with the one letter given. */
function categoriesNamed(ptr: usize, length: i32): u32 {
  if (length < 1 || length > 2) return 0;
  let found: u32 = 0;
  const count = CATEGORY_NAMES.length >> 1;
  for (let i = 0; i < count; i++) {
    if (load<u8>(ptr) != byteOf(CATEGORY_NAMES, i << 1)) continue;
    if (length == 2 && load<u8>(ptr + 1) != byteOf(CATEGORY_NAMES, (i << 1) + 1)) continue;
    found |= 1 << i;
  }
  return found;
}

/** Number of the script from 1, or 0. */
function scriptNamed(ptr: usize, length: i32): i32 {
  burn(SCRIPT_NAME_BYTES >> 3);
  let number = 1;
  let from = 0;
  for (let i = 0; i < SCRIPT_NAME_BYTES; i++) {
    if (load<u8>(scriptNames + i) != 0x20) continue;
    if (i - from == length && length > 0 && memory.compare(scriptNames + from, ptr, length) == 0) return number;
    number++;
    from = i + 1;
  }
  return 0;
}

/** Adds the runs whose class is in `wanted` (bit class - 1) or equals `only`. */
function collectRuns(ranges: usize, runs: usize, bytes: i32, wanted: u32, only: i32): void {
  burn(bytes >> 2);
  let point: u32 = 0;
  let i = 0;
  while (i < bytes) {
    const kind = <i32>load<u8>(runs + i++);
    let length: u32 = 0;
    let shift: u32 = 0;
    let byte: u32 = 0x80;
    while (byte >= 0x80) {
      byte = load<u8>(runs + i++);
      length |= (byte & 0x7f) << shift;
      shift += 7;
    }
    if (only < 0 ? kind > 0 && ((wanted >> (kind - 1)) & 1) != 0 : kind == only) addRange(ranges, point, point + length - 1);
    point += length;
  }
  tidyRanges(ranges);
}

/** Adds every point that is a member's equal but for case; the ranges must be tidy and stay so. */
export function foldRanges(ranges: usize): void {
  const added = newRanges();
  const base = bufferPtr(ranges);
  const count = rangeCount(ranges);
  if (count == 0) return;
  burn(FOLD_RUNS);
  const first = rangeLow(ranges, 0);
  const last = rangeHigh(ranges, count - 1);
  for (let run = 0; run < FOLD_RUNS; run++) {
    const at = foldRuns + <usize>run * 12;
    const pairs = load<u32>(at, 4) >> 8;
    const step = load<u32>(at, 4) & 0xff;
    const distance = load<u32>(at, 8);
    let a = load<u32>(at);
    if (a > last || a + pairs * step + distance < first) continue;
    for (let k: u32 = 0; k < pairs; k++) {
      const hasA = hasPoint(base, count, a);
      if (hasA != hasPoint(base, count, a + distance)) {
        const other = hasA ? a + distance : a;
        addRange(added, other, other);
      }
      a += step;
    }
    burn(pairs);
  }
  addRanges(ranges, added);
  tidyRanges(ranges);
}

/** A node for one code point, with its case variants where `fold`. */
export function pointNode(point: u32, fold: bool): usize {
  if (!fold || (point < 0x80 && ((point | 0x20) < 0x61 || (point | 0x20) > 0x7a))) return makeNode(CHAR, point);
  const ranges = newRanges();
  addRange(ranges, point, point);
  foldRanges(ranges);
  return rangeCount(ranges) == 1 && rangeLow(ranges, 0) == rangeHigh(ranges, 0) ? makeNode(CHAR, point) : makeNode(CLASS, ranges);
}

/** Adds a set to a class: folded, and inverted afterwards, as Go does. */
export function addSet(ranges: usize, set: usize, fold: bool, isNegated: bool): void {
  tidyRanges(set);
  if (fold) foldRanges(set);
  addRanges(ranges, isNegated ? invertRanges(set) : set);
}
