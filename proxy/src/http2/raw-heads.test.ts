/** Heads as text on HTTP/2's frames: what is a head, what ends its stream, and that no bytes do more. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { asciiBytes, textOf } from "../http1/characters.ts";
import { Method } from "../http1/method.ts";
import { feed, written } from "../test/http2.ts";
import { Connection } from "./connection.ts";
import { Flag, FRAME_HEADER_BYTES, writeFrameHeader } from "./frame.ts";
import { DEFAULT_HTTP2_LIMITS } from "./limits.ts";
import type { Stream } from "./stream.ts";

type Pair = { readonly client: Connection; readonly server: Connection };

function makePair(): Pair {
  const [client, server] = [
    new Connection("client", DEFAULT_HTTP2_LIMITS, "raw"),
    new Connection("server", DEFAULT_HTTP2_LIMITS, "raw"),
  ];
  for (const one of [client, server]) one.nowMs = 1000;
  pass(client, server);
  pass(server, client);
  pass(client, server);
  return { client, server };
}

/** What one has written is read by the other. */
function pass(from: Connection, to: Connection): string[] {
  const bytes = from.output.take();
  from.wrote();
  return feed(to, bytes);
}

function sendText(connection: Connection, stream: Stream, text: string, isEnd: boolean): void {
  const bytes = asciiBytes(text);
  connection.beginHead();
  connection.output.append(bytes, 0, bytes.length);
  connection.endHead(stream, isEnd);
}

const GET = "GET /a?b HTTP/1.1\r\nHost: orders\r\n\r\n";

test("a request and its response pass with content and trailers", () => {
  const { client, server } = makePair();
  const stream = client.open(Method.post);
  sendText(client, stream, "POST /a HTTP/1.1\r\nHost: orders\r\ntransfer-encoding: chunked\r\n\r\n", false);
  const content = asciiBytes("hello");
  client.sendContent(stream, content, 0, 5, false);
  sendText(client, stream, "x-sum: 1\r\n\r\n", true);
  expect(pass(client, server)).toEqual([
    "head 1 POST /a HTTP/1.1|Host: orders|transfer-encoding: chunked||",
    "content 1 hello",
    "trailers 1 x-sum: 1|| end",
  ]);
  const [answered] = server.openStreams();
  if (answered === undefined) throw new Error("the server has the stream");
  sendText(server, answered, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", false);
  sendText(server, answered, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false);
  server.sendContent(answered, content, 0, 5, true);
  expect(pass(server, client)).toEqual([
    "head 1 HTTP/1.1 103 Early Hints|Link: </a>||",
    "head 1 HTTP/1.1 200 OK|Content-Length: 5||",
    "content 1 hello end",
  ]);
  expect([client.streamCount, server.streamCount]).toEqual([0, 0]);
});

test("a head above a frame goes in several", () => {
  const { client, server } = makePair();
  const long = `GET /a HTTP/1.1\r\nHost: orders\r\nx-long: ${"a".repeat(40_000)}\r\n\r\n`;
  sendText(client, client.open(Method.get), long, true);
  expect(pass(client, server)).toEqual([`head 1 ${long.replaceAll("\r\n", "|")} end`]);
});

const HEADS: readonly (readonly [name: string, text: string, told: string])[] = [
  ["whole", GET, `head 1 ${GET.replaceAll("\r\n", "|")} end`],
  ["with bytes behind it", `${GET}GET / HTTP/1.1\r\n`, "RST_STREAM 1 protocolError"],
  ["not whole", GET.slice(0, -2), "RST_STREAM 1 protocolError"],
  ["without a byte", "", "RST_STREAM 1 protocolError"],
  ["behind an empty line", `\r\n${GET}`, "RST_STREAM 1 protocolError"],
  ["without Host", "GET / HTTP/1.1\r\n\r\n", "RST_STREAM 1 protocolError"],
  ["of HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", "RST_STREAM 1 protocolError"],
  ["with a bare LF", "GET / HTTP/1.1\nHost: a\n\n", "RST_STREAM 1 protocolError"],
  ["with a folded field", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "RST_STREAM 1 protocolError"],
  [
    "with two framings",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "RST_STREAM 1 protocolError",
  ],
  [
    "that ends before the content it promises",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n",
    "RST_STREAM 1 protocolError",
  ],
  ["of CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "refusal 1 501"],
  ["with too many fields", `GET / HTTP/1.1\r\nHost: a\r\n${"a: b\r\n".repeat(200)}\r\n`, "refusal 1 431"],
  ["with a target too long", `GET /${"a".repeat(16_384)} HTTP/1.1\r\nHost: a\r\n\r\n`, "refusal 1 414"],
];

test.each(HEADS)("a request's head %s", (_, text, told) => {
  const { client, server } = makePair();
  sendText(client, client.open(Method.get), text, true);
  expect([...pass(client, server), ...written(server)]).toEqual([told]);
  // Another request passes all the same.
  sendText(client, client.open(Method.get), GET, true);
  expect(pass(client, server)).toEqual([`head 3 ${GET.replaceAll("\r\n", "|")} end`]);
});

test("content that waits on one stream takes nothing from another", () => {
  const { client, server } = makePair();
  const content = new Uint8Array(DEFAULT_HTTP2_LIMITS.streamWindowBytes);
  // So many that wait fill the connection's window several times.
  for (let turn = 0; turn < 20; turn++) {
    const stream = client.open(Method.post);
    sendText(client, stream, "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n", false);
    const sent = client.sendContent(stream, content, 0, content.length, false);
    expect(sent).toBe(content.length);
    const bytes = client.output.take();
    for (let at = 0; at < bytes.length; at = server.at) {
      const event = server.next(bytes, at, bytes.length);
      if (event === 0) break;
      if (event === 3) server.releaseConnection(server.to - server.from);
    }
    pass(server, client);
  }
});

/** Frames of any kind, with heads that are nearly ones. */
const anyFrame = fc
  .record({
    type: fc.integer({ min: 0, max: 10 }),
    flags: fc.constantFrom(0, Flag.endStream, Flag.endHeaders, Flag.endStream | Flag.endHeaders, 0xff),
    stream: fc.constantFrom(0, 1, 2, 3, 5, 7),
    payload: fc.oneof(
      fc
        .constantFrom(GET, GET.slice(3), `${GET}${GET}`, "\r\n", "x: y\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n")
        .map(asciiBytes),
      fc.uint8Array({ maxLength: 64 }),
    ),
  })
  .map(({ type, flags, stream, payload }) => {
    const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
    writeFrameHeader(bytes, 0, payload.length, type, flags, stream);
    bytes.set(payload, FRAME_HEADER_BYTES);
    return bytes;
  });

test("whatever frames come, in whatever pieces, the same is told, and no head that is none", () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), (frames, piece) => {
      const all = Buffer.concat(frames);
      const [whole, pieces] = [makePair().server, makePair().server];
      const told = feed(whole, all);
      const inPieces: string[] = [];
      for (let at = 0; at < all.length; at += piece) inPieces.push(...feed(pieces, all.subarray(at, at + piece)));
      expect(joined(inPieces)).toEqual(joined(told));
      for (const line of told.filter((each) => each.startsWith("head"))) expect(line).toMatch(/^head \d+ GET .*\|\|/);
    }),
    { numRuns: 500 },
  );
});

/** Content of one stream as one line, in however many pieces it came. */
function joined(told: readonly string[]): string[] {
  const lines: string[] = [];
  for (const line of told) {
    const last = lines.at(-1);
    const prefix = /^content \d+ /.exec(line)?.[0];
    if (prefix !== undefined && last?.startsWith(prefix)) lines[lines.length - 1] = last + line.slice(prefix.length);
    else lines.push(line);
  }
  return lines;
}

test("what is read is the head's own text", () => {
  const { client, server } = makePair();
  sendText(client, client.open(Method.get), GET, true);
  pass(client, server);
  const { head } = server;
  expect([head.methodText(), head.pathText(), head.authorityText(), textOf(head.bytes, head.start, head.end)]).toEqual([
    "GET",
    "/a?b",
    "orders",
    GET,
  ]);
});
