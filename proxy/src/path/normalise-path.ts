/**
 * Path and query, normalised once, before anything else looks: what the policy sees is what
 * is forwarded and logged. Only the path is touched, the query is kept
 * byte for byte. A path that is normal already, as nearly all are, costs one scan.
 */
import { PATH_LEVELS, type PathLevel, type PathSteps } from "./path-level.ts";

export const PathOutcome = { unchanged: 0, changed: 1, refused: 2 } as const;
export type PathOutcome = (typeof PathOutcome)[keyof typeof PathOutcome];

const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const PERCENT = 0x25;
const QUESTION = 0x3f;
const HASH = 0x23;
/** No hexadecimal digit. */
export const NOT_HEX = -1;

/** RFC 3986, section 2.3. */
const IS_UNRESERVED = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[A-Za-z0-9\-._~]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** Bytes that a path may not be normal with, each looked at closer. */
const IS_SUSPECT = Uint8Array.from({ length: 256 }, (_, byte) =>
  [SLASH, BACKSLASH, DOT, PERCENT, QUESTION, HASH].includes(byte) ? 1 : 0,
);

/** One normaliser is reused: its result holds until it is asked again. */
export class PathNormaliser {
  /** The result, bytes[start, end), where the outcome is `changed`. */
  bytes = new Uint8Array(256);
  readonly start = 0;
  end = 0;

  normalise(level: PathLevel, bytes: Uint8Array, start: number, end: number): PathOutcome {
    const steps = PATH_LEVELS[level];
    if (isNormal(steps, bytes, start, end)) return PathOutcome.unchanged;
    if (this.bytes.length < end - start + 1) this.bytes = new Uint8Array((end - start + 1) * 2);
    const pathEnd = endOfPath(bytes, start, end);
    let written = this.#copyPath(steps, bytes, start, pathEnd);
    if (written < 0) return PathOutcome.refused;
    if (steps.canonicalises) written = resolveDotSegments(this.bytes, written);
    if (steps.mergesSlashes) written = mergeSlashes(this.bytes, written);
    this.end = this.#copyRest(steps, bytes, pathEnd, end, written);
    return PathOutcome.changed;
  }

  /** Copies the path, decoding; its new length, or -1 where it is refused. */
  #copyPath(steps: PathSteps, bytes: Uint8Array, start: number, pathEnd: number): number {
    const out = this.bytes;
    let to = 0;
    if (steps.canonicalises && (start === pathEnd || !isSlash(bytes[start]!))) out[to++] = SLASH;
    for (let at = start; at < pathEnd; at++) {
      let byte = bytes[at]!;
      if (byte === PERCENT && at + 2 < pathEnd) {
        const escaped = escapedByte(bytes, at);
        if (steps.canonicalises && escaped === 0) return -1;
        if (isDecoded(steps, escaped)) {
          byte = escaped;
          at += 2;
        }
      }
      out[to++] = steps.canonicalises && byte === BACKSLASH ? SLASH : byte;
    }
    return to;
  }

  #copyRest(steps: PathSteps, bytes: Uint8Array, pathEnd: number, end: number, written: number): number {
    let to = written;
    const isQuery = bytes[pathEnd] === QUESTION;
    if (pathEnd === end || (isQuery ? steps.stripsQuery : steps.stripsFragment)) return to;
    for (let at = pathEnd; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === HASH && steps.stripsFragment) break;
      this.bytes[to++] = byte;
    }
    return to;
  }
}

/** Where query or fragment begin. */
export function endOfPath(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== QUESTION && bytes[at] !== HASH) at++;
  return at;
}

/** Value of the escape whose percent sign is at `at`; both digits must be there. */
export function escapedByte(bytes: Uint8Array, at: number): number {
  const high = hexValue(bytes[at + 1]!);
  const low = hexValue(bytes[at + 2]!);
  return high === NOT_HEX || low === NOT_HEX ? NOT_HEX : high * 16 + low;
}

/** Whether no step would change anything; may say no where one would not either. */
function isNormal(steps: PathSteps, bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true;
  if (steps.canonicalises && bytes[start] !== SLASH) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (IS_SUSPECT[byte] === 0) continue;
    switch (byte) {
      case SLASH:
        if (steps.mergesSlashes && at > start && bytes[at - 1] === SLASH) return false;
        break;
      case DOT:
        if (steps.canonicalises && bytes[at - 1] === SLASH) return false;
        break;
      case QUESTION:
        return !steps.stripsQuery && !(steps.stripsFragment && hasFragment(bytes, at, end));
      case HASH:
        return !steps.stripsFragment;
      default:
        if (steps.canonicalises) return false;
    }
  }
  return true;
}

function hasFragment(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === HASH) return true;
  return false;
}

function isDecoded(steps: PathSteps, escaped: number): boolean {
  if (escaped === NOT_HEX) return false;
  if (steps.canonicalises && IS_UNRESERVED[escaped] === 1) return true;
  return steps.decodesSlashes && isSlash(escaped);
}

function isSlash(byte: number): boolean {
  return byte === SLASH || byte === BACKSLASH;
}

/**
 * RFC 3986, section 5.2.4, in place: `.` goes, `..` takes the segment before it along,
 * empty segments count. The path begins with a slash; nothing climbs above it.
 */
function resolveDotSegments(bytes: Uint8Array, length: number): number {
  let to = 0;
  let at = 0;
  while (at < length) {
    // bytes[at] is the slash before a segment.
    let next = at + 1;
    while (next < length && bytes[next] !== SLASH) next++;
    const isDot = next - at === 2 && bytes[at + 1] === DOT;
    const isDotDot = next - at === 3 && bytes[at + 1] === DOT && bytes[at + 2] === DOT;
    if (isDotDot) {
      while (to > 0 && bytes[--to] !== SLASH);
    }
    if (isDot || isDotDot) {
      if (next === length) bytes[to++] = SLASH;
    } else {
      bytes.copyWithin(to, at, next);
      to += next - at;
    }
    at = next;
  }
  return to;
}

function mergeSlashes(bytes: Uint8Array, length: number): number {
  let to = 0;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at]!;
    if (byte === SLASH && to > 0 && bytes[to - 1] === SLASH) continue;
    bytes[to++] = byte;
  }
  return to;
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : NOT_HEX;
}
