/** HTTP/2's connection as a playbook: what comes, what is told, what is written. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Method } from "../http1/method.ts";
import {
  block,
  concat,
  END_HEADERS,
  END_STREAM,
  feed,
  frame,
  framesOf,
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
import { FrameType } from "./frame.ts";
import { HpackDecoder } from "./hpack/decoder.ts";
import { ASKING_LIMITS, DEFAULT_HTTP2_LIMITS } from "./limits.ts";
import { SettingId } from "./settings.ts";
import type { Stream } from "./stream.ts";

const { data, headers, rstStream, settings, goaway, windowUpdate, continuation } = FrameType;
const PADDED = 8;
const ascii = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

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
