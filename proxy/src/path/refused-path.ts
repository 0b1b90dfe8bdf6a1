/**
 * What is refused before normalisation, because servers read it in more than one way: a raw
 * `#` anywhere, and in the path NUL (raw or `%00`), a percent sign that begins no escape
 * (`%%32e` decoded once is `%2e`), dot segments that only some servers see as such (`..;x`,
 * which Tomcat climbs by, and `..%2F` where `%2F` stays) and, unless the level decodes or
 * keeps them, backslash, `%2F` and `%5C` (CVE-2021-31920, CVE-2021-39156).
 */
import { endOfPath, escapedByte, NOT_HEX } from "./normalise-path.ts";
import { PATH_LEVELS, type PathLevel } from "./path-level.ts";

const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const PERCENT = 0x25;
const HASH = 0x23;
const DOT = 0x2e;
const SEMICOLON = 0x3b;

/** The reason why a path and query is refused, or undefined. */
export function refusedPath(level: PathLevel, bytes: Uint8Array, start: number, end: number): string | undefined {
  const pathEnd = endOfPath(bytes, start, end);
  const { decodesSlashes, keepsSlashes } = PATH_LEVELS[level];
  let dots = 0;
  for (let at = start; at < pathEnd; at++) {
    const byte = bytes[at]!;
    if (byte === DOT) {
      dots++;
      continue;
    }
    if (byte !== PERCENT && byte !== BACKSLASH && byte !== 0 && byte !== SEMICOLON) continue;
    const meant = byte !== PERCENT ? byte : at + 2 < pathEnd ? escapedByte(bytes, at) : NOT_HEX;
    if (meant === NOT_HEX) return "the path holds a percent sign that begins no escape";
    if (meant === 0) return "the path holds NUL";
    if (meant === DOT) dots++;
    else if (meant === SEMICOLON) {
      if (dots > 0 && isDotSegment(bytes, start, at)) return "the path holds a dot segment with parameters";
    } else if (meant === BACKSLASH && !decodesSlashes) return "the path holds a backslash";
    else if (meant === SLASH && keepsSlashes) {
      if (byte === PERCENT && isBesideDots(bytes, start, at, pathEnd))
        return "the path holds a dot segment beside an escaped slash";
    } else if (meant === SLASH && byte === PERCENT && !decodesSlashes) return "the path holds an escaped slash";
  }
  for (let at = pathEnd; at < end; at++) if (bytes[at] === HASH) return "the target holds a fragment";
  return undefined;
}

/** Whether what lies between a slash and `at` is `.` or `..`, however it is written. */
function isDotSegment(bytes: Uint8Array, start: number, at: number): boolean {
  let from = at;
  let dots = 0;
  for (; from > start; dots++) {
    if (bytes[from - 1] === DOT) from--;
    else if (from - 3 >= start && bytes[from - 3] === PERCENT && escapedByte(bytes, from - 3) === DOT) from -= 3;
    else break;
  }
  return (dots === 1 || dots === 2) && (from === start || isSlashBefore(bytes, start, from));
}

/** A slash or backslash, raw or escaped, ends at `at`. */
function isSlashBefore(bytes: Uint8Array, start: number, at: number): boolean {
  const byte = bytes[at - 1]!;
  if (byte === SLASH || byte === BACKSLASH) return true;
  if (at - 3 < start || bytes[at - 3] !== PERCENT) return false;
  const escaped = escapedByte(bytes, at - 3);
  return escaped === SLASH || escaped === BACKSLASH;
}

/** Whether the segment before or behind the escaped slash at `at` is one of dots. */
function isBesideDots(bytes: Uint8Array, start: number, at: number, end: number): boolean {
  if (isDotSegment(bytes, start, at)) return true;
  let next = at + 3;
  for (let dots = 0; dots < 2; dots++) {
    if (bytes[next] === DOT && next < end) next++;
    else if (next + 2 < end && bytes[next] === PERCENT && escapedByte(bytes, next) === DOT) next += 3;
  }
  if (next === at + 3) return false;
  const isEnd = next === end || bytes[next] === SLASH || bytes[next] === BACKSLASH || bytes[next] === SEMICOLON;
  return isEnd || (next + 2 < end && bytes[next] === PERCENT && escapedByte(bytes, next) === SLASH);
}
