/** Responses and trailers as they go to a client of HTTP/2: the received head's fields but for what concerns one connection, and the edits' behind. */
import { KnownField } from "@regomesh/policy-runtime";
import { asciiBytes } from "../http1/characters.ts";
import { lastChunkRoom, mayBeTrailer, writeTrailerLines } from "../http1/chunk-writer.ts";
import type { FieldEdits } from "../http1/field-edits.ts";
import type { Head } from "../http1/head.ts";
import { headRoom, writeResponseHead } from "../http1/head-writer.ts";
import { maskOf } from "../http1/known-field.ts";
import { LINE_SPAN } from "../http1/ready-lines.ts";
import type { Connection } from "./connection.ts";
import { FoldedName } from "./hpack/folded-name.ts";
import type { Stream } from "./stream.ts";

const LINE_END = asciiBytes("\r\n");
const STATUS = FoldedName.of(":status");
const CONTENT_LENGTH_NAME = FoldedName.of("content-length");
const CONTENT_LENGTH = maskOf(KnownField.contentLength);
const TRANSFER_ENCODING = maskOf(KnownField.transferEncoding);
const EMPTY_LINE_BYTES = 2;
const STATUSES: readonly Uint8Array[] = Array.from({ length: 1000 }, (_, status) => asciiBytes(String(status)));

/** A response's head; what ends it comes behind. */
export function writeResponse(connection: Connection, stream: Stream, head: Head, edits: FieldEdits): void {
  if (connection.coding === "raw") return void writeResponseText(connection, stream, head, edits);
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
  if (connection.coding === "raw") return void writeOwnText(connection, stream, status, edits, contentLength);
  begin(connection, status);
  writeLines(connection, edits);
  if (contentLength !== undefined) {
    const length = asciiBytes(String(contentLength));
    connection.named(CONTENT_LENGTH_NAME, length, 0, length.length);
  }
  connection.endHead(stream, false);
}

/** Ends a stream with trailers of our own. */
export function writeOwnTrailers(connection: Connection, stream: Stream, edits: FieldEdits): void {
  connection.beginHead();
  if (connection.coding === "raw") {
    connection.output.append(edits.lines, 0, edits.linesBytes);
    connection.output.append(LINE_END, 0, LINE_END.length);
  } else writeLines(connection, edits);
  connection.endHead(stream, true);
}

/** Ends a stream, with those trailers that may go on. */
export function writeEnd(connection: Connection, stream: Stream, trailers: Head): void {
  if (connection.coding === "raw") return void writeEndText(connection, stream, trailers);
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
  connection.named(STATUS, digits, 0, digits.length);
}

function writeLines(connection: Connection, { lines, lineSpans: spans, spansEnd }: FieldEdits): void {
  for (let at = 0; at < spansEnd; at += LINE_SPAN)
    connection.field(lines, spans[at]!, spans[at + 1]!, lines, spans[at + 2]!, spans[at + 3]!);
}

function writeResponseText(connection: Connection, stream: Stream, head: Head, edits: FieldEdits): void {
  const { output } = connection;
  connection.beginHead();
  const at = output.reserve(headRoom(head, edits));
  output.end = writeResponseHead(output.bytes, at, head, edits);
  connection.endHead(stream, false);
}

function writeOwnText(
  connection: Connection,
  stream: Stream,
  status: number,
  { lines, linesBytes }: FieldEdits,
  contentLength: number | undefined,
): void {
  const { output } = connection;
  const line = asciiBytes(`HTTP/1.1 ${status} \r\n`);
  const last = asciiBytes(contentLength === undefined ? "\r\n" : `content-length: ${contentLength}\r\n\r\n`);
  connection.beginHead();
  output.append(line, 0, line.length);
  output.append(lines, 0, linesBytes);
  output.append(last, 0, last.length);
  connection.endHead(stream, false);
}

function writeEndText(connection: Connection, stream: Stream, trailers: Head): void {
  const lines = trailerLines(trailers);
  if (lines === undefined) return void connection.sendEnd(stream);
  connection.beginHead();
  connection.output.append(lines, 0, lines.length);
  connection.endHead(stream, true);
}

/** Those trailers that may go on as lines of text, the empty one behind them, in bytes of their own; undefined where none may. */
export function trailerLines(trailers: Head): Uint8Array | undefined {
  if (trailers.fieldCount === 0) return undefined;
  const lines = new Uint8Array(lastChunkRoom(trailers));
  const end = writeTrailerLines(lines, 0, trailers);
  return end === EMPTY_LINE_BYTES ? undefined : lines.subarray(0, end);
}
