/**
 * What the fields of a head mean for the codec: authority, framing, persistence,
 * expectation (RFC 9112, sections 3.2, 6 and 9.3; RFC 9110, sections 7.6 and 10.1.1).
 * Whatever two recipients could read in two ways is refused.
 */

import { KnownField } from "@regomesh/policy-runtime";
import { isAuthority } from "./authority.ts";
import { asciiBytes, equalsFolded, HTAB, isDigit, SP } from "./characters.ts";
import { readConnectionOptions } from "./connection-options.ts";
import { FAULTS, type Fault } from "./fault.ts";
import { Framing, type Head, TargetForm } from "./head.ts";
import { bitOf } from "./known-field.ts";
import type { CodecLimits } from "./limits.ts";
import { Method } from "./method.ts";

const COMMA = 0x2c;
const CHUNKED = asciiBytes("chunked");
const CONTINUE = asciiBytes("100-continue");
const HOST = bitOf(KnownField.host);
const CONTENT_LENGTH = bitOf(KnownField.contentLength);
const TRANSFER_ENCODING = bitOf(KnownField.transferEncoding);
const EXPECT = bitOf(KnownField.expect);
const MAX_FORWARDS = bitOf(KnownField.maxForwards);

/** Reads a request's fields for meaning; the fault where they have none. */
export function settleRequest(head: Head, limits: CodecLimits): Fault | undefined {
  const fault = settleHost(head) ?? settleFraming(head, false) ?? settlePersistence(head, limits);
  if (fault !== undefined) return fault;
  if ((head.present & MAX_FORWARDS) !== 0) {
    const fault = settleMaxForwards(head);
    if (fault !== undefined) return fault;
  }
  if ((head.present & EXPECT) === 0 || head.minor === 0) return undefined;
  if ((head.repeated & EXPECT) !== 0) return FAULTS.expectation;
  const at = head.indexOf(KnownField.expect) * 4;
  if (!equalsFolded(head.bytes, head.spans[at + 2]!, head.spans[at + 3]!, CONTINUE)) return FAULTS.expectation;
  head.expectsContinue = head.framing !== Framing.none;
  return undefined;
}

/** Reads a response's fields for meaning; `method` is the request's. */
export function settleResponse(head: Head, method: Method, limits: CodecLimits): Fault | undefined {
  if (head.status === 101) return FAULTS.switching;
  const fault = settleFraming(head, true) ?? settlePersistence(head, limits);
  if (fault !== undefined) return fault;
  if (head.status < 200 || head.status === 204 || head.status === 304 || method === Method.head) {
    head.framing = Framing.none;
  } else if (head.framing === Framing.none) {
    head.framing = Framing.close;
    head.keepAlive = false;
  }
  return undefined;
}

function settleHost(head: Head): Fault | undefined {
  if ((head.present & HOST) === 0) return head.minor === 0 ? undefined : FAULTS["host-missing"];
  if ((head.repeated & HOST) !== 0) return FAULTS["host-repeated"];
  const at = head.indexOf(KnownField.host) * 4;
  const start = head.spans[at + 2]!;
  const end = head.spans[at + 3]!;
  if (!isAuthority(head.bytes, start, end)) return FAULTS["host-invalid"];
  // RFC 9112, section 3.2.2: an absolute target's authority outranks the field.
  if (head.targetForm === TargetForm.absolute) return undefined;
  head.authorityStart = start;
  head.authorityEnd = end;
  return undefined;
}

function settleFraming(head: Head, isResponse: boolean): Fault | undefined {
  const present = head.present & (CONTENT_LENGTH | TRANSFER_ENCODING);
  if (present === 0) return undefined;
  if (present === CONTENT_LENGTH) return isResponse ? settleLengths(head) : settleContentLength(head);
  if (present !== TRANSFER_ENCODING) return FAULTS["framing-both"];
  if (head.minor === 0) return FAULTS["transfer-encoding-version"];
  const at = head.indexOf(KnownField.transferEncoding) * 4;
  if ((head.repeated & TRANSFER_ENCODING) !== 0) return FAULTS["transfer-encoding"];
  if (!equalsFolded(head.bytes, head.spans[at + 2]!, head.spans[at + 3]!, CHUNKED)) {
    return endsChunked(head, at) ? FAULTS["transfer-coding"] : FAULTS["transfer-encoding"];
  }
  head.framing = Framing.chunked;
  return undefined;
}

function settleContentLength(head: Head): Fault | undefined {
  if ((head.repeated & CONTENT_LENGTH) !== 0) return FAULTS["content-length-repeated"];
  const length = numberOf(head, head.indexOf(KnownField.contentLength));
  if (length === undefined) return FAULTS["content-length"];
  head.contentLength = length;
  head.framing = Framing.length;
  return undefined;
}

/** Whether chunked is the last of several codings: the framing would be known, the others are not (RFC 9112, section 6.1). */
function endsChunked({ bytes, spans }: Head, at: number): boolean {
  const start = spans[at + 3]! - CHUNKED.length;
  if (start <= spans[at + 2]! || !equalsFolded(bytes, start, spans[at + 3]!, CHUNKED)) return false;
  let before = start - 1;
  while (before > spans[at + 2]! && isBlank(bytes[before]!)) before--;
  return bytes[before] === COMMA && before > spans[at + 2]!;
}

/**
 * RFC 9110, section 8.6: a length that a response says several times over is one, where all
 * say the same; what goes on says it once.
 */
function settleLengths(head: Head): Fault | undefined {
  // Nearly every one says a single number, once.
  if ((head.repeated & CONTENT_LENGTH) === 0) {
    const only = numberOf(head, head.indexOf(KnownField.contentLength));
    if (only !== undefined) {
      head.contentLength = only;
      head.framing = Framing.length;
      return undefined;
    }
  }
  let length: number | undefined;
  for (let index = 0; index < head.fieldCount; index++) {
    if (head.names[index] !== KnownField.contentLength) continue;
    const isFirst = length === undefined;
    const end = head.spans[index * 4 + 3]!;
    for (let start = head.spans[index * 4 + 2]!; start <= end; ) {
      let comma = start;
      while (comma < end && head.bytes[comma] !== COMMA) comma++;
      const next = numberIn(head.bytes, start, trimmed(head.bytes, start, comma));
      if (next === undefined) return FAULTS["content-length"];
      if (length !== undefined && next !== length) return FAULTS["content-length-repeated"];
      length = next;
      if (comma < end) {
        head.isLoose = true;
        if (start === head.spans[index * 4 + 2]!) head.spans[index * 4 + 3] = trimmed(head.bytes, start, comma);
      }
      start = comma + 1;
      while (start < end && isBlank(head.bytes[start]!)) start++;
    }
    if (!isFirst) head.withhold(index);
  }
  head.contentLength = length ?? 0;
  head.framing = Framing.length;
  return undefined;
}

function trimmed(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && isBlank(bytes[at - 1]!)) at--;
  return at;
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

function settlePersistence(head: Head, limits: CodecLimits): Fault | undefined {
  head.keepAlive = head.minor === 1;
  return (head.present & bitOf(KnownField.connection)) === 0 ? undefined : readConnectionOptions(head, limits);
}

/** RFC 9110, section 7.6.2: it binds OPTIONS and TRACE only. */
function settleMaxForwards(head: Head): Fault | undefined {
  if (head.method !== Method.options && head.method !== Method.trace) return undefined;
  const value = (head.repeated & MAX_FORWARDS) !== 0 ? undefined : numberOf(head, head.indexOf(KnownField.maxForwards));
  if (value === undefined) return FAULTS["max-forwards"];
  head.maxForwards = value;
  return undefined;
}

/** The field's value as a number of digits alone that a double holds exactly. */
function numberOf(head: Head, index: number): number | undefined {
  return numberIn(head.bytes, head.spans[index * 4 + 2]!, head.spans[index * 4 + 3]!);
}

function numberIn(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (start === end) return undefined;
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (!isDigit(byte)) return undefined;
    value = value * 10 + (byte - 0x30);
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return value;
}
