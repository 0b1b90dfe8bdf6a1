/**
 * Methods that the codec knows by number; every other token is `other` and is forwarded
 * as it is (RFC 9110, section 9.1: case-sensitive, unknown ones are the origin's business).
 */
import { asciiBytes, equalsFolded } from "./characters.ts";

export const Method = {
  other: 0,
  get: 1,
  head: 2,
  post: 3,
  put: 4,
  delete: 5,
  patch: 6,
  options: 7,
  trace: 8,
  connect: 9,
  /** HTTP/2's preface, never a method. */
  pri: 10,
} as const;
export type Method = (typeof Method)[keyof typeof Method];

const NAMES = Object.entries(Method)
  .filter(([, method]) => method !== Method.other)
  .map(([text, method]) => ({ lower: asciiBytes(text), upper: asciiBytes(text.toUpperCase()), method }));

/** The method's number, or undefined where it is a known one in another letter case. */
export function methodOf(bytes: Uint8Array, start: number, end: number): Method | undefined {
  for (let index = 0; index < NAMES.length; index++) {
    const name = NAMES[index]!;
    if (!equalsFolded(bytes, start, end, name.lower)) continue;
    for (let at = 0; at < name.upper.length; at++) {
      if (bytes[start + at] !== name.upper[at]) return undefined;
    }
    return name.method;
  }
  return Method.other;
}

/** Done twice is as done once (RFC 9110, section 9.2.2). */
export function isIdempotent(method: Method): boolean {
  return method !== Method.other && method !== Method.post && method !== Method.patch && method < Method.connect;
}
