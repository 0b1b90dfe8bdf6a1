/**
 * Fields that are meant for the recipient, by name, beside the known ones: a client may not
 * have them taken away on the way (as Connection options), nor bring them in late (as
 * trailers, RFC 9110, section 6.5.1).
 */
import { asciiBytes, isSameVariable } from "./characters.ts";

const NAMES = [
  "accept",
  "age",
  "allow",
  "cache-control",
  "expires",
  "from",
  "location",
  "origin",
  "pragma",
  "range",
  "referer",
  "retry-after",
  "tracestate",
  "vary",
  "warning",
  "www-authenticate",
].map(asciiBytes);

const PREFIXES = [
  "accept-",
  "access-control-",
  "content-",
  "if-",
  "proxy-",
  "sec-",
  "x-forwarded-",
  "x-envoy-",
  "x-http-method",
  "x-method",
  "x-original-",
  "x-real-ip",
  "x-regomesh-",
  "x-rewrite-",
].map(asciiBytes);

/** Letter case does not count, and underscores are as hyphens. */
export function isEndToEnd(bytes: Uint8Array, start: number, end: number): boolean {
  for (const name of NAMES) if (isSameVariable(bytes, start, end, name)) return true;
  return PREFIXES.some((prefix) => startsWith(bytes, start, end, prefix));
}

/** As `isSameVariable`, of the name's beginning. */
export function startsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  return end - start >= prefix.length && isSameVariable(bytes, start, start + prefix.length, prefix);
}
