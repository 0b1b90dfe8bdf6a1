/**
 * Responses that the proxy gives itself: refusals, denials, redirects, 100 (Continue).
 * Built for one use each; denials are not the path whose nanoseconds count.
 */
import { asciiBytes } from "./characters.ts";
import { copyBytes } from "./copy-bytes.ts";
import type { FieldEdits } from "./field-edits.ts";
import { NO_BYTES } from "./head.ts";
import { writeLineEnd, writeNumber } from "./head-writer.ts";
import { reasonPhrase } from "./reason-phrase.ts";

const _CONTINUE_RESPONSE = asciiBytes("HTTP/1.1 100 Continue\r\n\r\n");

const STATUS_LINE_START = asciiBytes("HTTP/1.1 ");
const CONTENT_LENGTH = asciiBytes("content-length: ");
const CONNECTION_CLOSE = asciiBytes("connection: close\r\n");
const CONNECTION_KEEP_ALIVE = asciiBytes("connection: keep-alive\r\n");
/** Status line, phrase, content-length, connection, line ends. */
const OWN_BYTES_MAX = 192;

export type OwnResponse = {
  readonly status: number;
  /** Content; its type is a line of `fields`. */
  readonly body: Uint8Array;
  /** Further lines. */
  readonly fields: FieldEdits | undefined;
  /** Says `close`; otherwise the connection goes on. */
  readonly close: boolean;
  /** The client speaks HTTP/1.0 and must be told that the connection goes on. */
  readonly sayKeepAlive?: boolean;
  /** Answers HEAD: the length is said, the content not sent. */
  readonly isHead: boolean;
};

/** The whole response in bytes of its own. */
export function encodeResponse(response: OwnResponse): Uint8Array {
  const { status, body, fields } = response;
  const phrase = reasonPhrase(status);
  const lines = fields?.lines ?? NO_BYTES;
  const linesBytes = fields?.linesBytes ?? 0;
  const out = new Uint8Array(OWN_BYTES_MAX + phrase.length + linesBytes + body.length);
  let at = copyBytes(out, 0, STATUS_LINE_START, 0, STATUS_LINE_START.length);
  at = writeNumber(out, at, status);
  out[at++] = 0x20;
  at = writeLineEnd(out, copyBytes(out, at, phrase, 0, phrase.length));
  at = copyBytes(out, at, lines, 0, linesBytes);
  const hasContent = status >= 200 && status !== 204 && status !== 304;
  if (hasContent) {
    at = copyBytes(out, at, CONTENT_LENGTH, 0, CONTENT_LENGTH.length);
    at = writeLineEnd(out, writeNumber(out, at, body.length));
  }
  if (response.close) at = copyBytes(out, at, CONNECTION_CLOSE, 0, CONNECTION_CLOSE.length);
  else if (response.sayKeepAlive) at = copyBytes(out, at, CONNECTION_KEEP_ALIVE, 0, CONNECTION_KEEP_ALIVE.length);
  at = writeLineEnd(out, at);
  if (hasContent && !response.isHead) at = copyBytes(out, at, body, 0, body.length);
  return out.subarray(0, at);
}
