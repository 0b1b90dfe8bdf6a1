import { expect, test } from "vitest";
import { Method } from "../http1/method.ts";
import {
  block,
  concat,
  END_HEADERS,
  END_STREAM,
  feed,
  frame,
  GET,
  headFrame,
  makeServer,
  POST,
  sendHead,
  setting,
  written,
} from "../test/http2.ts";
import { Connection } from "./connection.ts";
import { ErrorCode } from "./error-code.ts";
import { FrameType } from "./frame.ts";
import { ASKING_LIMITS } from "./limits.ts";

const { data, headers, ping, settings } = FrameType;

function makeClient(): Connection {
  const client = new Connection("client", ASKING_LIMITS);
  client.nowMs = 1000;
  feed(client, frame(settings, 0, 0, setting(3, 5000)));
  return client;
}

test("client: what a server had answered when many requests were cancelled is late, and no fault", () => {
  const client = makeClient();
  const streams = Array.from({ length: 1000 }, () => {
    const stream = client.open(Method.get);
    sendHead(client, stream, GET, true);
    return stream;
  });
  for (const stream of streams.slice(0, -1)) client.reset(stream, ErrorCode.cancel);
  const late = streams
    .slice(0, -1)
    .map(({ id }) =>
      concat(
        frame(headers, END_HEADERS, id, block([[":status", "200"]])),
        frame(data, 0, id, [1]),
        frame(data, END_STREAM, id),
      ),
    );
  expect(feed(client, concat(...late))).toEqual([]);
  expect(feed(client, frame(headers, 5, 1999, block([[":status", "204"]])))).toEqual(["head 1999 HTTP/1.1 204 || end"]);
});

test("server: content of uploads that were refused is late", () => {
  const server = makeServer();
  for (let id = 1; id < 4000; id += 2) {
    feed(server, headFrame(id, POST, END_HEADERS));
    server.reset(server.stream!, ErrorCode.noError);
    expect(feed(server, concat(frame(data, 0, id, [1]), frame(data, END_STREAM, id)))).toEqual([]);
    written(server);
  }
});

test("server: content of uploads that were refused is late, however many were since", () => {
  const server = makeServer();
  for (let id = 1; id < 1000; id += 2) {
    feed(server, headFrame(id, POST, END_HEADERS));
    server.reset(server.stream!, ErrorCode.noError);
    written(server);
  }
  for (let id = 1; id < 1000; id += 2) {
    expect(feed(server, concat(frame(data, 0, id, [1]), frame(data, END_STREAM, id)))).toEqual([]);
  }
});

test("client: a server may measure the path by a PING for each content, as gRPC does", () => {
  const client = makeClient();
  for (let id = 1; id < 4000; id += 2) {
    const stream = client.open(Method.post);
    sendHead(client, stream, POST, false);
    client.sendContent(stream, Uint8Array.of(1), 0, 1, true);
    expect(
      feed(client, concat(frame(ping, 0, 0, new Uint8Array(8)), frame(headers, 5, id, block([[":status", "204"]])))),
    ).toEqual([`head ${id} HTTP/1.1 204 || end`]);
    written(client);
  }
});
