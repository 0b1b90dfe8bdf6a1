/**
 * Via (RFC 9110, section 7.6.3): each listener that passes a request on adds its protocol as it
 * was received and a name of its own to what there is, and finds by that name a request
 * that goes round. A workload's name and direction is that name, so that replicas of a workload
 * find a loop through each other: `1.1 in.orders-v1.default`.
 *
 * "A proxy MUST send an appropriate Via header field … in each message that it forwards", a gateway
 * "in each inbound request message and MAY … in forwarded response messages". Responses get
 * none, of the outbound listener neither, which as a proxy would have to: a loop is found by
 * requests, and who stands between is said by their records.
 */
import { KnownField } from "@regomesh/policy-runtime";
import { asciiBytes, equalsFolded } from "../http1/characters.ts";
import type { Head } from "../http1/head.ts";
import { bitOf } from "../http1/known-field.ts";
import { type ReadyLines, readyLines } from "../http1/ready-lines.ts";

/**
 * How often one listener may be passed: applications that are proxies themselves come back to one
 * a few times (a gateway between others), and a loop ends as soon as it is more.
 */
export const PASSES_MAX = 4;

const VIA = bitOf(KnownField.via);
const COMMA = 0x2c;
const SPACE = 0x20;
const TAB = 0x09;

export type Via = {
  /** In lower case. */
  readonly name: Uint8Array;
  /** The line, by what the request was received as. */
  readonly http10: ReadyLines;
  readonly http11: ReadyLines;
  readonly http2: ReadyLines;
};

export function makeVia(
  direction: "in" | "out",
  { name, namespace }: { readonly name: string; readonly namespace: string },
): Via {
  const own = `${direction}.${name}.${namespace}`.toLowerCase();
  const line = (protocol: string) => readyLines(asciiBytes(`via: ${protocol} ${own}\r\n`));
  return { name: asciiBytes(own), http10: line("1.0"), http11: line("1.1"), http2: line("2") };
}

/** The line that goes with this request. */
export function viaLine({ http10, http11, http2 }: Via, head: Head): ReadyLines {
  if (head.isHttp2) return http2;
  return head.minor === 0 ? http10 : http11;
}

/** Whether the request has passed this listener so often that it goes round. */
export function isLoop(head: Head, { name }: Via): boolean {
  if ((head.present & VIA) === 0) return false;
  let passes = 0;
  for (let index = 0; index < head.fieldCount; index++) {
    if (head.names[index] !== KnownField.via) continue;
    passes += countIn(head.bytes, head.spans[index * 4 + 2]!, head.spans[index * 4 + 3]!, name);
  }
  return passes >= PASSES_MAX;
}

/** How many members of a list name it: `protocol SP name`, with a comment behind perhaps. A comma in a comment ends a member, too. */
function countIn(bytes: Uint8Array, start: number, end: number, name: Uint8Array): number {
  let count = 0;
  for (let from = start; from < end; ) {
    let to = from;
    while (to < end && bytes[to] !== COMMA) to++;
    let at = skipBlanks(bytes, from, to);
    while (at < to && !isBlank(bytes[at]!)) at++;
    at = skipBlanks(bytes, at, to);
    const nameEnd = at + name.length;
    const isWhole = nameEnd === to || (nameEnd < to && isBlank(bytes[nameEnd]!));
    if (isWhole && equalsFolded(bytes, at, nameEnd, name)) count++;
    from = to + 1;
  }
  return count;
}

function skipBlanks(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isBlank(bytes[at]!)) at++;
  return at;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
