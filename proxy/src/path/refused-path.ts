/**
 * What is refused before normalisation, because servers read it in more than one way: a raw
 * `#` anywhere, and in the path NUL (raw or `%00`), a percent sign that begins no escape
 * (`%%32e` decoded once is `%2e`) and, unless the level decodes them, backslash, `%2F` and
 * `%5C` (design.md, "Paths"; CVE-2021-31920, CVE-2021-39156).
 */
import { endOfPath, escapedByte, NOT_HEX } from "./normalise-path.ts";
import { PATH_LEVELS, type PathLevel } from "./path-level.ts";

const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const PERCENT = 0x25;
const HASH = 0x23;

/** The reason why a path and query is refused, or undefined. */
export function refusedPath(level: PathLevel, bytes: Uint8Array, start: number, end: number): string | undefined {
  const pathEnd = endOfPath(bytes, start, end);
  const { decodesSlashes } = PATH_LEVELS[level];
  for (let at = start; at < pathEnd; at++) {
    const byte = bytes[at]!;
    if (byte !== PERCENT && byte !== BACKSLASH && byte !== 0) continue;
    const meant = byte !== PERCENT ? byte : at + 2 < pathEnd ? escapedByte(bytes, at) : NOT_HEX;
    if (meant === NOT_HEX) return "the path holds a percent sign that begins no escape";
    if (meant === 0) return "the path holds NUL";
    if (decodesSlashes) continue;
    if (meant === BACKSLASH) return "the path holds a backslash";
    if (meant === SLASH) return "the path holds an escaped slash";
  }
  for (let at = pathEnd; at < end; at++) if (bytes[at] === HASH) return "the target holds a fragment";
  return undefined;
}
