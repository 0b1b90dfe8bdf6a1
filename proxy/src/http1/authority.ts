/** Authorities, `host [":" port]` (RFC 3986, section 3.2), without userinfo, which RFC 9110, section 4.2.4, treats as an error. */
import { COLON, IS_HOST, IS_IP_LITERAL, isDigit, lower } from "./characters.ts";

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const PORT_MAX = 65_535;

export function isAuthority(bytes: Uint8Array, start: number, end: number): boolean {
  const hostEnd = authorityHostEnd(bytes, start, end);
  return hostEnd > start && isPortSuffix(bytes, hostEnd, end);
}

/** Where the host of an authority ends (before the colon of its port); `start` where there is no valid host. */
function authorityHostEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (at < end && bytes[at] === OPEN_BRACKET) {
    at++;
    let colons = 0;
    while (at < end && IS_IP_LITERAL[bytes[at]!] === 1) if (bytes[at++] === COLON) colons++;
    return at < end && bytes[at] === CLOSE_BRACKET && colons >= 2 ? at + 1 : start;
  }
  while (at < end && IS_HOST[bytes[at]!] === 1) at++;
  return at;
}

function isPortSuffix(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true;
  if (bytes[start] !== COLON) return false;
  let port = 0;
  for (let at = start + 1; at < end; at++) {
    if (!isDigit(bytes[at]!)) return false;
    port = port * 10 + (bytes[at]! - 0x30);
    if (port > PORT_MAX) return false;
  }
  return true;
}

const DOT = 0x2e;
const DEFAULT_PORT = 80;

/** Where `foldAuthority` writes, one authority at a time. */
export type FoldedAuthority = { bytes: Uint8Array; readonly start: number; end: number };

/**
 * A valid authority in lower case and, where the mesh routes by it (`isRouted`), without the dot
 * that makes a name absolute, and with a port only where it is another than 80 (RFC 9110,
 * section 4.2.3: an empty one and the default one mean the same as none). False, and nothing
 * written, where it is so already. `out` has room for the span.
 */
export function foldAuthority(
  bytes: Uint8Array,
  start: number,
  end: number,
  isRouted: boolean,
  out: FoldedAuthority,
): boolean {
  const hostEnd = authorityHostEnd(bytes, start, end);
  const isAbsolute = isRouted && hostEnd - start > 1 && bytes[hostEnd - 1] === DOT;
  const keptEnd = isRouted && isDefaultPort(bytes, hostEnd, end) ? hostEnd : end;
  if (!isAbsolute && keptEnd === end && isLowerCase(bytes, start, hostEnd)) return false;
  const named = copyLower(bytes, start, isAbsolute ? hostEnd - 1 : hostEnd, out.bytes, 0);
  out.end = copyLower(bytes, hostEnd, keptEnd, out.bytes, named);
  return true;
}

function copyLower(bytes: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  let next = to;
  for (let at = start; at < end; at++) out[next++] = lower(bytes[at]!);
  return next;
}

function isLowerCase(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (lower(bytes[at]!) !== bytes[at]) return false;
  return true;
}

/** Of what stands behind the host: a colon alone, or with port 80. */
function isDefaultPort(bytes: Uint8Array, hostEnd: number, end: number): boolean {
  if (hostEnd === end) return false;
  let port = 0;
  for (let at = hostEnd + 1; at < end; at++) port = port * 10 + bytes[at]! - 0x30;
  return hostEnd + 1 === end || port === DEFAULT_PORT;
}
