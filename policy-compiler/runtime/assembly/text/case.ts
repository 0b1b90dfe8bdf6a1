/** Lower and upper case by Unicode's simple mappings, as Go's strings.ToLower and ToUpper. */
import { bufferString, newBuffer, putByte, putCodePoint } from "../buffer";
import { burn } from "../failure";
import { pointAt, pointWidth } from "../regex/utf8";
import { stringLen, stringPtr } from "../value/value";
import { LOWER_RUNS, UPPER_RUNS, lowerRuns, upperRuns } from "./case-tables";

export function toLower(point: u32): u32 {
  if (point < 0x80) return point - 0x41 < 26 ? point + 32 : point;
  return mapped(point, lowerRuns, LOWER_RUNS);
}

export function toUpper(point: u32): u32 {
  if (point < 0x80) return point - 0x61 < 26 ? point - 32 : point;
  return mapped(point, upperRuns, UPPER_RUNS);
}

/** A run is {first, count · 2 + (1 where only every second point moves), distance}. */
function mapped(point: u32, runs: usize, count: i32): u32 {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u32>(runs + <usize>middle * 12) <= point) low = middle + 1;
    else high = middle;
  }
  if (low == 0) return point;
  const run = runs + <usize>(low - 1) * 12;
  const offset = point - load<u32>(run);
  const size = load<u32>(run, 4);
  const step = (size & 1) + 1;
  if (offset % step != 0 || offset / step >= size >> 1) return point;
  return point + load<i32>(run, 8);
}

/** The string in lower (upper) case; the same string where nothing changes. */
export function changeCase(value: usize, isUpper: bool): usize {
  const length = stringLen(value);
  const end = stringPtr(value) + <usize>length;
  let at = stringPtr(value);
  burn(length >> 3);
  while (at < end) {
    const point = pointAt(at, end);
    if ((isUpper ? toUpper(point) : toLower(point)) != point) break;
    at += pointWidth(at, end);
  }
  if (at == end) return value;
  const buffer = newBuffer(length + 8);
  for (at = stringPtr(value); at < end; at += pointWidth(at, end)) {
    const byte = <u32>load<u8>(at);
    if (byte < 0x80) putByte(buffer, isUpper ? toUpper(byte) : toLower(byte));
    else {
      const point = pointAt(at, end);
      putCodePoint(buffer, isUpper ? toUpper(point) : toLower(point));
    }
  }
  return bufferString(buffer);
}
