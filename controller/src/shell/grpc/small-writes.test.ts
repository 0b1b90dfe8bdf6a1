import { once } from "node:events";
import { connect, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { cutWrites, type WritesChunks, writeInPieces } from "./small-writes.ts";

test("a chunk goes out in pieces, one after the other, and is done with the last; an error ends it", () => {
  const out: number[] = [];
  const waiting: ((error?: Error) => void)[] = [];
  const stream: WritesChunks = {
    _write: (chunk, _, done) => {
      out.push(chunk.length);
      waiting.push(done);
    },
    _writev: () => {},
  };
  cutWrites(stream);
  const ends: unknown[] = [];
  stream._write(Buffer.alloc(40_000), "utf8", (error) => ends.push(error));
  expect(out).toEqual([16_000]);
  waiting.shift()?.();
  waiting.shift()?.();
  expect([out, ends]).toEqual([[16_000, 16_000, 8000], []]);
  waiting.shift()?.();
  expect([ends, stream._writev]).toEqual([[undefined], undefined]);
  stream._write(Buffer.alloc(40_000), "utf8", (error) => ends.push(error?.message));
  waiting.shift()?.(new Error("reset"));
  expect(ends).toEqual([undefined, "reset"]);
});

test("what a server's streams write arrives as it was, however much there is of it at once", async () => {
  const stop = writeInPieces();
  const chunks = [1, 15_999, 16_000, 16_001, 250_000, 3].map((size, at) => Buffer.alloc(size, at + 1));
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond();
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const received = await Array.fromAsync(client.request({ ":path": "/" }));
  expect(Buffer.compare(Buffer.concat(received), Buffer.concat(chunks))).toBe(0);
  client.close();
  server.close();
  stop();
});
