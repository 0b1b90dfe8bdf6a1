/**
 * Go's layouts: a layout is the reference time (Mon Jan 2 15:04:05 MST 2006) written as the
 * times are. `nextChunk` finds the next element; what lies before it is literal.
 */
import { byteOf } from "../static-text";

export const LONG_MONTH: u32 = 1;
export const MONTH: u32 = 2;
export const NUM_MONTH: u32 = 3;
export const ZERO_MONTH: u32 = 4;
export const LONG_WEEKDAY: u32 = 5;
export const WEEKDAY: u32 = 6;
export const DAY: u32 = 7;
export const UNDER_DAY: u32 = 8;
export const ZERO_DAY: u32 = 9;
export const UNDER_YEAR_DAY: u32 = 10;
export const ZERO_YEAR_DAY: u32 = 11;
export const HOUR: u32 = 12;
export const HOUR_12: u32 = 13;
export const ZERO_HOUR_12: u32 = 14;
export const MINUTE: u32 = 15;
export const ZERO_MINUTE: u32 = 16;
export const SECOND: u32 = 17;
export const ZERO_SECOND: u32 = 18;
export const LONG_YEAR: u32 = 19;
export const YEAR: u32 = 20;
export const PM: u32 = 21;
export const LOWER_PM: u32 = 22;
export const ZONE_NAME: u32 = 23;
/** Fractions of seconds: `.000` (as many digits) and `.999` (without zeros at the end). */
export const FRACTION_0: u32 = 24;
export const FRACTION_9: u32 = 25;
/** Offsets: 64 and up, with bits for their form. */
export const OFFSET: u32 = 64;
/** `Z` for UTC. */
export const OFFSET_Z: u32 = 1;
export const OFFSET_COLON: u32 = 2;
export const OFFSET_SECONDS: u32 = 4;
/** Hours only. */
export const OFFSET_SHORT: u32 = 8;

/** The element that `nextChunk` found (0: none), where it stands, and the digits of a fraction. */
export let chunk: u32 = 0;
export let chunkFrom: usize = 0;
export let chunkTo: usize = 0;
export let fractionDigits: i32 = 0;

function hasText(at: usize, end: usize, text: string): bool {
  const length = <usize>text.length;
  if (at + length > end) return false;
  for (let i: usize = 0; i < length; i++) if (load<u8>(at + i) != byteOf(text, <i32>i)) return false;
  return true;
}

function found(kind: u32, from: usize, length: i32): bool {
  chunk = kind;
  chunkFrom = from;
  chunkTo = from + <usize>length;
  return true;
}

function isLower(at: usize, end: usize): bool {
  return at < end && <u32>load<u8>(at) - 0x61 <= 25;
}

export function isDigitAt(at: usize, end: usize): bool {
  return at < end && <u32>load<u8>(at) - 0x30 <= 9;
}

/** Finds the next element of the layout; at its end `chunk` is 0 and both places are `end`. */
export function nextChunk(layout: usize, end: usize): void {
  for (let at = layout; at < end; at++) if (elementAt(at, end)) return;
  found(0, end, 0);
}

function elementAt(at: usize, end: usize): bool {
  const byte = <u32>load<u8>(at);
  if (byte - 0x30 <= 9) return numberAt(at, end, byte);
  if (byte == 0x4a) {
    if (hasText(at, end, "January")) return found(LONG_MONTH, at, 7);
    return hasText(at, end, "Jan") && !isLower(at + 3, end) && found(MONTH, at, 3);
  }
  if (byte == 0x4d) {
    if (hasText(at, end, "Monday")) return found(LONG_WEEKDAY, at, 6);
    if (hasText(at, end, "Mon")) return !isLower(at + 3, end) && found(WEEKDAY, at, 3);
    return hasText(at, end, "MST") && found(ZONE_NAME, at, 3);
  }
  if (byte == 0x5f) {
    if (hasText(at, end, "_2006")) return found(LONG_YEAR, at + 1, 4);
    if (hasText(at, end, "_2")) return found(UNDER_DAY, at, 2);
    return hasText(at, end, "__2") && found(UNDER_YEAR_DAY, at, 3);
  }
  if (byte == 0x50) return hasText(at, end, "PM") && found(PM, at, 2);
  if (byte == 0x70) return hasText(at, end, "pm") && found(LOWER_PM, at, 2);
  if (byte == 0x2d) return offsetAt(at, end, 0);
  if (byte == 0x5a) return offsetAt(at, end, OFFSET_Z);
  return (byte == 0x2e || byte == 0x2c) && fractionAt(at, end);
}

function numberAt(at: usize, end: usize, byte: u32): bool {
  if (byte == 0x30) {
    if (hasText(at, end, "002")) return found(ZERO_YEAR_DAY, at, 3);
    if (at + 1 >= end) return false;
    const next = load<u8>(at + 1);
    if (next == 0x31) return found(ZERO_MONTH, at, 2);
    if (next == 0x32) return found(ZERO_DAY, at, 2);
    if (next == 0x33) return found(ZERO_HOUR_12, at, 2);
    if (next == 0x34) return found(ZERO_MINUTE, at, 2);
    if (next == 0x35) return found(ZERO_SECOND, at, 2);
    return next == 0x36 && found(YEAR, at, 2);
  }
  if (byte == 0x31) return hasText(at, end, "15") ? found(HOUR, at, 2) : found(NUM_MONTH, at, 1);
  if (byte == 0x32) return hasText(at, end, "2006") ? found(LONG_YEAR, at, 4) : found(DAY, at, 1);
  if (byte == 0x33) return found(HOUR_12, at, 1);
  if (byte == 0x34) return found(MINUTE, at, 1);
  return byte == 0x35 && found(SECOND, at, 1);
}

function offsetAt(at: usize, end: usize, z: u32): bool {
  const rest = at + 1;
  if (hasText(rest, end, "070000")) return found(OFFSET | z | OFFSET_SECONDS, at, 7);
  if (hasText(rest, end, "07:00:00")) return found(OFFSET | z | OFFSET_SECONDS | OFFSET_COLON, at, 9);
  if (hasText(rest, end, "0700")) return found(OFFSET | z, at, 5);
  if (hasText(rest, end, "07:00")) return found(OFFSET | z | OFFSET_COLON, at, 6);
  return hasText(rest, end, "07") && found(OFFSET | z | OFFSET_SHORT, at, 3);
}

function fractionAt(at: usize, end: usize): bool {
  if (at + 1 >= end) return false;
  const digit = load<u8>(at + 1);
  if (digit != 0x30 && digit != 0x39) return false;
  let to = at + 1;
  while (to < end && load<u8>(to) == digit) to++;
  if (isDigitAt(to, end)) return false;
  fractionDigits = <i32>(to - at) - 1;
  return found(digit == 0x30 ? FRACTION_0 : FRACTION_9, at, <i32>(to - at));
}
