/** Texts with holes: Go's replacement templates, and patterns between delimiters. */
import { bufferLength, bufferPtr, newBuffer, putByte, putBytes } from "../buffer";
import { burn } from "../failure";
import { P_NAMES, P_NAME_COUNT, P_SLOTS } from "./program";
import { slotOf } from "./search";
import { isWordByte } from "./parse";

/** Appends the template with `$1`, `${name}` and `$$` filled from the match last found in `text`. */
export function expandTemplate(buffer: usize, template: usize, length: i32, program: usize, text: usize): void {
  burn(length);
  let at = 0;
  while (at < length) {
    const byte = load<u8>(template + at);
    if (byte != 0x24) {
      putByte(buffer, byte);
      at++;
      continue;
    }
    at++;
    if (at < length && load<u8>(template + at) == 0x24) {
      putByte(buffer, 0x24);
      at++;
      continue;
    }
    const isBraced = at < length && load<u8>(template + at) == 0x7b;
    const from = isBraced ? at + 1 : at;
    let to = from;
    while (to < length && isWordByte(load<u8>(template + to))) to++;
    if (to == from || (isBraced && (to >= length || load<u8>(template + to) != 0x7d))) {
      putByte(buffer, 0x24); // not a name: the sign stands for itself
      continue;
    }
    at = isBraced ? to + 1 : to;
    putGroup(buffer, template + from, to - from, program, text);
  }
}

function putGroup(buffer: usize, name: usize, length: i32, program: usize, text: usize): void {
  let number = 0;
  for (let i = 0; i < length; i++) {
    const digit = <u32>load<u8>(name + i) - 0x30;
    if (digit > 9 || number >= 100000000) {
      number = -1;
      break;
    }
    number = number * 10 + <i32>digit;
  }
  if (length > 1 && load<u8>(name) == 0x30) number = -1;
  if (number < 0) number = groupNamed(program, name, length);
  if (number < 0 || 2 * number + 1 >= load<i32>(program, P_SLOTS)) return;
  const begin = slotOf(2 * number);
  if (begin >= 0) putBytes(buffer, text + begin, slotOf(2 * number + 1) - begin);
}

/** Number of the group, or -1. */
function groupNamed(program: usize, name: usize, length: i32): i32 {
  let at = program + <usize>load<u32>(program, P_NAMES);
  const count = load<i32>(program, P_NAME_COUNT);
  for (let i = 0; i < count; i++) {
    burn(1);
    const own = load<i32>(at, 4);
    if (own == length && memory.compare(at + 8, name, length) == 0) return load<i32>(at);
    at += 8 + ((own + 3) & ~3);
  }
  return -1;
}

export let patternPtr: usize = 0;
export let patternLength: i32 = 0;

/** `^a{b}c$` for the template `a{b}c` in quotes: sets patternPtr and patternLength; false where braces do not match. */
export function fillTemplate(template: usize, length: i32, open: u32, close: u32): bool {
  burn(length);
  const buffer = newBuffer(length + 16);
  putByte(buffer, 0x5e);
  let level = 0;
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(template + i);
    if (byte == open) {
      if (++level == 1) {
        putByte(buffer, 0x28);
        continue;
      }
    } else if (byte == close) {
      if (--level == 0) {
        putByte(buffer, 0x29);
        continue;
      }
      if (level < 0) return false;
    }
    if (level == 0) putQuoted(buffer, byte);
    else putByte(buffer, byte);
  }
  if (level != 0) return false;
  putByte(buffer, 0x24);
  patternPtr = bufferPtr(buffer);
  patternLength = bufferLength(buffer);
  return true;
}

function putQuoted(buffer: usize, byte: u32): void {
  // \ . + * ? ( ) | [ ] { } ^ $
  if (
    byte == 0x5c || byte == 0x2e || (byte >= 0x28 && byte <= 0x2b) || byte == 0x3f || byte == 0x7c || byte == 0x5b ||
    byte == 0x5d || byte == 0x7b || byte == 0x7d || byte == 0x5e || byte == 0x24
  ) putByte(buffer, 0x5c);
  putByte(buffer, byte);
}
