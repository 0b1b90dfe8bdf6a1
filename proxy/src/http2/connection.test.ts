/** HTTP/2's connection as a playbook: what comes, what is told, what is written. RFC 9113's errors by their sections. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Method } from "../http1/method.ts";
import {
  block,
  concat,
  feed,
  frame,
  framesOf,
  GET,
  type HeadFields,
  makeServer,
  preface,
  sendHead,
  uint32,
  written,
} from "../test/http2.ts";
import { Connection } from "./connection.ts";
import { ErrorCode } from "./error-code.ts";
import { FrameType } from "./frame.ts";
import { HpackDecoder } from "./hpack/decoder.ts";
import { ASKING_LIMITS, DEFAULT_HTTP2_LIMITS } from "./limits.ts";
import { SettingId } from "./settings.ts";
import type { Stream } from "./stream.ts";

const { data, headers, priority, rstStream, settings, pushPromise, ping, goaway, windowUpdate, continuation } =
  FrameType;
const END_STREAM = 1;
const END_HEADERS = 4;
const PADDED = 8;
const ascii = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const head = (id: number, fields: HeadFields = GET, flags = END_HEADERS | END_STREAM) =>
  frame(headers, flags, id, block(fields));
const POST: HeadFields = [[":method", "POST"], ...GET.slice(1)];
const setting = (id: number, value: number) => [id >>> 8, id & 255, ...uint32(value)];

/** Stands for: the server answers the stream that it heard of last. */
const END_OF_ANSWER = new Uint8Array(0);

describe("a server hears", () => {
  test("a request, content in parts, padding and trailers; and answers", () => {
    const server = makeServer();
    expect(feed(server, head(1, [...POST, ["cookie", "a=1"], ["x-a", "b"], ["cookie", "b=2"]], END_HEADERS))).toEqual([
      "head 1 POST / HTTP/1.1|host: orders|x-a: b|cookie: a=1; b=2||",
    ]);
    const padded = frame(data, PADDED, 1, [3, ...ascii("hello"), 0, 0, 0]);
    expect(feed(server, padded.subarray(0, 12))).toEqual(["content 1 he"]);
    expect(feed(server, padded.subarray(12))).toEqual(["content 1 llo"]);
    expect(feed(server, frame(headers, END_HEADERS | END_STREAM, 1, block([["x-sum", "7"]])))).toEqual([
      "trailers 1 x-sum: 7|| end",
    ]);
    const stream = server.stream!;
    sendHead(
      server,
      stream,
      [
        [":status", "200"],
        ["server", "x"],
      ],
      false,
    );
    expect(server.sendContent(stream, ascii("body"), 0, 4, true)).toBe(4);
    expect(written(server, new HpackDecoder(4096))).toEqual(["HEADERS 1 :status: 200|server: x", "DATA 1 4 end"]);
    expect(server.streamCount).toBe(0);
  });

  test("an end that its last frame says, where that has not gone out yet, and a frame of its own otherwise", () => {
    const server = makeServer();
    const ends: ((stream: Stream) => void)[] = [
      () => {},
      (stream) => server.sendContent(stream, ascii("body"), 0, 4, false),
      () => written(server),
      (stream) => sendHead(server, stream, [["x-after", "1"]], false),
    ];
    const lines = ends.map((between, i) => {
      feed(server, head(i * 2 + 1));
      const stream = server.stream!;
      sendHead(server, stream, [[":status", "200"]], false);
      const before = i === 2 ? written(server) : [];
      if (i !== 2) between(stream);
      server.sendEnd(stream);
      return [...before, ...written(server)];
    });
    expect(lines).toEqual([
      ["HEADERS 1  end"],
      ["HEADERS 3 ", "DATA 3 4 end"],
      ["HEADERS 5 ", "DATA 5 0 end"],
      ["HEADERS 7 ", "HEADERS 7  end"],
    ]);
    expect(server.streamCount).toBe(0);
  });

  test("what a table holds means in each head what it would mean there", () => {
    const server = makeServer();
    const indexed = (name: string, value: string) =>
      concat(Uint8Array.of(0x40, name.length), ascii(name), Uint8Array.of(value.length), ascii(value));
    const fields: HeadFields = [
      ["x-a", "1"],
      ["te", "trailers"],
      ["cookie", "c=1"],
      ["host", "orders"],
    ];
    // First in trailers, where a Host and a cookie are fields like others; then in heads, each of them twice.
    feed(server, head(1, POST, END_HEADERS));
    feed(
      server,
      frame(headers, 5, 1, concat(...fields.filter(([name]) => name !== "te").map(([n, v]) => indexed(n, v)))),
    );
    const [host, cookie, a] = [0xbe, 0xbf, 0xc0];
    expect(feed(server, frame(headers, 5, 3, concat(block(GET), Uint8Array.of(a, cookie, a, cookie, host))))).toEqual([
      "head 3 GET / HTTP/1.1|host: orders|x-a: 1|x-a: 1|cookie: c=1; c=1|| end",
    ]);
    const other = GET.map(([name, value]) => [name, name === ":authority" ? "other" : value] as const);
    const bad = concat(Uint8Array.of(0x40, 3), ascii("x-b"), Uint8Array.of(2), ascii("\n1"));
    feed(server, frame(headers, 5, 5, concat(block(other), Uint8Array.of(host))));
    feed(server, frame(headers, 5, 7, concat(block(GET), bad)));
    feed(server, frame(headers, 5, 9, concat(block(GET), Uint8Array.of(0xbe))));
    expect(written(server).filter((line) => line.startsWith("RST"))).toEqual([
      "RST_STREAM 5 protocolError",
      "RST_STREAM 7 protocolError",
      "RST_STREAM 9 protocolError",
    ]);
  });

  test("a POST ends behind its head, a GET with it", () => {
    const client = new Connection("client");
    written(client);
    for (const method of [Method.post, Method.get]) {
      const stream = client.open(method);
      sendHead(client, stream, GET, false);
      client.sendEnd(stream);
    }
    expect(written(client)).toEqual(["HEADERS 1 ", "DATA 1 0 end", "HEADERS 3  end"]);
  });

  test("the same whatever the pieces are", () => {
    const bytes = concat(
      preface,
      head(1, POST, END_HEADERS),
      frame(data, PADDED | END_STREAM, 1, [1, ...ascii("hello"), 0]),
      head(3),
    );
    const whole = joined(feed(new Connection("server"), bytes));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 8 }), (cuts) => {
        const server = new Connection("server");
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const told = places.slice(1).flatMap((end, i) => feed(server, bytes.slice(places[i], end)));
        expect(joined(told)).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  test("a block in CONTINUATIONs", () => {
    const bytes = block(GET);
    const server = makeServer();
    const parts = concat(
      frame(headers, END_STREAM, 1, bytes.subarray(0, 5)),
      frame(continuation, 0, 1, bytes.subarray(5, 9)),
      frame(continuation, END_HEADERS, 1, bytes.subarray(9)),
    );
    expect(feed(server, parts)).toEqual(["head 1 GET / HTTP/1.1|host: orders|| end"]);
  });

  test("a window that opens: a stream's, all streams', the connection's", () => {
    const server = makeServer();
    feed(server, concat(frame(settings, 0, 0, setting(4, 10)), head(1), head(3)));
    const stream = server.stream!;
    sendHead(server, stream, [[":status", "200"]], false);
    expect(server.sendContent(stream, new Uint8Array(25), 0, 25, true)).toBe(10);
    expect(feed(server, frame(windowUpdate, 0, 3, uint32(5)))).toEqual(["window 3"]);
    expect(server.sendContent(stream, new Uint8Array(25), 10, 25, true)).toBe(5);
    expect(feed(server, frame(settings, 0, 0, setting(4, 20)))).toEqual(["window"]);
    expect(server.sendContent(stream, new Uint8Array(25), 15, 25, true)).toBe(10);
    expect(written(server).filter((line) => line.startsWith("DATA"))).toEqual([
      "DATA 3 10",
      "DATA 3 5",
      "DATA 3 10 end",
    ]);
  });
});

describe("malformed requests end their stream (RFC 9113, 8.1.1)", () => {
  const rest = GET.slice(1);
  test.each<readonly [string, HeadFields]>([
    ["a name in upper case", [...GET, ["X-A", "b"]]],
    ["an empty name", [...GET, ["", "b"]]],
    ["a name with a space", [...GET, ["a b", "c"]]],
    ["a line break in a value", [...GET, ["a", "b\r\nc: d"]]],
    ["NUL in a value", [...GET, ["a", "b\0"]]],
    ["white space before a value", [...GET, ["a", " b"]]],
    ["connection", [...GET, ["connection", "close"]]],
    ["transfer-encoding", [...GET, ["transfer-encoding", "chunked"]]],
    ["upgrade", [...GET, ["upgrade", "h2c"]]],
    ["te that is not trailers", [...GET, ["te", "gzip"]]],
    ["a pseudo-field behind a field", [...rest, ["a", "b"], [":method", "GET"]]],
    ["an unknown pseudo-field", [...GET, [":foo", "b"]]],
    [":status in a request", [...GET, [":status", "200"]]],
    ["two :method", [...GET, [":method", "GET"]]],
    ["no :method", rest],
    ["no :path", GET.filter(([name]) => name !== ":path")],
    ["no :scheme", GET.filter(([name]) => name !== ":scheme")],
    ["no authority", GET.slice(0, 3)],
    ["an empty :path", GET.map(([n, v]) => [n, n === ":path" ? "" : v] as const)],
    ["an absolute :path", GET.map(([n, v]) => [n, n === ":path" ? "http://x/" : v] as const)],
    ["a space in :path", GET.map(([n, v]) => [n, n === ":path" ? "/ HTTP/1.1" : v] as const)],
    ["* for GET", GET.map(([n, v]) => [n, n === ":path" ? "*" : v] as const)],
    ["a space in :method", GET.map(([n, v]) => [n, n === ":method" ? "GET /" : v] as const)],
    ["another :scheme", GET.map(([n, v]) => [n, n === ":scheme" ? "ftp" : v] as const)],
    ["a Host that is another", [...GET, ["host", "payments"]]],
    ["userinfo in :authority", GET.map(([n, v]) => [n, n === ":authority" ? "a@b" : v] as const)],
    ["two lengths", [...GET, ["content-length", "0"], ["content-length", "0"]]],
    ["an end before its length", [...POST, ["content-length", "5"]]],
    [":protocol without CONNECT", [...GET, [":protocol", "websocket"]]],
  ])("%s", (_, fields) => {
    const server = makeServer();
    expect(feed(server, concat(head(1, fields), head(3)))).toEqual(["head 3 GET / HTTP/1.1|host: orders|| end"]);
    expect(written(server)).toEqual(["RST_STREAM 1 protocolError"]);
  });

  test.each<readonly [string, readonly Uint8Array[]]>([
    ["more content than its length", [frame(data, 0, 1, ascii("123456"))]],
    ["less", [frame(data, END_STREAM, 1, ascii("1234"))]],
    ["trailers that do not end it", [frame(headers, END_HEADERS, 1, block([["a", "b"]]))]],
    ["trailers before its length is there", [frame(headers, END_HEADERS | END_STREAM, 1, block([["a", "b"]]))]],
    ["a pseudo-field in trailers", [frame(data, 0, 1, ascii("12345")), frame(headers, 5, 1, block([[":path", "/"]]))]],
  ])("content: %s", (_, frames) => {
    const server = makeServer();
    feed(server, head(1, [...POST, ["content-length", "5"]], END_HEADERS));
    expect(feed(server, concat(...frames)).at(-1)).toBe("reset 1 protocolError by us");
    expect(written(server)).toContain("RST_STREAM 1 protocolError");
  });

  test.each<readonly [string, HeadFields, number]>([
    [
      "a head above the limit",
      [...GET, ...Array.from({ length: 30 }, (): [string, string] => ["a", "b".repeat(4000)])],
      431,
    ],
    ["fields above the limit", [...GET, ...Array.from({ length: 300 }, (): [string, string] => ["a", "b"])], 431],
    ["a target above the limit", GET.map(([n, v]) => [n, n === ":path" ? `/${"a".repeat(20_000)}` : v] as const), 414],
    [
      "CONNECT",
      [
        [":method", "CONNECT"],
        [":authority", "orders:80"],
      ],
      501,
    ],
    ["an expectation", [...POST, ["expect", "the-unexpected"]], 417],
  ])("answered with a status: %s", (_, fields, status) => {
    const server = new Connection("server", { ...DEFAULT_HTTP2_LIMITS, blockBytesMax: 1 << 20, continuationsMax: 16 });
    feed(server, preface);
    const bytes = block(fields);
    const parts = Array.from({ length: Math.ceil(bytes.length / 16_384) }, (_part, i) =>
      bytes.subarray(i * 16_384, (i + 1) * 16_384),
    );
    const frames = parts.map((part, i) =>
      frame(
        i === 0 ? headers : continuation,
        (i === 0 ? END_STREAM : 0) | (i === parts.length - 1 ? END_HEADERS : 0),
        1,
        part,
      ),
    );
    expect(feed(server, concat(...frames))).toEqual([`refusal 1 ${status}`]);
  });
});

describe("errors of the connection", () => {
  test.each<readonly [string, keyof typeof ErrorCode, readonly Uint8Array[]]>([
    ["4.1: DATA on stream 0", "protocolError", [frame(data, 0, 0, [1])]],
    ["4.2: a frame above our maximum", "frameSizeError", [frame(data, 0, 1, new Uint8Array(16_385))]],
    ["4.3: a block that cannot be decoded", "compressionError", [frame(headers, 5, 1, [0xff, 0xff, 0xff, 0xff, 0xff])]],
    [
      "4.3: a block that is interrupted",
      "protocolError",
      [frame(headers, 0, 1, block(GET)), frame(ping, 0, 0, new Uint8Array(8))],
    ],
    ["4.3: a block continued on another stream", "protocolError", [frame(headers, 0, 1), frame(continuation, 4, 3)]],
    ["5.1: DATA on an idle stream", "protocolError", [frame(data, 0, 1, [1])]],
    ["5.1: WINDOW_UPDATE on an idle stream", "protocolError", [frame(windowUpdate, 0, 1, uint32(1))]],
    ["5.1: RST_STREAM on an idle stream", "protocolError", [frame(rstStream, 0, 1, uint32(8))]],
    ["5.1: CONTINUATION on an idle stream", "protocolError", [frame(continuation, 4, 1)]],
    ["5.1.1: an even stream", "protocolError", [head(2)]],
    ["5.1.1: a stream below one that was begun", "protocolError", [head(5), head(3)]],
    [
      "6.1: padding as long as its frame",
      "protocolError",
      [head(1, POST, END_HEADERS), frame(data, PADDED, 1, [2, 0])],
    ],
    ["6.2: padding above its frame", "protocolError", [frame(headers, END_HEADERS | PADDED, 1, [200, ...block(GET)])]],
    ["6.3: PRIORITY on stream 0", "protocolError", [frame(priority, 0, 0, new Uint8Array(5))]],
    ["6.4: RST_STREAM of 3 bytes", "frameSizeError", [head(1, POST, END_HEADERS), frame(rstStream, 0, 1, [0, 0, 0])]],
    ["6.5: SETTINGS on a stream", "protocolError", [frame(settings, 0, 1)]],
    ["6.5: half a setting", "frameSizeError", [frame(settings, 0, 0, [0, 1, 0])]],
    ["6.5: an acknowledgement with settings", "frameSizeError", [frame(settings, 1, 0, setting(1, 1))]],
    ["6.5.2: ENABLE_PUSH of 2", "protocolError", [frame(settings, 0, 0, setting(2, 2))]],
    ["6.5.2: a window above its maximum", "flowControlError", [frame(settings, 0, 0, setting(4, 0x80000000))]],
    ["6.5.2: a frame size below its least", "protocolError", [frame(settings, 0, 0, setting(5, 16_383))]],
    ["6.6: PUSH_PROMISE", "protocolError", [head(1, POST, END_HEADERS), frame(pushPromise, 4, 1, [0, 0, 0, 2])]],
    ["6.7: PING on a stream", "protocolError", [frame(ping, 0, 1, new Uint8Array(8))]],
    ["6.7: PING of 6 bytes", "frameSizeError", [frame(ping, 0, 0, new Uint8Array(6))]],
    ["6.8: GOAWAY on a stream", "protocolError", [frame(goaway, 0, 1, new Uint8Array(8))]],
    ["6.9: WINDOW_UPDATE of 0 on the connection", "protocolError", [frame(windowUpdate, 0, 0, uint32(0))]],
    ["6.9: WINDOW_UPDATE of 3 bytes", "frameSizeError", [frame(windowUpdate, 0, 0, [0, 0, 1])]],
    ["6.9.1: a window above its maximum", "flowControlError", [frame(windowUpdate, 0, 0, uint32(0x7fffffff))]],
    ["HEADERS on a stream that has ended", "streamClosed", [head(1), END_OF_ANSWER, head(1)]],
  ])("%s", (_, code, frames) => {
    const server = makeServer();
    // A stream that ends as its client knows, where the row asks for one.
    const told = frames.flatMap((bytes) => (bytes === END_OF_ANSWER ? answer(server) : feed(server, bytes)));
    expect(told.at(-1)).toMatch(new RegExp(`^fault ${code}: .`));
    expect(written(server).at(-1)).toMatch(new RegExp(`^GOAWAY \\d+ ${code}$`));
    expect(feed(server, head(7))).toEqual([]);
  });

  test("no preface", () => {
    const server = new Connection("server");
    expect(feed(server, ascii("GET / HTTP/1.1\r\n"))).toEqual(["fault protocolError: no connection preface"]);
  });

  test("SETTINGS is not the first frame", () => {
    const server = new Connection("server");
    const bytes = concat(preface.subarray(0, 24), frame(ping, 0, 0, new Uint8Array(8)));
    expect(feed(server, bytes)).toEqual(["fault protocolError: the first frame is not SETTINGS"]);
  });
});

describe("errors of a stream", () => {
  test("late frames of a stream that we reset are nobody's fault, and count for the window", () => {
    const server = makeServer();
    feed(server, head(1, POST, END_HEADERS));
    server.reset(server.stream!, ErrorCode.cancel);
    expect(
      feed(server, concat(frame(data, 0, 1, ascii("late")), frame(headers, 5, 1, block([["a", "b"]])), head(3))),
    ).toEqual(["head 3 GET / HTTP/1.1|host: orders|| end"]);
  });

  test.each<readonly [string, Uint8Array, string]>([
    ["DATA behind the end", frame(data, 0, 1, [1]), "streamClosed"],
    ["HEADERS behind the end", frame(headers, 5, 1, block([["a", "b"]])), "streamClosed"],
    ["WINDOW_UPDATE of 0", frame(windowUpdate, 0, 1, uint32(0)), "protocolError"],
    ["a window above its maximum", frame(windowUpdate, 0, 1, uint32(0x7fffffff)), "flowControlError"],
    ["PRIORITY of 4 bytes", frame(priority, 0, 1, new Uint8Array(4)), "frameSizeError"],
  ])("%s", (_, bytes, code) => {
    const server = makeServer();
    feed(server, head(1));
    expect(feed(server, bytes)).toEqual([`reset 1 ${code} by us`]);
    expect(feed(server, head(3))).toEqual(["head 3 GET / HTTP/1.1|host: orders|| end"]);
  });

  test("more content than the stream's window", () => {
    const server = makeServer();
    feed(server, head(1, POST, END_HEADERS));
    const part = frame(data, 0, 1, new Uint8Array(16_384));
    const told = [1, 2, 3, 4, 5].flatMap(() => feed(server, part, { keeps: true }));
    expect(told.filter((line) => !line.startsWith("content"))).toEqual(["reset 1 flowControlError by us"]);
  });

  test("streams above the limit are refused, and may be tried again", () => {
    const server = makeServer();
    const told = Array.from({ length: 101 }, (_, i) => feed(server, head(i * 2 + 1, POST, END_HEADERS)));
    expect(told.flat()).toHaveLength(100);
    expect(written(server)).toEqual(["RST_STREAM 201 refusedStream"]);
  });
});

describe("floods end with GOAWAY, and not before", () => {
  const many = (count: number, make: (i: number) => Uint8Array) => Array.from({ length: count }, (_, i) => make(i));
  const opened = (i: number) => head(i * 2 + 1, POST, END_HEADERS);
  test.each<readonly [string, number, (i: number) => Uint8Array]>([
    ["rapid reset (CVE-2023-44487)", 2000, (i) => concat(opened(i), frame(rstStream, 0, i * 2 + 1, uint32(8)))],
    [
      "resets that we are made to send (CVE-2025-8671)",
      2000,
      (i) => concat(opened(i), frame(windowUpdate, 0, i * 2 + 1, uint32(0))),
    ],
    ["CONTINUATION (CVE-2024-27316)", 50, (i) => (i === 0 ? frame(headers, 0, 1) : frame(continuation, 0, 1, [0x82]))],
    ["PING (CVE-2019-9512)", 2000, () => frame(ping, 0, 0, new Uint8Array(8))],
    ["SETTINGS (CVE-2019-9515)", 2000, () => frame(settings, 0, 0, setting(4, 1000))],
    ["empty DATA (CVE-2019-9518)", 2000, (i) => (i === 0 ? opened(0) : frame(data, 0, 1))],
    ["PRIORITY (CVE-2019-9513)", 2000, () => frame(priority, 0, 1, new Uint8Array(5))],
    ["WINDOW_UPDATE", 4000, (i) => (i === 0 ? opened(0) : frame(windowUpdate, 0, 0, uint32(1)))],
    [
      "resets of a stream that has ended",
      2000,
      (i) => (i === 0 ? concat(opened(0), frame(rstStream, 0, 1, uint32(8))) : frame(rstStream, 0, 1, uint32(8))),
    ],
    ["unknown frames", 2000, () => frame(0xbe, 0, 0)],
    ["refused streams", 2000, (i) => opened(i)],
  ])("%s", (_, count, make) => {
    const server = makeServer();
    const frames = many(count, make);
    const ends = frames.findIndex((bytes) =>
      feed(server, bytes).some((line) => line.startsWith("fault enhanceYourCalm")),
    );
    expect(ends).toBeGreaterThan(5);
    expect(written(server).at(-1)).toMatch(/^GOAWAY \d+ enhanceYourCalm$/);
  });

  test("at an honest rate the same is nothing", () => {
    const server = makeServer();
    for (let i = 0; i < 1000; i++) {
      server.nowMs += 200;
      expect(
        feed(
          server,
          concat(opened(i), frame(rstStream, 0, i * 2 + 1, uint32(8)), frame(ping, 0, 0, new Uint8Array(8))),
        ),
      ).toHaveLength(2);
      written(server);
    }
  });

  test("answers that are not read", () => {
    const server = new Connection("server", { ...DEFAULT_HTTP2_LIMITS, idleFrames: { burst: 1e6, perSecond: 1e6 } });
    feed(server, preface);
    server.output.clear();
    server.wrote();
    const told = Array.from({ length: 5000 }, () => feed(server, frame(ping, 0, 0, new Uint8Array(8))));
    expect(told.flat()).toEqual(["fault enhanceYourCalm: too much: answers that are not read"]);
    expect(server.output.end).toBeLessThan(70_000);
  });

  test("a bomb of references to one large entry is too large for a head (CVE-2016-6581)", () => {
    const server = makeServer();
    const large = Uint8Array.from([0x40, 1, 0x61, 0x7f, ...[0x81, 0x1e], ...new Array<number>(4000).fill(0x62)]);
    const bomb = concat(block(GET), large, new Uint8Array(4000).fill(0xbe));
    expect(feed(server, frame(headers, 5, 1, bomb))).toEqual(["refusal 1 431"]);
  });
});

describe("a client", () => {
  const hello = frame(settings, 0, 0, setting(3, 2));

  test("begins streams while the server takes them; a GOAWAY says which were not processed", () => {
    const client = new Connection("client");
    feed(client, hello);
    expect(client.mayOpen).toBe(true);
    const streams = [client.open(Method.get), client.open(Method.get)];
    for (const stream of streams) sendHead(client, stream, GET, true);
    expect(client.mayOpen).toBe(false);
    expect(feed(client, frame(goaway, 0, 0, [...uint32(1), ...uint32(0)]))).toEqual([
      "goaway noError",
      "reset 3 refusedStream by peer, unprocessed",
    ]);
    expect(feed(client, frame(headers, 5, 1, block([[":status", "204"]])))).toEqual(["head 1 HTTP/1.1 204 || end"]);
    expect(client.isIdle).toBe(true);
    expect(client.mayOpen).toBe(false);
  });

  test("a server may want no more of each request that it has answered whole, at any rate", () => {
    const client = new Connection("client", ASKING_LIMITS);
    feed(client, hello);
    for (let id = 1; id < 4000; id += 2) {
      sendHead(client, client.open(Method.post), POST, true);
      const answer = concat(frame(headers, 5, id, block([[":status", "200"]])), frame(rstStream, 0, id, uint32(0)));
      expect(feed(client, answer)).toEqual([`head ${id} HTTP/1.1 200 || end`]);
    }
    const again = Array.from({ length: 2000 }, () => feed(client, frame(rstStream, 0, 1, uint32(0))));
    expect(again.flat()).toEqual(["fault enhanceYourCalm: too much: resets of streams that have ended"]);
  });

  test.each<readonly [string, readonly Uint8Array[], readonly string[]]>([
    [
      "interim responses",
      [frame(headers, 4, 1, block([[":status", "103"]])), frame(headers, 5, 1, block([[":status", "200"]]))],
      ["head 1 HTTP/1.1 103 ||", "head 1 HTTP/1.1 200 || end"],
    ],
    [
      "REFUSED_STREAM is not processed",
      [frame(rstStream, 0, 1, uint32(7))],
      ["reset 1 refusedStream by peer, unprocessed"],
    ],
    ["content before a head", [frame(data, 0, 1, [1])], ["reset 1 protocolError by us"]],
    [
      "an interim response that ends",
      [frame(headers, 5, 1, block([[":status", "100"]]))],
      ["reset 1 protocolError by us"],
    ],
    ["status 101", [frame(headers, 5, 1, block([[":status", "101"]]))], ["reset 1 protocolError by us"]],
    ["a status of 2 digits", [frame(headers, 5, 1, block([[":status", "20"]]))], ["reset 1 protocolError by us"]],
    [
      "a request's pseudo-field",
      [
        frame(
          headers,
          5,
          1,
          block([
            [":status", "200"],
            [":path", "/"],
          ]),
        ),
      ],
      ["reset 1 protocolError by us"],
    ],
    [
      "a stream that nobody began",
      [frame(headers, 5, 3, block([[":status", "200"]]))],
      ["fault protocolError: HEADERS on an idle stream"],
    ],
    [
      "ENABLE_PUSH from a server",
      [frame(settings, 0, 0, setting(2, 1))],
      ["fault protocolError: a setting out of its range"],
    ],
  ])("%s", (_, frames, told) => {
    const client = new Connection("client");
    feed(client, hello);
    sendHead(client, client.open(Method.get), GET, true);
    expect(feed(client, concat(...frames))).toEqual(told);
  });

  test("leaving in two steps loses no request", () => {
    const [client, server] = [new Connection("client"), makeServer()];
    feed(client, hello);
    server.leave(false);
    server.ping();
    sendHead(client, client.open(Method.get), GET, true);
    const sent = client.output.take();
    expect(feed(client, server.output.take())).toContain("goaway noError");
    expect(feed(server, sent.subarray(preface.length - 9)).filter((line) => line.startsWith("head"))).toHaveLength(1);
    expect(feed(server, client.output.take())).toEqual(["pong"]);
    server.leave(true);
    expect(written(server).at(-1)).toBe("GOAWAY 1 noError");
    sendHead(server, server.openStreams()[0]!, [[":status", "200"]], true);
    expect(feed(client, server.output.take())).toEqual(["head 1 HTTP/1.1 200 || end"]);
  });

  test("property: content of any sizes through windows of any sizes comes whole", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 70_000 }),
        (sizes, window) => {
          const [client, server] = [
            new Connection("client"),
            new Connection("server", { ...DEFAULT_HTTP2_LIMITS, streamWindowBytes: window }),
          ];
          const bodies = sizes.map((size, i) => ({
            stream: undefined as ReturnType<Connection["open"]> | undefined,
            left: size,
            id: i * 2 + 1,
          }));
          let got = new Map<string, number>();
          for (let turn = 0; turn < 10_000; turn++) {
            for (const line of feed(server, client.output.take())) {
              const [, id = "", text = ""] = /^content (\d+) ([\s\S]*?)(?: end)?$/.exec(line) ?? [];
              if (id !== "") got.set(id, (got.get(id) ?? 0) + text.length);
            }
            server.wrote();
            feed(client, server.output.take());
            client.wrote();
            for (const body of bodies) {
              if (body.stream === undefined) {
                body.stream = client.open(Method.post);
                sendHead(client, body.stream, POST, false);
              }
              if (body.stream.state === 1)
                body.left -= client.sendContent(body.stream, new Uint8Array(body.left).fill(120), 0, body.left, true);
            }
            if (client.output.end === 0) break;
          }
          expect(bodies.map(({ id }) => got.get(String(id)) ?? 0)).toEqual(sizes);
          got = new Map();
        },
      ),
      { numRuns: 30 },
    );
  });
});

test("property: no frames of any kind do more than end the connection", () => {
  const any = fc.record({
    type: fc.integer({ min: 0, max: 11 }),
    flags: fc.constantFrom(0, 1, 4, 5, 8, 9, 12, 13, 0x20, 0x25, 0xff),
    stream: fc.constantFrom(0, 1, 1, 2, 3, 5, 0x7fffffff),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(block(GET), block(POST), Uint8Array.from(uint32(1))),
    ),
  });
  fc.assert(
    fc.property(
      fc.array(any, { maxLength: 20 }),
      fc.constantFrom("server" as const, "client" as const),
      (frames, role) => {
        const connection = new Connection(role);
        feed(connection, role === "server" ? preface : preface.subarray(24));
        if (role === "client") sendHead(connection, connection.open(Method.post), POST, false);
        const told = frames.flatMap(({ type, flags, stream, payload }) =>
          feed(connection, frame(type, flags, stream, payload)),
        );
        expect(told.filter((line) => line.startsWith("fault")).length).toBeLessThanOrEqual(1);
        framesOf(connection.output.take());
      },
    ),
    { numRuns: Number(process.env.REGOMESH_HTTP2_RUNS ?? 3000) },
  );
});

function answer(server: Connection): string[] {
  sendHead(server, server.openStreams()[0]!, [[":status", "200"]], true);
  return [];
}

/** Content of one stream, joined: pieces are what is tested. */
function joined(told: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const line of told) {
    const [, id, text = ""] = /^(content \d+) (.*)$/.exec(line) ?? [];
    const last = lines.at(-1);
    if (id !== undefined && last?.startsWith(`${id} `)) lines[lines.length - 1] = last + text;
    else lines.push(line);
  }
  return lines;
}

test.each([
  ["says nothing of it, and takes any number", [], 4096],
  ["takes fewer", setting(SettingId.maxConcurrentStreams, 120), 120],
])("a client begins a hundred streams before its server has said how many, and more where it %s", (_, said, most) => {
  const client = new Connection("client", ASKING_LIMITS);
  const beginAll = (): number => {
    while (client.mayOpen) sendHead(client, client.open(Method.get), GET, true);
    return client.streamCount;
  };
  expect(beginAll()).toBe(100);
  feed(client, frame(settings, 0, 0, said));
  expect(beginAll()).toBe(most);
});
