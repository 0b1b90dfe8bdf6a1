/** Durations as Go writes them, `1h15m30.5s`, and with OPA's days, weeks and years of 365 days. */
import { bufferLength, bufferPtr, newBuffer, putByte, putBytes } from "../buffer";
import { burn } from "../failure";
import { floatOfInt, multiplyFloats } from "../number/float";
import { SHORTEST, doubleFromText, writeFloatAs } from "../number/float-text";

/** What parseDuration found. */
export let duration: i64 = 0;

const TOP: u64 = 0x8000000000000000;

let at: usize = 0;
let end: usize = 0;
/** Nanoseconds of the unit at `at`; 0 where there is none. */
function readUnit(): u64 {
  const from = at;
  while (at < end && load<u8>(at) != 0x2e && <u32>load<u8>(at) - 0x30 > 9) at++;
  const length = at - from;
  const first = length > 0 ? <u32>load<u8>(from) : 0;
  if (length == 1) {
    if (first == 0x73) return 1000000000;
    if (first == 0x6d) return 60000000000;
    return first == 0x68 ? 3600000000000 : 0;
  }
  if (length == 2 && load<u8>(from + 1) == 0x73) {
    if (first == 0x6e) return 1;
    if (first == 0x75) return 1000;
    return first == 0x6d ? 1000000 : 0;
  }
  // µs with the micro sign or the Greek letter.
  if (length == 3 && load<u8>(from + 2) == 0x73) return load<u16>(from) == 0xb5c2 || load<u16>(from) == 0xbcce ? 1000 : 0;
  return 0;
}

export function parseDuration(ptr: usize, length: i32): bool {
  at = ptr;
  end = ptr + <usize>length;
  burn(length);
  const isNegative = at < end && load<u8>(at) == 0x2d;
  if (isNegative || (at < end && load<u8>(at) == 0x2b)) at++;
  if (end - at == 1 && load<u8>(at) == 0x30) {
    duration = 0;
    return true;
  }
  if (at >= end) return false;
  let sum: u64 = 0;
  while (at < end) {
    if (!readPart()) return false;
    sum += part;
    if (sum > TOP) return false;
  }
  if (!isNegative && sum > TOP - 1) return false;
  duration = isNegative ? -<i64>sum : <i64>sum;
  return true;
}

const HOUR: u64 = 3600000000000;
/** Bits of a double. */
const DOUBLE: i32 = 53;

let part: u64 = 0;
/** A number and its unit. */
function readPart(): bool {
  const from = at;
  if (!readNumber()) return false;
  const numberEnd = at;
  const unit = readUnit();
  if (unit != 0) return takePart(unit);
  const hours = at - numberEnd == 1 ? hoursOf(<u32>load<u8>(numberEnd)) : 0;
  return hours != 0 && takeHours(from, <i32>(numberEnd - from), hours);
}

/** Hours of a unit that Go does not know; 0 for what is none. */
function hoursOf(letter: u32): i32 {
  if (letter == 0x64) return 24; // d
  if (letter == 0x77) return 168; // w
  return letter == 0x79 ? 8760 : 0; // y
}

/** As OPA does it: the hours are a double, and its shortest decimal is what Go reads. */
function takeHours(ptr: usize, length: i32, hours: i32): bool {
  const number = newBuffer(length + 2);
  putByte(number, 0x30);
  putBytes(number, ptr, length);
  const isOpen = load<u8>(ptr + length - 1) == 0x2e;
  const float = doubleFromText(bufferPtr(number), bufferLength(number) - (isOpen ? 1 : 0));
  const text = newBuffer(32);
  writeFloatAs(text, multiplyFloats(float, floatOfInt(hours), DOUBLE), 0x66, SHORTEST, true);
  const outerAt = at;
  const outerEnd = end;
  at = bufferPtr(text);
  end = at + <usize>bufferLength(text);
  const isTaken = readNumber() && takePart(HOUR);
  at = outerAt;
  end = outerEnd;
  return isTaken;
}

// What readNumber found: whole + fraction / scale.
let whole: u64 = 0;
let fraction: u64 = 0;
let scale: f64 = 1;

function readNumber(): bool {
  const from = at;
  whole = 0;
  fraction = 0;
  scale = 1;
  while (at < end && <u32>load<u8>(at) - 0x30 <= 9) {
    if (whole > TOP / 10) return false;
    whole = whole * 10 + <u64>(load<u8>(at++) - 0x30);
    if (whole > TOP) return false;
  }
  let digits = <i32>(at - from);
  if (at < end && load<u8>(at) == 0x2e) {
    at++;
    let isOver = false;
    while (at < end && <u32>load<u8>(at) - 0x30 <= 9) {
      const digit = <u64>(load<u8>(at++) - 0x30);
      digits++;
      if (isOver || fraction > (TOP - 1) / 10 || fraction * 10 + digit > TOP) {
        isOver = true; // digits that do not count any more
        continue;
      }
      fraction = fraction * 10 + digit;
      scale *= 10;
    }
  }
  return digits != 0;
}

function takePart(unit: u64): bool {
  if (whole > TOP / unit) return false;
  part = whole * unit;
  if (fraction > 0) part += <u64>(<f64>fraction * (<f64>unit / scale));
  return part <= TOP;
}
