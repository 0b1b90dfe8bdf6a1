/** Authorities, `host [":" port]` (RFC 3986, section 3.2), without userinfo, which RFC 9110, section 4.2.4, treats as an error. */
import { COLON, IS_HOST, IS_IP_LITERAL, isDigit } from "./characters.ts";

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const PORT_MAX = 65_535;

export function isAuthority(bytes: Uint8Array, start: number, end: number): boolean {
  const hostEnd = authorityHostEnd(bytes, start, end);
  return hostEnd > start && isPortSuffix(bytes, hostEnd, end);
}

/** Where the host of an authority ends (before the colon of its port); `start` where there is no valid host. */
export function authorityHostEnd(bytes: Uint8Array, start: number, end: number): number {
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
