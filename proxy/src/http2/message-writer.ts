/** Responses and trailers as they go to a client of HTTP/2: the received head's fields but for what concerns one connection, and the edits' behind. */
import { KnownField } from "@regomesh/policy-runtime";
import { asciiBytes } from "../http1/characters.ts";
import { mayBeTrailer } from "../http1/chunk-writer.ts";
import type { FieldEdits } from "../http1/field-edits.ts";
import type { Head } from "../http1/head.ts";
import { maskOf } from "../http1/known-field.ts";
import { LINE_SPAN } from "../http1/ready-lines.ts";
import type { Connection } from "./connection.ts";
import type { Stream } from "./stream.ts";

const STATUS = asciiBytes(":status");
const CONTENT_LENGTH_NAME = asciiBytes("content-length");
const CONTENT_LENGTH = maskOf(KnownField.contentLength);
const TRANSFER_ENCODING = maskOf(KnownField.transferEncoding);
const STATUSES: readonly Uint8Array[] = Array.from({ length: 1000 }, (_, status) => asciiBytes(String(status)));

/** A response's head; what ends it comes behind. */
export function writeResponse(connection: Connection, stream: Stream, head: Head, edits: FieldEdits): void {
  const { bytes, spans, names, fieldCount } = head;
  begin(connection, head.status);
  let drop = edits.drop | TRANSFER_ENCODING;
  // RFC 9110, section 8.6: not on 1xx and 204.
  if (head.status < 200 || head.status === 204) drop |= CONTENT_LENGTH;
  const mayDrop = (head.present & drop) !== 0 || head.hasMarks || edits.removed.length > 0;
  for (let index = 0; index < fieldCount; index++) {
    if (mayDrop && ((drop & (1 << names[index]!) & ~1) !== 0 || edits.isDropped(head, index))) continue;
    const at = index * 4;
    connection.field(bytes, spans[at]!, spans[at + 1]!, bytes, spans[at + 2]!, spans[at + 3]!);
  }
  writeLines(connection, edits);
  connection.endHead(stream, false);
}

/** A response of our own; `contentLength` is undefined where it can have no content. */
export function writeOwnResponse(
  connection: Connection,
  stream: Stream,
  status: number,
  edits: FieldEdits,
  contentLength: number | undefined,
): void {
  begin(connection, status);
  writeLines(connection, edits);
  if (contentLength !== undefined) {
    const length = asciiBytes(String(contentLength));
    connection.field(CONTENT_LENGTH_NAME, 0, CONTENT_LENGTH_NAME.length, length, 0, length.length);
  }
  connection.endHead(stream, false);
}

/** Ends a stream, with those trailers that may go on. */
export function writeEnd(connection: Connection, stream: Stream, trailers: Head): void {
  const { bytes, spans, fieldCount } = trailers;
  let isBegun = false;
  for (let index = 0; index < fieldCount; index++) {
    if (!mayBeTrailer(trailers, index)) continue;
    if (!isBegun) connection.beginHead();
    isBegun = true;
    const at = index * 4;
    connection.field(bytes, spans[at]!, spans[at + 1]!, bytes, spans[at + 2]!, spans[at + 3]!);
  }
  if (isBegun) connection.endHead(stream, true);
  else connection.sendEnd(stream);
}

function begin(connection: Connection, status: number): void {
  const digits = STATUSES[status] ?? asciiBytes(String(status));
  connection.beginHead();
  connection.field(STATUS, 0, STATUS.length, digits, 0, digits.length);
}

function writeLines(connection: Connection, { lines, lineSpans: spans, spansEnd }: FieldEdits): void {
  for (let at = 0; at < spansEnd; at += LINE_SPAN)
    connection.field(lines, spans[at]!, spans[at + 1]!, lines, spans[at + 2]!, spans[at + 3]!);
}
