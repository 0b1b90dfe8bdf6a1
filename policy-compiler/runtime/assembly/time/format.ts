/** A moment in a place → text, by a layout. */
import { bufferLength, bufferPtr, putByte, putBytes, advance } from "../buffer";
import { burn } from "../failure";
import { day, findName, hour, minute, month, nameByte, nameLength, second, weekday, year, yearDay } from "./calendar";
import {
  DAY, FRACTION_0, FRACTION_9, HOUR, HOUR_12, LONG_MONTH, LONG_WEEKDAY, LONG_YEAR, LOWER_PM, MINUTE, MONTH, NUM_MONTH, OFFSET,
  OFFSET_COLON, OFFSET_SECONDS, OFFSET_SHORT, OFFSET_Z, PM, SECOND, UNDER_DAY, UNDER_YEAR_DAY, WEEKDAY, YEAR, ZERO_DAY,
  ZERO_HOUR_12, ZERO_MINUTE, ZERO_MONTH, ZERO_SECOND, ZERO_YEAR_DAY, ZONE_NAME, chunk, chunkFrom, chunkTo, fractionDigits,
  nextChunk,
} from "./layout";

/** Writes the moment that `split` took apart; offset in seconds, the zone's name may be empty. */
export function formatTime(buffer: usize, layout: usize, length: i32, nanos: i32, offset: i32, zone: usize, zoneLength: i32): void {
  burn(length);
  const end = layout + <usize>length;
  let at = layout;
  while (at < end) {
    nextChunk(at, end);
    putBytes(buffer, at, <i32>(chunkFrom - at));
    at = chunkTo;
    if (chunk == 0) return;
    if (chunk >= OFFSET) putOffset(buffer, chunk, offset);
    else if (chunk == FRACTION_0 || chunk == FRACTION_9) putFraction(buffer, load<u8>(chunkFrom), nanos);
    else if (chunk == ZONE_NAME) {
      if (zoneLength > 0) putBytes(buffer, zone, zoneLength);
      else putOffset(buffer, OFFSET, offset);
    } else if (!putDate(buffer)) putClock(buffer);
  }
}

/** At least `width` digits. */
export function putPadded(buffer: usize, n: i64, width: i32, pad: u32 = 0x30): void {
  let rest = n;
  if (rest < 0) {
    putByte(buffer, 0x2d);
    rest = -rest;
  }
  let digits = 1;
  for (let left = rest / 10; left > 0; left /= 10) digits++;
  for (let i = digits; i < width; i++) putByte(buffer, pad);
  let unit: i64 = 1;
  for (let i = 1; i < digits; i++) unit *= 10;
  for (; unit > 0; unit /= 10) putByte(buffer, 0x30 + <u32>((rest / unit) % 10));
}

function putName(buffer: usize, isMonth: bool, number: i32, short: bool): void {
  findName(isMonth, number, short);
  for (let i = 0; i < nameLength; i++) putByte(buffer, nameByte(isMonth, i));
}

function putDate(buffer: usize): bool {
  if (chunk == YEAR) putPadded(buffer, (year % 100 + 100) % 100, 2);
  else if (chunk == LONG_YEAR) putPadded(buffer, year, 4);
  else if (chunk == MONTH || chunk == LONG_MONTH) putName(buffer, true, month, chunk == MONTH);
  else if (chunk == WEEKDAY || chunk == LONG_WEEKDAY) putName(buffer, false, weekday, chunk == WEEKDAY);
  else if (chunk == NUM_MONTH) putPadded(buffer, month, 1);
  else if (chunk == ZERO_MONTH) putPadded(buffer, month, 2);
  else if (chunk == DAY) putPadded(buffer, day, 1);
  else if (chunk == UNDER_DAY) putPadded(buffer, day, 2, 0x20);
  else if (chunk == ZERO_DAY) putPadded(buffer, day, 2);
  else if (chunk == UNDER_YEAR_DAY) putPadded(buffer, yearDay, 3, 0x20);
  else if (chunk == ZERO_YEAR_DAY) putPadded(buffer, yearDay, 3);
  else return false;
  return true;
}

function putClock(buffer: usize): void {
  const hour12 = hour % 12 == 0 ? 12 : hour % 12;
  if (chunk == HOUR) putPadded(buffer, hour, 2);
  else if (chunk == HOUR_12) putPadded(buffer, hour12, 1);
  else if (chunk == ZERO_HOUR_12) putPadded(buffer, hour12, 2);
  else if (chunk == MINUTE) putPadded(buffer, minute, 1);
  else if (chunk == ZERO_MINUTE) putPadded(buffer, minute, 2);
  else if (chunk == SECOND) putPadded(buffer, second, 1);
  else if (chunk == ZERO_SECOND) putPadded(buffer, second, 2);
  else if (chunk == PM || chunk == LOWER_PM) {
    const lower: u32 = chunk == PM ? 0 : 0x20;
    putByte(buffer, (hour >= 12 ? 0x50 : 0x41) | lower);
    putByte(buffer, 0x4d | lower);
  }
}

function putOffset(buffer: usize, kind: u32, offset: i32): void {
  if ((kind & OFFSET_Z) != 0 && offset == 0) {
    putByte(buffer, 0x5a);
    return;
  }
  const minutes = offset / 60;
  putByte(buffer, minutes < 0 ? 0x2d : 0x2b);
  const distance = abs(minutes);
  putPadded(buffer, distance / 60, 2);
  if (kind & OFFSET_SHORT) return;
  if (kind & OFFSET_COLON) putByte(buffer, 0x3a);
  putPadded(buffer, distance % 60, 2);
  if (!(kind & OFFSET_SECONDS)) return;
  if (kind & OFFSET_COLON) putByte(buffer, 0x3a);
  putPadded(buffer, abs(offset) % 60, 2);
}

/** The sign of the layout and its digits; `.999` drops zeros at the end, and itself where nothing is left. */
function putFraction(buffer: usize, sign: u32, nanos: i32): void {
  const trims = chunk == FRACTION_9;
  const before = bufferLength(buffer);
  putByte(buffer, sign);
  let unit = 100000000;
  for (let i = 0; i < fractionDigits; i++) {
    putByte(buffer, unit > 0 ? 0x30 + <u32>((nanos / unit) % 10) : 0x30);
    unit /= 10;
  }
  if (!trims) return;
  while (load<u8>(bufferPtr(buffer) + bufferLength(buffer) - 1) == 0x30) advance(buffer, -1);
  if (bufferLength(buffer) == before + 1) advance(buffer, -1);
}
