/**
 * Composes forwarded heads: the received one's lines in their order, without what concerns
 * one connection only, and with the edits' lines behind. Runs of lines that stay are copied
 * at once. What is written is what the policy sees and what the next hop gets; the table of its
 * spans is made on the way, so that the policy need not read the head again.
 *
 * Both writers return the position behind the head, or -1 where the room does not suffice:
 * `headRoom` says how much does.
 */

import { type HeadTable, KnownField } from "@regomesh/policy-runtime";
import { asciiBytes } from "./characters.ts";
import { copyBytes } from "./copy-bytes.ts";
import type { FieldEdits } from "./field-edits.ts";
import { Framing, type Head, TargetForm } from "./head.ts";
import { bitOf } from "./known-field.ts";
import { Method } from "./method.ts";
import { LINE_SPAN } from "./ready-lines.ts";
import { reasonPhrase } from "./reason-phrase.ts";

const SP = 0x20;
const COLON = 0x3a;
const CR = 0x0d;
const LF = 0x0a;
const SLASH = 0x2f;
const QUESTION = 0x3f;
const ASTERISK = 0x2a;
const REQUEST_LINE_END = asciiBytes(" HTTP/1.1\r\n");
const STATUS_LINE_START = asciiBytes("HTTP/1.1 ");
const HOST = asciiBytes("host: ");
const CHUNKED = asciiBytes("transfer-encoding: chunked\r\n");
const CHUNKED_NAME = CHUNKED.indexOf(0x3a);
const MAX_FORWARDS = asciiBytes("max-forwards: ");
const CONTENT_LENGTH = bitOf(KnownField.contentLength);
const TRANSFER_ENCODING = bitOf(KnownField.transferEncoding);
/** Everything a writer adds on its own: start line, host, framing, Max-Forwards, empty line. */
const OWN_BYTES_MAX = 256;
/** By which a field line that is written anew may be longer: a blank, and the line's end. */
const LOOSE_BYTES_MAX = 2;

/** A span of bytes that takes the place of one in the head. */
export type Span = { readonly bytes: Uint8Array; readonly start: number; readonly end: number };

/** Bytes that suffice for the head with its edits. */
export function headRoom(head: Head, edits: FieldEdits, target?: Span, authority?: Span): number {
  const spans = (target ? target.end - target.start : 0) + (authority ? authority.end - authority.start : 0);
  // An absolute target's authority may be written once more, as Host.
  const loose = head.isLoose ? head.fieldCount * LOOSE_BYTES_MAX : 0;
  return (
    loose + head.end - head.start + (head.authorityEnd - head.authorityStart) + edits.linesBytes + spans + OWN_BYTES_MAX
  );
}

/**
 * The head of a request as HTTP/1.1 in origin-form (or `*`). `target` is the normalised
 * path and query where it differs from the received one, `authority` what Host is to say
 * where the received authority is not it. A request without any authority needs one.
 */
export function writeRequestHead(
  out: Uint8Array,
  start: number,
  head: Head,
  edits: FieldEdits,
  target?: Span,
  authority?: Span,
  table?: HeadTable,
): number {
  if (out.length - start < headRoom(head, edits, target, authority)) return -1;
  let at = copyBytes(out, start, head.bytes, head.start, head.methodEnd);
  out[at++] = SP;
  const targetAt = at;
  at = target === undefined ? writePath(out, at, head) : copyBytes(out, at, target.bytes, target.start, target.end);
  table?.begin(head.methodEnd - head.start, at - targetAt);
  at = copyBytes(out, at, REQUEST_LINE_END, 0, REQUEST_LINE_END.length);
  let drop = edits.drop | TRANSFER_ENCODING;
  if (authority !== undefined || head.targetForm === TargetForm.absolute || !hasHost(head)) {
    drop |= bitOf(KnownField.host);
    const value = copyBytes(out, at, HOST, 0, HOST.length);
    const end =
      authority === undefined
        ? copyBytes(out, value, head.bytes, head.authorityStart, head.authorityEnd)
        : copyBytes(out, value, authority.bytes, authority.start, authority.end);
    table?.add(at - start, value - 2 - start, value - start, end - start, KnownField.host);
    at = writeLineEnd(out, end);
  }
  if (head.maxForwards >= 0) {
    drop |= bitOf(KnownField.maxForwards);
    const value = copyBytes(out, at, MAX_FORWARDS, 0, MAX_FORWARDS.length);
    const end = writeNumber(out, value, Math.max(0, head.maxForwards - 1));
    table?.add(at - start, value - 2 - start, value - start, end - start, KnownField.maxForwards);
    at = writeLineEnd(out, end);
  }
  const framing = edits.framing ?? head.framing;
  if (framing !== head.framing) drop |= CONTENT_LENGTH;
  at = writeFields(out, at, head, edits, drop, table, start);
  if (table !== undefined) addEnd(table, at - start, edits, framing === Framing.chunked);
  return writeEnd(out, at, edits, framing === Framing.chunked);
}

/** The head of a response as HTTP/1.1; `edits.framing` is the one towards the client. */
export function writeResponseHead(out: Uint8Array, start: number, head: Head, edits: FieldEdits): number {
  if (out.length - start < headRoom(head, edits)) return -1;
  let at = copyBytes(out, start, STATUS_LINE_START, 0, STATUS_LINE_START.length);
  at = writeNumber(out, at, head.status);
  out[at++] = SP;
  if (head.reasonEnd > head.reasonStart) at = copyBytes(out, at, head.bytes, head.reasonStart, head.reasonEnd);
  else {
    const phrase = reasonPhrase(head.status);
    at = copyBytes(out, at, phrase, 0, phrase.length);
  }
  at = writeLineEnd(out, at);
  const framing = edits.framing ?? head.framing;
  let drop = edits.drop | TRANSFER_ENCODING;
  // RFC 9110, section 8.6: not on 1xx and 204; elsewhere it stays where it still holds (HEAD, 304).
  if (framing !== head.framing || head.status < 200 || head.status === 204) drop |= CONTENT_LENGTH;
  return writeEnd(out, writeFields(out, at, head, edits, drop), edits, framing === Framing.chunked);
}

/** Decimal digits of a whole number. */
export function writeNumber(out: Uint8Array, start: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  for (let at = start + digits - 1, rest = value; at >= start; at--, rest = Math.floor(rest / 10)) {
    out[at] = 0x30 + (rest % 10);
  }
  return start + digits;
}

export function writeLineEnd(out: Uint8Array, at: number): number {
  out[at] = CR;
  out[at + 1] = LF;
  return at + 2;
}

function hasHost(head: Head): boolean {
  return (head.present & bitOf(KnownField.host)) !== 0;
}

/** Path and query in origin-form; RFC 9112, section 3.2.4, for OPTIONS of a whole server. */
function writePath(out: Uint8Array, at: number, head: Head): number {
  const { bytes, pathStart, pathEnd } = head;
  if (pathStart === pathEnd) {
    out[at] = head.method === Method.options ? ASTERISK : SLASH;
    return at + 1;
  }
  if (bytes[pathStart] !== QUESTION) return copyBytes(out, at, bytes, pathStart, pathEnd);
  out[at] = SLASH;
  return copyBytes(out, at + 1, bytes, pathStart, pathEnd);
}

/** `from` is where the head starts in `out`: the table counts from there. */
function writeFields(
  out: Uint8Array,
  start: number,
  head: Head,
  edits: FieldEdits,
  drop: number,
  table?: HeadTable,
  from = 0,
): number {
  const { spans, bytes, fieldCount } = head;
  if (fieldCount === 0) return start;
  if (head.isLoose) return writeLoose(out, start, head, edits, drop);
  // The lines end where the empty line begins.
  const linesEnd = head.end - 2;
  if ((head.present & drop) === 0 && !head.hasMarks && edits.removed.length === 0) {
    if (table !== undefined) for (let i = 0; i < fieldCount; i++) addField(table, head, i, start - spans[0]! - from);
    return copyBytes(out, start, bytes, spans[0]!, linesEnd);
  }
  let at = start;
  let run = -1;
  for (let index = 0; index < fieldCount; index++) {
    const goes = (drop & (1 << head.names[index]!) & ~1) !== 0 || edits.isDropped(head, index);
    if (!goes && run < 0) run = spans[index * 4]!;
    if (!goes && table !== undefined) addField(table, head, index, at - run - from);
    if (goes && run >= 0) {
      at = copyBytes(out, at, bytes, run, spans[index * 4]!);
      run = -1;
    }
  }
  return run < 0 ? at : copyBytes(out, at, bytes, run, linesEnd);
}

/** Each line from its name and value: only a response's, so no table is asked for. */
function writeLoose(out: Uint8Array, start: number, head: Head, edits: FieldEdits, drop: number): number {
  const { spans, bytes, fieldCount } = head;
  let at = start;
  for (let index = 0; index < fieldCount; index++) {
    if ((drop & (1 << head.names[index]!) & ~1) !== 0 || edits.isDropped(head, index)) continue;
    at = copyBytes(out, at, bytes, spans[index * 4]!, spans[index * 4 + 1]!);
    out[at++] = COLON;
    out[at++] = SP;
    at = writeLineEnd(out, copyBytes(out, at, bytes, spans[index * 4 + 2]!, spans[index * 4 + 3]!));
  }
  return at;
}

/** A received field whose line lies `moved` bytes behind where it was. */
function addField(table: HeadTable, head: Head, index: number, moved: number): void {
  const { spans } = head;
  const at = index * 4;
  table.add(
    spans[at]! + moved,
    spans[at + 1]! + moved,
    spans[at + 2]! + moved,
    spans[at + 3]! + moved,
    head.names[index]!,
  );
}

/** The lines that `writeEnd` writes, from `at` on. */
function addEnd(table: HeadTable, at: number, edits: FieldEdits, isChunked: boolean): void {
  let from = at;
  if (isChunked) {
    table.add(
      from,
      from + CHUNKED_NAME,
      from + CHUNKED_NAME + 2,
      from + CHUNKED.length - 2,
      KnownField.transferEncoding,
    );
    from += CHUNKED.length;
  }
  const { lineSpans: spans, spansEnd } = edits;
  for (let i = 0; i < spansEnd; i += LINE_SPAN) {
    table.add(from + spans[i]!, from + spans[i + 1]!, from + spans[i + 2]!, from + spans[i + 3]!, spans[i + 4]!);
  }
}

function writeEnd(out: Uint8Array, start: number, edits: FieldEdits, isChunked: boolean): number {
  let at = start;
  if (isChunked) at = copyBytes(out, at, CHUNKED, 0, CHUNKED.length);
  at = copyBytes(out, at, edits.lines, 0, edits.linesBytes);
  return writeLineEnd(out, at);
}
