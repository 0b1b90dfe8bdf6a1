/** What idle connections keep of the largest heads that they had: so many connections may be open at a time. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Method } from "../http1/method.ts";
import { ReaderEvent } from "../http1/reader-event.ts";
import { RequestReader } from "../http1/request-reader.ts";
import { ResponseReader } from "../http1/response-reader.ts";
import { Connection } from "../http2/connection.ts";
import { FrameType } from "../http2/frame.ts";
import { MESH_LIMITS } from "../http2/limits.ts";
import { block, concat, END_HEADERS, END_STREAM, feed, frame, GET, preface } from "../test/http2.ts";

setFlagsFromString("--expose-gc");
const once = runInNewContext("gc") as () => void;
/** What one round finds, the next gives back. */
function collect(): void {
  for (let round = 0; round < 3; round++) once();
}

const CONNECTIONS = 200;
/** Of a connection: below what one large head takes. */
const EACH_BYTES_MAX = 24 * 1024;
const large = (count: number) =>
  Array.from({ length: count }, (_, i): [string, string] => [`x-${i}`, "v".repeat(5000)]);
const COOKIES = Array.from({ length: 2 }, (): [string, string] => ["cookie", "c".repeat(6000)]);

/** HEADERS and CONTINUATIONs. */
function framesOf(bytes: Uint8Array): Uint8Array {
  const parts = Array.from({ length: Math.ceil(bytes.length / 16_000) }, (_, i) =>
    bytes.subarray(i * 16_000, (i + 1) * 16_000),
  );
  const frames = parts.map((part, i) => {
    const end = i === parts.length - 1 ? END_HEADERS : 0;
    return i === 0 ? frame(FrameType.headers, END_STREAM | end, 1, part) : frame(FrameType.continuation, end, 1, part);
  });
  return concat(...frames);
}

/** As many pieces as make every reader gather. */
function piecesOf(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / 9000) }, (_, i) => bytes.slice(i * 9000, (i + 1) * 9000));
}

function overHttp2(coding: "hpack" | "raw"): Connection {
  const connection = new Connection("server", MESH_LIMITS, coding);
  const fields = [...GET, ...large(9), ...COOKIES];
  const lines = fields.filter(([name]) => !name.startsWith(":")).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = Buffer.from(`GET / HTTP/1.1\r\nhost: orders\r\n${lines.join("")}\r\n`, "latin1");
  feed(connection, preface);
  const told = piecesOf(framesOf(coding === "raw" ? text : block(fields))).flatMap((piece) => feed(connection, piece));
  expect(told.join()).toMatch(/^head 1 GET \/ .* end$/);
  connection.output.take();
  return connection;
}

function overHttp1(): RequestReader {
  const reader = new RequestReader();
  const lines = large(11).map(([name, value]) => `${name}: ${value}\r\n`);
  const events = piecesOf(Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${lines.join("")}\r\n`)).map((piece) =>
    reader.next(piece, 0, piece.length),
  );
  expect(events.at(-1)).toBe(ReaderEvent.head);
  expect(reader.next(new Uint8Array(0), 0, 0)).toBe(ReaderEvent.end);
  reader.rest();
  return reader;
}

function overHttp1Upstream(): ResponseReader {
  const reader = new ResponseReader();
  reader.expect(Method.get);
  const lines = large(11).map(([name, value]) => `${name}: ${value}\r\n`);
  const events = piecesOf(Buffer.from(`HTTP/1.1 204 No Content\r\n${lines.join("")}\r\n`)).map((piece) =>
    reader.next(piece, 0, piece.length),
  );
  expect(events.at(-1)).toBe(ReaderEvent.head);
  expect(reader.next(new Uint8Array(0), 0, 0)).toBe(ReaderEvent.end);
  reader.rest();
  return reader;
}

test.each<readonly [string, () => unknown]>([
  ["HTTP/1.1 of a client", overHttp1],
  ["HTTP/1.1 to an endpoint", overHttp1Upstream],
  ["HTTP/2", () => overHttp2("hpack")],
  ["HTTP/2 between sidecars", () => overHttp2("raw")],
])("%s", (_, make) => {
  make();
  collect();
  const before = process.memoryUsage().arrayBuffers;
  const kept = Array.from({ length: CONNECTIONS }, make);
  collect();
  const each = (process.memoryUsage().arrayBuffers - before) / kept.length;
  expect(each).toBeLessThan(EACH_BYTES_MAX);
});
