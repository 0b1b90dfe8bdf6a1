/** Content as it goes on: as it is where its length is known, in chunks of our own otherwise. */
import {
  CHUNK_END,
  CHUNK_START_BYTES_MAX,
  lastChunkRoom,
  writeChunkStart,
  writeLastChunk,
} from "../http1/chunk-writer.ts";
import { Framing, type Head } from "../http1/head.ts";

export interface Sink {
  append(source: Uint8Array, start: number, end: number): void;
}

/** One thread, one call at a time: the line is appended before anyone else writes it. */
const sizeLine = new Uint8Array(CHUNK_START_BYTES_MAX + 2);

export function appendContent(sink: Sink, framing: Framing, bytes: Uint8Array, from: number, to: number): void {
  if (from === to) return;
  // On a connection that stays it would be read as the next message.
  if (framing === Framing.none) throw new Error("a message without content has none");
  if (framing !== Framing.chunked) return void sink.append(bytes, from, to);
  sink.append(sizeLine, 0, writeChunkStart(sizeLine, 0, to - from));
  sink.append(bytes, from, to);
  sink.append(CHUNK_END, 0, CHUNK_END.length);
}

/** Ends the content, with those trailer fields that may go on. */
export function appendContentEnd(sink: Sink, framing: Framing, trailers: Head): void {
  if (framing !== Framing.chunked) return;
  const last = new Uint8Array(lastChunkRoom(trailers));
  sink.append(last, 0, writeLastChunk(last, 0, trailers));
}
