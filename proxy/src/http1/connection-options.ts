/**
 * The Connection fields of a head (RFC 9110, section 7.6.1): whether it persists, and which
 * other fields are for this connection only. Those are marked, and no later part sees them
 * forwarded. "A sender MUST NOT send a connection option corresponding to a field that is
 * intended for all recipients": such a field stays, for what a proxy before this one said
 * would otherwise be its client's to take away. Naming what the message's frame rests on
 * is an attack.
 */

import { KnownField } from "@regomesh/policy-runtime";
import { asciiBytes, equalsFolded, HTAB, IS_TOKEN, lower, SP } from "./characters.ts";
import { isEndToEnd } from "./end-to-end.ts";
import { FAULTS, type Fault } from "./fault.ts";
import type { Head } from "./head.ts";
import { bitOf, knownField, NEVER_NOMINATED } from "./known-field.ts";
import type { CodecLimits } from "./limits.ts";

const CLOSE = asciiBytes("close");
const KEEP_ALIVE = asciiBytes("keep-alive");
const COMMA = 0x2c;

export function readConnectionOptions(head: Head, limits: CodecLimits): Fault | undefined {
  const seen = { count: 0, isClose: false, isKeepAlive: false };
  for (let index = 0; index < head.fieldCount; index++) {
    if (head.names[index] !== KnownField.connection) continue;
    const end = head.spans[index * 4 + 3]!;
    let at = head.spans[index * 4 + 2]!;
    while (at < end) {
      const byte = head.bytes[at]!;
      if (byte === COMMA || byte === SP || byte === HTAB) {
        at++;
        continue;
      }
      const start = at;
      while (at < end && IS_TOKEN[head.bytes[at]!] === 1) at++;
      if (at === start || !isOptionEnd(head.bytes, at, end)) return FAULTS["connection-option"];
      if (++seen.count > limits.connectionOptionsMax) return FAULTS["connection-option"];
      if (equalsFolded(head.bytes, start, at, CLOSE)) seen.isClose = true;
      else if (equalsFolded(head.bytes, start, at, KEEP_ALIVE)) seen.isKeepAlive = true;
      else if (!nominate(head, start, at)) return FAULTS["connection-option"];
    }
  }
  if (seen.isClose) head.keepAlive = false;
  else if (seen.isKeepAlive) head.keepAlive = true;
  return undefined;
}

/** Behind an option come white space and a comma, or nothing. */
function isOptionEnd(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++;
  return at === end || bytes[at] === COMMA;
}

/** Marks the fields that the option names; false where it may not name them. */
function nominate(head: Head, start: number, end: number): boolean {
  const field = knownField(head.bytes, start, end);
  if ((bitOf(field) & NEVER_NOMINATED) !== 0) return false;
  // Of the known ones those that are for one connection go anyway; the others are for everyone.
  if (field !== KnownField.other || isEndToEnd(head.bytes, start, end)) return true;
  for (let index = 0; index < head.fieldCount; index++) {
    if (head.names[index] === KnownField.other && isSameName(head, index, start, end)) head.withhold(index);
  }
  return true;
}

function isSameName(head: Head, index: number, start: number, end: number): boolean {
  const name = head.spans[index * 4]!;
  if (head.spans[index * 4 + 1]! - name !== end - start) return false;
  for (let at = start; at < end; at++) {
    if (lower(head.bytes[at]!) !== lower(head.bytes[name + at - start]!)) return false;
  }
  return true;
}
