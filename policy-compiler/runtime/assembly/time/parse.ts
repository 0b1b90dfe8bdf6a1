/** Text → a moment, by a layout, as Go's time.Parse. */
import { burn } from "../failure";
import { daysInMonth, findName, nameByte, nameLength, secondsOf } from "./calendar";
import {
  DAY, FRACTION_0, FRACTION_9, HOUR, HOUR_12, LONG_MONTH, LONG_WEEKDAY, LONG_YEAR, LOWER_PM, MINUTE, MONTH, NUM_MONTH, OFFSET,
  OFFSET_COLON, OFFSET_SECONDS, OFFSET_SHORT, OFFSET_Z, PM, SECOND, UNDER_DAY, UNDER_YEAR_DAY, WEEKDAY, YEAR, ZERO_DAY,
  ZERO_HOUR_12, ZERO_MINUTE, ZERO_MONTH, ZERO_SECOND, ZERO_YEAR_DAY, ZONE_NAME, chunk, chunkFrom, chunkTo, fractionDigits,
  isDigitAt, nextChunk,
} from "./layout";

/** What parseTime found: seconds since 1970 (UTC) and nanoseconds. */
export let seconds: i64 = 0;
export let nanos: i32 = 0;

let at: usize = 0;
let end: usize = 0;
let year: i64 = 0;
let month: i32 = 0;
let day: i32 = 0;
let yearDay: i32 = 0;
let hour: i32 = 0;
let minute: i32 = 0;
let second: i32 = 0;
/** 1: am, 2: pm. */
let half: i32 = 0;
let offset: i32 = 0;

export function parseTime(layout: usize, layoutLength: i32, value: usize, valueLength: i32): bool {
  burn(layoutLength + valueLength);
  at = value;
  end = value + <usize>valueLength;
  year = 0;
  month = 0;
  day = 0;
  yearDay = 0;
  hour = 0;
  minute = 0;
  second = 0;
  half = 0;
  offset = 0;
  nanos = 0;
  const layoutEnd = layout + <usize>layoutLength;
  let next = layout;
  while (true) {
    nextChunk(next, layoutEnd);
    if (!skip(next, chunkFrom)) return false;
    next = chunkTo;
    if (chunk == 0) break;
    if (!readChunk(next, layoutEnd)) return false;
  }
  return at == end && settle();
}

/** Takes literal text; blanks in the layout stand for any number of blanks. */
function skip(from: usize, to: usize): bool {
  let prefix = from;
  while (prefix < to) {
    const byte = load<u8>(prefix);
    if (byte == 0x20) {
      if (at < end && load<u8>(at) != 0x20) return false;
      while (prefix < to && load<u8>(prefix) == 0x20) prefix++;
      while (at < end && load<u8>(at) == 0x20) at++;
      continue;
    }
    if (at >= end || load<u8>(at) != byte) return false;
    prefix++;
    at++;
  }
  return true;
}

function readChunk(next: usize, layoutEnd: usize): bool {
  const kind = chunk;
  if (kind >= OFFSET) return readOffset(kind);
  if (kind == ZONE_NAME) return readZone();
  if (kind == FRACTION_0) return at + 1 + fractionDigits <= end && readFraction(fractionDigits);
  if (kind == FRACTION_9) {
    if (at + 1 >= end || (load<u8>(at) != 0x2e && load<u8>(at) != 0x2c) || !isDigitAt(at + 1, end)) return true;
    return readFraction(digitsAt(at + 1));
  }
  if (kind == PM || kind == LOWER_PM) return readHalf(kind == PM ? 0 : 0x20);
  if (kind <= ZERO_YEAR_DAY || kind == LONG_YEAR || kind == YEAR) return readDate(kind);
  return readClock(kind, next, layoutEnd);
}

let number: i32 = 0;
/** One digit or two, two where `fixed`, into `number`. */
function readNumber(fixed: bool): bool {
  if (!isDigitAt(at, end)) return false;
  number = <i32>load<u8>(at++) - 0x30;
  if (isDigitAt(at, end)) number = number * 10 + <i32>load<u8>(at++) - 0x30;
  else if (fixed) return false;
  return true;
}

function digitsAt(from: usize): i32 {
  let to = from;
  while (isDigitAt(to, end)) to++;
  return <i32>(to - from);
}

function readDate(kind: u32): bool {
  if (kind == YEAR) {
    if (!readNumber(true)) return false;
    year = number >= 69 ? 1900 + number : 2000 + number;
    return true;
  }
  if (kind == LONG_YEAR) {
    if (digitsAt(at) < 4) return false;
    year = 0;
    for (let i = 0; i < 4; i++) year = year * 10 + <i64>load<u8>(at++) - 0x30;
    return true;
  }
  if (kind == MONTH || kind == LONG_MONTH) {
    month = readName(true, kind == MONTH, 1, 12);
    return month > 0;
  }
  if (kind == WEEKDAY || kind == LONG_WEEKDAY) return readName(false, kind == WEEKDAY, 0, 6) >= 0;
  if (kind == NUM_MONTH || kind == ZERO_MONTH) {
    if (!readNumber(kind == ZERO_MONTH) || number < 1 || number > 12) return false;
    month = number;
    return true;
  }
  if (kind == DAY || kind == UNDER_DAY || kind == ZERO_DAY) {
    if (kind == UNDER_DAY && at < end && load<u8>(at) == 0x20) at++;
    if (!readNumber(kind == ZERO_DAY) || number < 1) return false;
    day = number;
    return true;
  }
  for (let i = 0; i < 2; i++) if (kind == UNDER_YEAR_DAY && at < end && load<u8>(at) == 0x20) at++;
  const digits = min(digitsAt(at), 3);
  if (digits == 0 || (kind == ZERO_YEAR_DAY && digits != 3)) return false;
  yearDay = 0;
  for (let i = 0; i < digits; i++) yearDay = yearDay * 10 + <i32>load<u8>(at++) - 0x30;
  return yearDay > 0;
}

/** The number whose name (in any case) stands at `at`, or -1. */
function readName(isMonth: bool, short: bool, first: i32, last: i32): i32 {
  for (let i = first; i <= last; i++) {
    findName(isMonth, i, short);
    if (at + <usize>nameLength > end) continue;
    let k = 0;
    while (k < nameLength && ((<u32>load<u8>(at + k) ^ nameByte(isMonth, k)) | 0x20) == 0x20) k++;
    if (k < nameLength) continue;
    at += nameLength;
    return i;
  }
  return -1;
}

function readClock(kind: u32, next: usize, layoutEnd: usize): bool {
  const isFixed = kind == ZERO_HOUR_12 || kind == ZERO_MINUTE || kind == ZERO_SECOND;
  if (!readNumber(isFixed)) return false;
  if (kind == HOUR || kind == HOUR_12 || kind == ZERO_HOUR_12) {
    hour = number;
    return hour <= (kind == HOUR ? 23 : 12);
  }
  if (number > 59) return false;
  if (kind == MINUTE || kind == ZERO_MINUTE) {
    minute = number;
    return true;
  }
  second = number;
  // A fraction may follow though the layout has none.
  if (at + 1 >= end || (load<u8>(at) != 0x2e && load<u8>(at) != 0x2c) || !isDigitAt(at + 1, end)) return true;
  nextChunk(next, layoutEnd);
  return chunk == FRACTION_0 || chunk == FRACTION_9 || readFraction(digitsAt(at + 1));
}

/** A point or comma and this many digits; those beyond nine do not count. */
function readFraction(digits: i32): bool {
  if (load<u8>(at) != 0x2e && load<u8>(at) != 0x2c) return false;
  at++;
  let unit = 100000000;
  nanos = 0;
  for (let i = 0; i < digits; i++) {
    if (!isDigitAt(at, end)) return false;
    nanos += unit * (<i32>load<u8>(at++) - 0x30);
    unit /= 10;
  }
  return true;
}

function readHalf(lower: u32): bool {
  if (at + 2 > end || <u32>load<u8>(at + 1) != (0x4d | lower)) return false;
  const byte = <u32>load<u8>(at);
  if (byte == (0x50 | lower)) half = 2;
  else if (byte == (0x41 | lower)) half = 1;
  else return false;
  at += 2;
  return true;
}

function readOffset(kind: u32): bool {
  if ((kind & OFFSET_Z) != 0 && at < end && load<u8>(at) == 0x5a) {
    at++;
    offset = 0;
    return true;
  }
  if (at >= end) return false;
  const sign = load<u8>(at++);
  if (sign != 0x2b && sign != 0x2d) return false;
  if (!readNumber(true) || number > 24) return false;
  offset = number * 3600;
  if (!(kind & OFFSET_SHORT)) {
    if (!readOffsetPart(kind)) return false;
    offset += number * 60;
    if (kind & OFFSET_SECONDS) {
      if (!readOffsetPart(kind)) return false;
      offset += number;
    }
  }
  if (sign == 0x2d) offset = -offset;
  return true;
}

function readOffsetPart(kind: u32): bool {
  if (kind & OFFSET_COLON) {
    if (at >= end || load<u8>(at) != 0x3a) return false;
    at++;
  }
  return readNumber(true) && number <= 60;
}

function isUpper(from: usize): bool {
  return from < end && <u32>load<u8>(from) - 0x41 <= 25;
}

/** The abbreviation of a zone. None but GMT with hours says how far it is from UTC. */
function readZone(): bool {
  if (at + 3 > end) return false;
  const head = load<u32>(at) & 0xffffff;
  const isGmt = head == 0x544d47;
  if (isGmt || load<u8>(at) == 0x2b || load<u8>(at) == 0x2d) {
    if (isGmt) at += 3;
    const from = at;
    readHours(isGmt);
    return isGmt || at > from;
  }
  let upper = 0;
  while (upper < 6 && isUpper(at + upper)) upper++;
  if (at + 4 <= end && (load<u32>(at) == 0x54536843 || load<u32>(at) == 0x5453654d)) upper = 4; // ChST, MeST
  else if (upper == 5 ? load<u8>(at + 4) != 0x54 : upper == 4 ? load<u8>(at + 3) != 0x54 && load<u32>(at) != 0x41544957 : upper != 3) {
    return false;
  }
  at += upper;
  offset = 0;
  return true;
}

/** `+3`: hours up to 23; left alone where there are none. */
function readHours(counts: bool): void {
  if (at >= end || (load<u8>(at) != 0x2b && load<u8>(at) != 0x2d)) return;
  const digits = digitsAt(at + 1);
  let hours = 0;
  for (let i = 1; i <= digits && hours < 100; i++) hours = hours * 10 + <i32>load<u8>(at + i) - 0x30;
  if (digits == 0 || hours > 23) return;
  if (counts) offset = (load<u8>(at) == 0x2d ? -hours : hours) * 3600;
  at += digits + 1;
}

/** Checks the date, and reckons the moment. */
function settle(): bool {
  if (half == 2 && hour < 12) hour += 12;
  else if (half == 1 && hour == 12) hour = 0;
  if (yearDay > 0) {
    if (yearDay > 365 + (daysInMonth(year, 2) - 28)) return false;
    let inMonth = 1;
    let left = yearDay;
    while (left > daysInMonth(year, inMonth)) left -= daysInMonth(year, inMonth++);
    if ((month > 0 && month != inMonth) || (day > 0 && day != left)) return false;
    month = inMonth;
    day = left;
  }
  if (month == 0) month = 1;
  if (day == 0) day = 1;
  if (day > daysInMonth(year, month)) return false;
  seconds = secondsOf(year, month, day, hour, minute, second) - <i64>offset;
  return true;
}
