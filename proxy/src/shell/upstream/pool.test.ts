/** Which connection a request gets, after what became of the one before. */
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer, Socket } from "node:net";
import { SILENT } from "@regomesh/base";
import { expect, onTestFinished, test } from "vitest";
import { Framing } from "../../http1/head.ts";
import { HeadReader } from "../../http1/head-reader.ts";
import { DEFAULT_CODEC_LIMITS } from "../../http1/limits.ts";
import { Method } from "../../http1/method.ts";
import { FrameType } from "../../http2/frame.ts";
import { makeEndpoint } from "../../route/endpoint.ts";
import type { StreamWaiter, UpstreamStream } from "../../stream/upstream-stream.ts";
import { frame } from "../../test/http2.ts";
import { makeSharedMemory, makeThread, type SocketOptions } from "../plane/make-thread.ts";
import type { UpstreamProtocol } from "./connection.ts";
import { Pool } from "./pool.ts";

/** Far more than the system takes for a server that does not read. */
const HUGE_BYTES = 32 * 1024 * 1024;

test.each([
  ["has taken all of it: the next request has the same one", 5, 1],
  ["has not taken all of it: the next request has another", HUGE_BYTES, 2],
])("a connection whose server answers a request and %s", async (_, bytes, connections) => {
  const opened: Socket[] = [];
  const server = createServer((socket) => {
    opened.push(socket);
    socket.once("data", () => {
      socket.pause();
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const pool = makePool(port);
  await ask(pool, bytes);
  // The first one's server reads no more, and so would not answer.
  const stream = await open(pool, () => {});
  expect(opened.length).toBe(connections);
  stream.reset();
  pool.destroy();
  for (const socket of opened) socket.destroy();
  await new Promise((done) => server.close(done));
});

test.each<SocketOptions>([{}, { writesNatively: false }, { writesThrough: false }])(
  "content that is cut off while the request is sent is not taken for whole: %o",
  async (sockets) => {
    const opened: Socket[] = [];
    const server = createServer((socket) => {
      opened.push(socket);
      socket.on("error", () => {});
      // Until it is closed.
      socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\n\r\nhalf"));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const shared = makeSharedMemory();
    const thread = makeThread({ log: SILENT, shared, accessLog: undefined, sockets });
    const pool = makePool((server.address() as AddressInfo).port, "http1", thread);
    const head = Buffer.from("POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\n");
    const outcome = await new Promise<string>((done) => {
      let stream: UpstreamStream | undefined;
      const onContent = (): void => {
        // Both before the socket is read again.
        opened[0]?.resetAndDestroy();
        stream?.sendContent(Buffer.alloc(10), 0, 10);
      };
      const onStream = (opening: UpstreamStream): void => {
        stream = opening;
        stream.sendHead(head, head.length, Method.post, Framing.length);
      };
      const onReset: StreamWaiter["onReset"] = ({ reason }) => done(reason);
      pool.open({ ...makeWaiter(() => done("whole")), onStream, onContent, onReset }, 0);
    });
    expect(outcome).toBe("upstream_reset");
    pool.destroy();
    await new Promise((done) => server.close(done));
  },
);

test.each<UpstreamProtocol>(["http1", "http2"])(
  "what is spoken in plaintext is written past the socket's stream: %s",
  async (protocol) => {
    const server = createHttp2Server();
    server.on("stream", (stream: ServerHttp2Stream) => stream.respond({ ":status": 200 }, { endStream: true }));
    const plain = createServer((socket) =>
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")),
    );
    const listening = protocol === "http2" ? server : plain;
    await new Promise<void>((done) => listening.listen(0, "127.0.0.1", done));
    const { port } = listening.address() as AddressInfo;
    const { _write: write } = Socket.prototype;
    onTestFinished(() => {
      Socket.prototype._write = write;
    });
    let asStream = 0;
    Socket.prototype._write = function (...args) {
      if (this.connecting || this.remotePort === port) asStream++;
      write.apply(this, args);
    };
    const pool = makePool(port, protocol);
    await ask(pool, 5);
    expect(asStream).toBe(0);
    pool.destroy();
    await new Promise((done) => listening.close(done));
  },
);

test("a server that takes nothing of what it is asked is asked nothing more until it does", async () => {
  const opened: Socket[] = [];
  const server = createServer((socket) => {
    opened.push(socket);
    socket.on("error", () => {});
    socket.write(frame(FrameType.settings, 0, 0, []));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const thread = makeThread({ log: SILENT, shared: makeSharedMemory(), accessLog: undefined });
  const pool = makePool((server.address() as AddressInfo).port, "http2", thread);
  const head = Buffer.from(`GET / HTTP/1.1\r\nHost: w\r\nX-Long: ${"x".repeat(30_000)}\r\n\r\n`);
  const waiter = makeWaiter(() => {});
  let asked = await open(pool, () => {});
  let heldBytes = 0;
  for (let i = 0; i < HUGE_BYTES / head.length; i++) {
    asked.sendHead(head, head.length, Method.get, Framing.none);
    await new Promise((next) => setImmediate(next));
    // Given up, as at its client's end.
    asked.reset();
    heldBytes = Math.max(heldBytes, thread.slabs.heldBytes);
    const next = pool.open(waiter, 0);
    if (typeof next === "string") break;
    asked = next;
  }
  expect(heldBytes).toBeLessThan(2 * 1024 * 1024);
  for (const socket of opened) socket.resume();
  const later = open(pool, () => {});
  (await later).reset();
  pool.destroy();
  for (const socket of opened) socket.destroy();
  await new Promise((done) => server.close(done));
});

test("a crowd that comes at once has a connection for each of it, where none of them comes back", async () => {
  const CROWD = 200;
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const pool = makePool((server.address() as AddressInfo).port, "http1", undefined, CROWD);
  const streams = await Promise.all(Array.from({ length: CROWD }, () => open(pool, () => {})));
  expect([new Set(streams).size, pool.openCount]).toEqual([CROWD, CROWD]);
  for (const stream of streams) stream.reset();
  pool.destroy();
  await new Promise((done) => server.close(done));
});

function makePool(
  port: number,
  protocol: UpstreamProtocol = "http1",
  thread = makeThread({ log: SILENT, shared: makeSharedMemory(), accessLog: undefined }),
  connectionsMax = 2,
): Pool {
  const facts = { address: "127.0.0.1", port, portName: "http", workload: "w", principal: "", labels: {} };
  return new Pool(thread, makeEndpoint(facts), {
    connectTimeoutMs: 0,
    idleTimeoutMs: 0,
    connectionsMax,
    pendingMax: 2,
    principals: [],
    refusalOf: () => undefined,
    graceMs: 0,
    isApplication: false,
    protocol,
    peer: () => undefined,
  });
}

/** Sends a whole request with so much content, and lets go of the connection at the response's end. */
async function ask(pool: Pool, bytes: number): Promise<void> {
  const head = Buffer.from(`POST / HTTP/1.1\r\nHost: w\r\nContent-Length: ${bytes}\r\n\r\n`);
  await new Promise<void>((done, fail) => {
    const sending = open(pool, () => void sending.then((stream) => stream.release()).then(done));
    void sending.then((stream) => {
      stream.sendHead(head, head.length, Method.post, Framing.length);
      stream.sendContent(Buffer.alloc(bytes), 0, bytes);
      stream.sendEnd(new HeadReader("trailers", DEFAULT_CODEC_LIMITS).head);
    }, fail);
  });
}

/** A stream of the pool's; `onEnd` is told of its response's end. */
async function open(pool: Pool, onEnd: () => void): Promise<UpstreamStream> {
  return await new Promise((onStream, fail) => {
    const stream = pool.open({ ...makeWaiter(onEnd), onStream, onNoStream: fail, onReset: fail, onFault: fail }, 0);
    if (typeof stream !== "string") onStream(stream);
  });
}

function makeWaiter(onEnd: () => void): StreamWaiter {
  const nothing = () => {};
  return {
    onStream: nothing,
    onEnd,
    onNoStream: nothing,
    onReset: nothing,
    onFault: nothing,
    onWithdrawn: nothing,
    onInterim: nothing,
    onHead: nothing,
    onContent: nothing,
    yieldIfQuiet: () => false,
  };
}
