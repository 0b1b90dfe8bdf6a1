/**
 * time.*: moments as nanoseconds since 1970. UTC is reckoned here; how other zones stand
 * the host says (see host.ts).
 */
import { bufferLength, bufferPtr, bufferString, newBuffer, putByte, putString, putText } from "../buffer";
import { builtinErrorText } from "../failure";
import { integerOf, integerToNumber, magnitudeOf } from "../number/integer";
import { bitLength } from "../number/natural";
import { int64, toInt64 } from "../number/number";
import { day, daysInMonth, floorDiv, hour, minute, month, nameByte, nameLength, findName, second, secondsOf, split, weekday, year } from "../time/calendar";
import { duration, parseDuration } from "../time/duration";
import { formatTime } from "../time/format";
import { nanos as parsedNanos, parseTime, seconds as parsedSeconds } from "../time/parse";
import { arrayGet, arrayLen, arrayPush, makeArray } from "../value/array";
import { ARRAY, NUMBER, STRING, UNDEFINED, isText, kindOf, makeInt, makeText, stringLen, stringPtr } from "../value/value";
import { zoneAt, zoneName, zoneNameLength, zoneOffset } from "./host";
import { expectInt, expectKind, operandError } from "./operands";

const BILLION: i64 = 1000000000;

// What readMoment found.
let seconds: i64 = 0;
let nanos: i32 = 0;
/** The zone's name, 0 for UTC; its offset at the moment. */
let place: usize = 0;
let offset: i32 = 0;
let layout: usize = 0;

/** Reads `ns`, `[ns]`, `[ns, zone]` or `[ns, zone, layout]`; false after an error has been counted. */
function readMoment(name: string, position: i32, operand: usize): bool {
  let ns = operand;
  let zone: usize = 0;
  layout = 0;
  if (kindOf(operand) == ARRAY && arrayLen(operand) > 0) {
    ns = arrayGet(operand, 0);
    if (!expectKind(name, 1, ns, NUMBER)) return false;
    if (arrayLen(operand) > 1) zone = arrayGet(operand, 1);
    if (zone != 0 && !expectKind(name, 1, zone, STRING)) return false;
    if (arrayLen(operand) > 2) layout = arrayGet(operand, 2);
    if (layout != 0 && !expectKind(name, 1, layout, STRING)) return false;
  } else if (kindOf(operand) != NUMBER) {
    operandError(name, position, "either number (ns) or [number (ns), string (tz)]", operand);
    return false;
  }
  if (!isMoment(ns)) {
    failure(name, "timestamp too big");
    return false;
  }
  seconds = floorDiv(int64, BILLION);
  nanos = <i32>(int64 - seconds * BILLION);
  place = zone == 0 || stringLen(zone) == 0 || isText(zone, "UTC") || isText(zone, "Local") ? 0 : zone;
  return enterPlace(name);
}

/** The number is whole and fits 64 bits, however it is written (`1.7e18`, `0.0`); int64 is it. */
function isMoment(ns: usize): bool {
  if (toInt64(ns)) return true;
  const whole = integerOf(ns);
  return whole != 0 && bitLength(magnitudeOf(whole)) <= 64 && toInt64(integerToNumber(whole));
}

/** Sets `offset` for the moment in the place. */
function enterPlace(name: string): bool {
  offset = 0;
  if (place == 0) return true;
  if (!zoneAt(place, seconds)) {
    const text = newBuffer(64);
    putText(text, name);
    putText(text, ": unknown time zone ");
    putString(text, place);
    builtinErrorText(bufferPtr(text), bufferLength(text), "");
    return false;
  }
  offset = zoneOffset;
  return true;
}

function failure(name: string, words: string): usize {
  const text = newBuffer(64);
  putText(text, name);
  putText(text, ": ");
  putText(text, words);
  return builtinErrorText(bufferPtr(text), bufferLength(text), "");
}

function three(a: i64, b: i64, c: i64): usize {
  const array = makeArray(3);
  arrayPush(array, makeInt(a));
  arrayPush(array, makeInt(b));
  arrayPush(array, makeInt(c));
  return array;
}

/** Nanoseconds of a moment, which must fit 64 bits. */
function nanoseconds(name: string, s: i64, n: i32): usize {
  // -9223372036.854775808 to 9223372036.854775807
  const isLow = s < -9223372037 || (s == -9223372037 && n < 145224192);
  const isHigh = s > 9223372036 || (s == 9223372036 && n > 854775807);
  if (isLow || isHigh) return failure(name, "time outside of valid range");
  return makeInt(s * BILLION + <i64>n);
}

export function timeDate(moment: usize): usize {
  if (!readMoment("time.date", 1, moment)) return UNDEFINED;
  split(seconds + offset);
  return three(year, month, day);
}

export function timeClock(moment: usize): usize {
  if (!readMoment("time.clock", 1, moment)) return UNDEFINED;
  split(seconds + offset);
  return three(hour, minute, second);
}

export function timeWeekday(moment: usize): usize {
  if (!readMoment("time.weekday", 1, moment)) return UNDEFINED;
  split(seconds + offset);
  findName(false, weekday, false);
  const text = newBuffer(16);
  for (let i = 0; i < nameLength; i++) putByte(text, nameByte(false, i));
  return bufferString(text);
}

/** More would leave 64 bits of nanoseconds in any case. */
const STEP_MAX: i64 = 10000000;

export function timeAddDate(moment: usize, years: usize, months: usize, days: usize): usize {
  const name = "time.add_date";
  if (!readMoment(name, 1, moment)) return UNDEFINED;
  if (!expectInt(name, 2, years) || !expectInt(name, 3, months) || !expectInt(name, 4, days)) return UNDEFINED;
  toInt64(years);
  const moreYears = int64;
  toInt64(months);
  const moreMonths = int64;
  toInt64(days);
  const moreDays = int64;
  if (isFar(moreYears) || isFar(moreMonths) || isFar(moreDays)) return failure(name, "time outside of valid range");
  split(seconds + offset);
  const local = secondsOf(year + moreYears, <i64>month + moreMonths, <i64>day + moreDays, hour, minute, second);
  // As Go: the offset at the clock's time taken for UTC, or else the one that holds there.
  seconds = local;
  if (!enterPlace(name)) return UNDEFINED;
  seconds = local - offset;
  if (offset != 0 && !enterPlace(name)) return UNDEFINED;
  return nanoseconds(name, local - offset, nanos);
}

function isFar(n: i64): bool {
  return n > STEP_MAX || n < -STEP_MAX;
}

export function timeDiff(first: usize, last: usize): usize {
  const name = "time.diff";
  if (!readMoment(name, 1, last)) return UNDEFINED;
  let toSeconds = seconds;
  let toNanos = nanos;
  if (!readMoment(name, 1, first)) return UNDEFINED;
  let fromSeconds = seconds;
  let fromOffset = offset;
  // Both are seen from the first one's place.
  seconds = toSeconds;
  const firstNanos = nanos;
  if (!enterPlace(name)) return UNDEFINED;
  let toOffset = offset;
  if (fromSeconds > toSeconds || (fromSeconds == toSeconds && firstNanos > toNanos)) {
    const swapSeconds = fromSeconds;
    fromSeconds = toSeconds;
    toSeconds = swapSeconds;
    const swapOffset = fromOffset;
    fromOffset = toOffset;
    toOffset = swapOffset;
  }
  split(fromSeconds + fromOffset);
  const y = year;
  const m = month;
  const d = day;
  const h = hour;
  const min = minute;
  const s = second;
  split(toSeconds + toOffset);
  let inYears = year - y;
  let inMonths = month - m;
  let inDays = day - d;
  let inHours = hour - h;
  let inMinutes = minute - min;
  let inSeconds = second - s;
  if (inSeconds < 0) {
    inSeconds += 60;
    inMinutes--;
  }
  if (inMinutes < 0) {
    inMinutes += 60;
    inHours--;
  }
  if (inHours < 0) {
    inHours += 24;
    inDays--;
  }
  if (inDays < 0) {
    inDays += daysInMonth(y, m);
    inMonths--;
  }
  if (inMonths < 0) {
    inMonths += 12;
    inYears--;
  }
  const parts = three(inYears, inMonths, inDays);
  arrayPush(parts, makeInt(inHours));
  arrayPush(parts, makeInt(inMinutes));
  arrayPush(parts, makeInt(inSeconds));
  return parts;
}

/** The layout that a name of Go's stands for, or the text itself. */
function layoutOf(text: usize): usize {
  if (isText(text, "ANSIC")) return makeText("Mon Jan _2 15:04:05 2006");
  if (isText(text, "UnixDate")) return makeText("Mon Jan _2 15:04:05 MST 2006");
  if (isText(text, "RubyDate")) return makeText("Mon Jan 02 15:04:05 -0700 2006");
  if (isText(text, "RFC822")) return makeText("02 Jan 06 15:04 MST");
  if (isText(text, "RFC822Z")) return makeText("02 Jan 06 15:04 -0700");
  if (isText(text, "RFC850")) return makeText("Monday, 02-Jan-06 15:04:05 MST");
  if (isText(text, "RFC1123")) return makeText("Mon, 02 Jan 2006 15:04:05 MST");
  if (isText(text, "RFC1123Z")) return makeText("Mon, 02 Jan 2006 15:04:05 -0700");
  if (isText(text, "RFC3339")) return makeText("2006-01-02T15:04:05Z07:00");
  if (isText(text, "RFC3339Nano")) return makeText("2006-01-02T15:04:05.999999999Z07:00");
  return text;
}

export function timeFormat(moment: usize): usize {
  if (!readMoment("time.format", 1, moment)) return UNDEFINED;
  const chosen = layout == 0 || stringLen(layout) == 0 ? makeText("2006-01-02T15:04:05.999999999Z07:00") : layoutOf(layout);
  const utc = makeText("UTC");
  split(seconds + offset);
  const text = newBuffer(64);
  const name = place == 0 ? stringPtr(utc) : zoneName;
  const nameBytes = place == 0 ? 3 : zoneNameLength;
  formatTime(text, stringPtr(chosen), stringLen(chosen), nanos, offset, name, nameBytes);
  return bufferString(text);
}

export function timeParseNs(format: usize, value: usize): usize {
  const name = "time.parse_ns";
  if (!expectKind(name, 1, format, STRING) || !expectKind(name, 2, value, STRING)) return UNDEFINED;
  return parse(name, layoutOf(format), value);
}

export function timeParseRfc3339Ns(value: usize): usize {
  const name = "time.parse_rfc3339_ns";
  if (!expectKind(name, 1, value, STRING)) return UNDEFINED;
  return parse(name, makeText("2006-01-02T15:04:05Z07:00"), value);
}

function parse(name: string, format: usize, value: usize): usize {
  if (parseTime(stringPtr(format), stringLen(format), stringPtr(value), stringLen(value))) {
    return nanoseconds(name, parsedSeconds, parsedNanos);
  }
  const text = newBuffer(128);
  putText(text, name);
  putText(text, ": parsing time \"");
  putString(text, value);
  putText(text, "\" as \"");
  putString(text, format);
  putText(text, "\": cannot parse");
  return builtinErrorText(bufferPtr(text), bufferLength(text), "");
}

export function timeParseDurationNs(value: usize): usize {
  if (!expectKind("time.parse_duration_ns", 1, value, STRING)) return UNDEFINED;
  if (parseDuration(stringPtr(value), stringLen(value))) return makeInt(duration);
  const text = newBuffer(64);
  putText(text, "invalid duration \"");
  putString(text, value);
  putText(text, "\"");
  return builtinErrorText(bufferPtr(text), bufferLength(text), "time.parse_duration_ns: ");
}
