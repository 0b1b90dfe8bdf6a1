/**
 * What is written to a proxy's stream goes out in pieces. Node makes TLS's buffers as large as the
 * largest piece that was ever written at once, and a connection keeps two of them for as long as it
 * lives: a first snapshot of 100 kB would leave 130 kB to each of a thousand proxies.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";

/** With its frame's head still less than the 16 KiB from which on Node makes a buffer to measure. */
const PIECE_BYTES_MAX = 16_000;
/** Not in every Node that the package runs on: without it connections take more memory, and that is all. */
const CREATED = "http2.server.stream.created";

/** As Node's streams are asked to write: one chunk after the other, or what waits together where `_writev` is there. */
export type WritesChunks = {
  _write: (chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void) => void;
  _writev?: unknown;
};

/** Has every HTTP/2 stream that servers of this process open from now on write so; gives what ends that. */
export function writeInPieces(): () => void {
  const hear = (message: unknown) => cutWrites((message as { readonly stream: WritesChunks }).stream);
  subscribe(CREATED, hear);
  return () => unsubscribe(CREATED, hear);
}

/** The next piece is written when the one before is out: handed over together they would go out as one. */
export function cutWrites(stream: WritesChunks): void {
  const write = stream._write.bind(stream);
  stream._writev = undefined;
  stream._write = (chunk, encoding, done) => {
    let from = 0;
    const next = (error?: Error | null) => {
      if (error || from >= chunk.length) return done(error);
      const piece = chunk.subarray(from, from + PIECE_BYTES_MAX);
      from += PIECE_BYTES_MAX;
      write(piece, encoding, next);
    };
    next();
  };
}
