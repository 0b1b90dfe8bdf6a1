/** The cursor in a template's text: where text ends and actions begin, and what stands in them. */
import { bufferString, newBuffer, putByte, putCodePoint } from "../buffer";
import { burn } from "../failure";
import { pointAt, pointWidth } from "../regex/utf8";
import { hexValue } from "../text/hex";
import { makeView } from "../value/value";
import { breakTemplate } from "./failure";
import { byteOf } from "../static-text";

let start: usize = 0;
let at: usize = 0;
let end: usize = 0;

export function startScan(ptr: usize, length: i32): void {
  start = ptr;
  at = ptr;
  end = ptr + <usize>length;
}

export function position(): i32 {
  return <i32>(at - start);
}

export function goTo(place: i32): void {
  at = start + <usize>place;
}

function isBlank(byte: u32): bool {
  return byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d;
}

export function skipBlanks(): void {
  while (at < end && isBlank(load<u8>(at))) at++;
}

/** The byte `offset` further on; 0 at the end. */
export function peek(offset: i32 = 0): u32 {
  return at + <usize>offset < end ? load<u8>(at + <usize>offset) : 0;
}

export function take(byte: u32): bool {
  if (peek() != byte) return false;
  at++;
  return true;
}

/** An action ends here. */
export function isAtClose(): bool {
  if (peek() == 0x7d) return peek(1) == 0x7d;
  return peek() == 0x2d && peek(1) == 0x7d && peek(2) == 0x7d && isBlank(load<u8>(at - 1));
}

export function closeAction(): void {
  skipBlanks();
  if (!isAtClose()) {
    breakTemplate("unexpected text in an action");
    return;
  }
  const isTrimmed = peek() == 0x2d;
  at += isTrimmed ? 3 : 2;
  if (isTrimmed) skipBlanks();
}

/** The text up to the next action, which then is open, or up to the end (`hasAction` false). */
export let hasAction: bool = false;

export function textToAction(): usize {
  const from = at;
  burn(1);
  while (at < end && !(peek() == 0x7b && peek(1) == 0x7b)) at++;
  burn(<i64>(at - from) >> 4);
  let to = at;
  hasAction = at < end;
  if (hasAction) {
    at += 2;
    if (peek() == 0x2d && isBlank(peek(1))) {
      at += 2;
      while (to > from && isBlank(load<u8>(to - 1))) to--;
    }
    skipBlanks();
  }
  return makeView(from, <i32>(to - from));
}

/** A comment as an action's only content. */
export function skipComment(): bool {
  if (peek() != 0x2f || peek(1) != 0x2a) return false;
  at += 2;
  while (at < end && !(peek() == 0x2a && peek(1) == 0x2f)) at++;
  if (at >= end) breakTemplate("unclosed comment");
  else {
    at += 2;
    closeAction();
  }
  return true;
}

function isNameByte(byte: u32): bool {
  return (byte | 0x20) - 0x61 < 26 || byte - 0x30 < 10 || byte == 0x5f || byte >= 0x80;
}

export function isNameStart(byte: u32): bool {
  return isNameByte(byte) && byte - 0x30 >= 10;
}

/** A name (it may be empty). */
export function readName(): usize {
  const from = at;
  while (at < end && isNameByte(load<u8>(at))) at++;
  return makeView(from, <i32>(at - from));
}

/** The text of a number. */
export function readNumberText(): usize {
  const from = at;
  if (peek() == 0x2b || peek() == 0x2d) at++;
  while (at < end) {
    const byte = peek();
    const before = load<u8>(at - 1) | 0x20;
    const isSign = (byte == 0x2b || byte == 0x2d) && (before == 0x65 || before == 0x70);
    if (!isNameByte(byte) && byte != 0x2e && !isSign) break;
    at++;
  }
  return makeView(from, <i32>(at - from));
}

/** A string in double quotes or backquotes, or 0. */
export function readString(): usize {
  const quote = peek();
  if (quote != 0x22 && quote != 0x60) return 0;
  at++;
  const text = newBuffer(32);
  while (at < end && peek() != quote) {
    const byte = peek();
    if (quote == 0x22 && byte == 0x0a) break;
    if (quote == 0x22 && byte == 0x5c) readEscape(text);
    else {
      if (quote == 0x22 || byte != 0x0d) putByte(text, byte);
      at++;
    }
  }
  if (!take(quote)) return breakTemplate("unterminated quoted string");
  return bufferString(text);
}

/** A character in single quotes, as its code point, or -1. */
export function readCharacter(): i32 {
  if (!take(0x27) || at >= end) return -1;
  let point = <i32>pointAt(at, end);
  if (point == 0x5c) {
    const text = newBuffer(8);
    readEscape(text);
    const value = bufferString(text);
    const ptr = <usize>load<u32>(value, 12);
    point = <i32>pointAt(ptr, ptr + <usize>load<u32>(value, 4));
  } else at += pointWidth(at, end);
  if (take(0x27)) return point;
  breakTemplate("malformed character constant");
  return -1;
}

function readEscape(text: usize): void {
  const letter = peek(1);
  at += 2;
  let plain = 6;
  while (plain >= 0 && <u32>byteOf("abfnrtv", plain) != letter) plain--;
  if (letter == 0x22 || letter == 0x27 || letter == 0x5c) putByte(text, letter);
  else if (plain >= 0) putByte(text, load<u8>(controls + <usize>plain));
  else {
    const digits = letter == 0x78 ? 2 : letter == 0x75 ? 4 : letter == 0x55 ? 8 : 0;
    let point: u32 = 0;
    for (let i = 0; i < digits; i++) {
      const digit = hexValue(peek());
      if (digit < 0) breakTemplate("malformed escape");
      point = (point << 4) | <u32>digit;
      at++;
    }
    if (digits == 0) breakTemplate("unknown escape");
    else if (digits == 2) putByte(text, point);
    else putCodePoint(text, point > 0x10ffff ? 0xfffd : point);
  }
}

const controls = memory.data<u8>([7, 8, 12, 10, 13, 9, 11]);
