import { describe, expect, test } from "vitest";
import {
  block,
  concat,
  END_HEADERS,
  END_STREAM,
  feed,
  frame,
  GET,
  type HeadFields,
  headFrame as head,
  makeServer,
  POST,
  preface,
  sendHead,
  setting,
  uint32,
  written,
} from "../test/http2.ts";
import { Connection } from "./connection.ts";
import { ErrorCode } from "./error-code.ts";
import { FrameType } from "./frame.ts";
import { DEFAULT_HTTP2_LIMITS } from "./limits.ts";

const { data, headers, priority, rstStream, settings, pushPromise, ping, goaway, windowUpdate, continuation } =
  FrameType;
const PADDED = 8;
const ascii = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** Stands for: the server answers the stream that it heard of last. */
const END_OF_ANSWER = new Uint8Array(0);

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

function answer(server: Connection): string[] {
  sendHead(server, server.openStreams()[0]!, [[":status", "200"]], true);
  return [];
}
