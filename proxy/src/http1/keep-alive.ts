/**
 * The Keep-Alive field (RFC 2068, section 19.7.1.1, and what servers made of it): how long
 * a server keeps a connection on which nothing happens.
 */

import { KnownField } from "@regomesh/policy-runtime";
import { asciiBytes, equalsFolded, isDigit } from "./characters.ts";
import type { Head } from "./head.ts";
import { type ReadyLines, readyLines } from "./ready-lines.ts";

const TIMEOUT = asciiBytes("timeout=");
/** Digits of a number of seconds; more is no time that matters. */
const DIGITS_MAX = 7;

/** Milliseconds that the sender of the head keeps an idle connection; undefined where it does not say. */
export function idleMsOf(head: Head): number | undefined {
  const index = head.indexOf(KnownField.keepAlive);
  if (index < 0) return undefined;
  const { bytes, spans } = head;
  const end = spans[index * 4 + 3]!;
  for (let at = spans[index * 4 + 2]!; at + TIMEOUT.length < end; at++) {
    if (!equalsFolded(bytes, at, at + TIMEOUT.length, TIMEOUT)) continue;
    let seconds = 0;
    let digit = at + TIMEOUT.length;
    const first = digit;
    while (digit < end && isDigit(bytes[digit]!) && digit - first < DIGITS_MAX)
      seconds = seconds * 10 + bytes[digit++]! - 0x30;
    return digit === first ? undefined : seconds * 1000;
  }
  return undefined;
}

/** The line that says so; undefined where a server's time is no whole second. */
export function keepAliveLine(idleMs: number): ReadyLines | undefined {
  const seconds = Math.floor(idleMs / 1000);
  return seconds < 1 ? undefined : readyLines(asciiBytes(`keep-alive: timeout=${seconds}\r\n`));
}
