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

type Name = { readonly lower: Uint8Array; readonly upper: Uint8Array; readonly method: Method };

/** Names by length; at most three share one. */
const BY_LENGTH: readonly (readonly Name[])[] = byLength();

/** The method's number, or undefined where it is a known one in another letter case. */
export function methodOf(bytes: Uint8Array, start: number, end: number): Method | undefined {
  const names = BY_LENGTH[end - start];
  if (names === undefined) return Method.other;
  for (let index = 0; index < names.length; index++) {
    const { lower, upper, method } = names[index]!;
    if (!equalsFolded(bytes, start, end, lower)) continue;
    for (let at = 0; at < upper.length; at++) if (bytes[start + at] !== upper[at]) return undefined;
    return method;
  }
  return Method.other;
}

/** Done twice is as done once (RFC 9110, section 9.2.2). */
export function isIdempotent(method: Method): boolean {
  return method !== Method.other && method !== Method.post && method !== Method.patch && method < Method.connect;
}

function byLength(): Name[][] {
  const table: Name[][] = [];
  for (const [text, method] of Object.entries(Method)) {
    if (method === Method.other) continue;
    while (table.length <= text.length) table.push([]);
    table[text.length]!.push({ lower: asciiBytes(text), upper: asciiBytes(text.toUpperCase()), method });
  }
  return table;
}
