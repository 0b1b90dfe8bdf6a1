/** Chunked framing, written: `size CR LF content CR LF … 0 CR LF trailers CR LF`. */

import { KnownField } from "@regomesh/policy-runtime";
import { asciiBytes } from "./characters.ts";
import { copyBytes } from "./copy-bytes.ts";
import { isEndToEnd } from "./end-to-end.ts";
import type { Head } from "./head.ts";
import { writeLineEnd } from "./head-writer.ts";

/** Most bytes that `writeChunkStart` writes. */
export const CHUNK_START_BYTES_MAX = 16;
export const CHUNK_END = asciiBytes("\r\n");
/** Ends a message without trailers. */
export const LAST_CHUNK = asciiBytes("0\r\n\r\n");

const DIGITS = asciiBytes("0123456789abcdef");

/** Size and line end of a chunk of `size` (more than 0) bytes; returns the position behind. */
export function writeChunkStart(out: Uint8Array, start: number, size: number): number {
  let digits = 1;
  for (let rest = size; rest >= 16; rest = Math.floor(rest / 16)) digits++;
  for (let at = start + digits - 1, rest = size; at >= start; at--, rest = Math.floor(rest / 16)) {
    out[at] = DIGITS[rest % 16]!;
  }
  return writeLineEnd(out, start + digits);
}

/** Bytes that suffice for `writeLastChunk`. */
export function lastChunkRoom(trailers: Head): number {
  return LAST_CHUNK.length + (trailers.fieldCount === 0 ? 0 : trailers.end - trailers.start);
}

/** The last chunk with those trailers that may be forwarded. */
export function writeLastChunk(out: Uint8Array, start: number, trailers: Head): number {
  return writeTrailerLines(out, copyBytes(out, start, LAST_CHUNK, 0, LAST_CHUNK.length - 2), trailers);
}

/** Lines of those trailers that may be forwarded, and the empty one. */
export function writeTrailerLines(out: Uint8Array, start: number, trailers: Head): number {
  let at = start;
  const { spans, fieldCount } = trailers;
  for (let index = 0; index < fieldCount; index++) {
    if (!mayBeTrailer(trailers, index)) continue;
    const lineEnd = index + 1 < fieldCount ? spans[index * 4 + 4]! : trailers.end - 2;
    at = copyBytes(out, at, trailers.bytes, spans[index * 4]!, lineEnd);
  }
  return writeLineEnd(out, at);
}

/**
 * RFC 9110, section 6.5.1: fields for framing, routing, authentication, conditions, request
 * or response control and content may not come as trailers. The next hop might merge them
 * into a head that no policy saw, so they are dropped.
 */
export function mayBeTrailer(trailers: Head, index: number): boolean {
  if (trailers.names[index] !== KnownField.other || trailers.marks[index] === 1) return false;
  return !isEndToEnd(trailers.bytes, trailers.spans[index * 4]!, trailers.spans[index * 4 + 1]!);
}
