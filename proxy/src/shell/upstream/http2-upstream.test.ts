/** A sidecar whose peer speaks HTTP/2: many requests on one connection, each for itself. */
import { once } from "node:events";
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { makeSnapshotFile, type OutboundService } from "@regomesh/protocol";
import { afterEach, expect, test } from "vitest";
import { Client, exchange, plainOptions, statuses } from "../../test/bench.ts";
import { makeService, makeSnapshot, makeWorkload } from "../../test/make-snapshot.ts";
import { spoil } from "../../test/spoil.ts";
import { TestAuthority } from "../../test/test-authority.ts";
import { openProxy, type Sidecar } from "../proxy.ts";

const ID = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;
const authority = new TestAuthority("cluster.local");
const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

type Headers = Readonly<Record<string, unknown>>;
type Peer = {
  readonly port: number;
  readonly sessions: readonly ServerHttp2Session[];
  readonly server: Http2SecureServer;
};

/** Orders' end: whatever implementation, it shows the identity of orders. */
async function openPeer(
  answer: (stream: ServerHttp2Stream, headers: Headers) => void,
  settings: Settings = {},
): Promise<Peer> {
  const { keyPem: key, chainPem: cert } = authority.identity(ID("orders"));
  const tls = { key, cert, ca: authority.bundlePem, requestCert: true, minVersion: "TLSv1.3" } as const;
  const server = createSecureServer({ ...tls, settings });
  const sessions: ServerHttp2Session[] = [];
  server.on("session", (session) => {
    sessions.push(session);
    session.on("error", () => {});
  });
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => {});
    answer(stream, headers);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(async () => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sessions, server };
}

async function openWeb(port: number, change: Partial<OutboundService["traffic"]> = {}): Promise<Sidecar> {
  const web = await openProxy({
    ...plainOptions(undefined),
    sockets: { afterRead: spoil },
    timeouts: { leftMs: 60_000 },
  });
  open.push(() => web.close());
  await web.setIdentity(authority.identity(ID("web")));
  const orders = makeService("orders");
  const service = { ...orders, traffic: { ...orders.traffic, ...change } };
  const snapshot = makeSnapshot(makeWorkload({ outbound: [service] }));
  const endpoint = {
    service: "orders.default",
    address: "127.0.0.1",
    port,
    workload: "orders",
    principal: ID("orders"),
  };
  await web.applyFile(makeSnapshotFile(snapshot, [], [{ ...endpoint, labels: {}, portName: "http" }]));
  return web;
}

function ask(web: Sidecar, line = "GET /", rest = "\r\n"): Promise<string> {
  const [method, path] = line.split(" ");
  const head = `${method} http://orders${path} HTTP/1.1\r\nHost: orders\r\n`;
  return exchange(web.addresses.outbound.port, head + rest);
}

test("requests at the same time are streams of one connection, with their fields, content and trailers", async () => {
  const seen: Headers[] = [];
  const { port, sessions } = await openPeer((stream, headers) => {
    seen.push(headers);
    let text = "";
    stream.on("data", (chunk) => {
      text += String(chunk);
    });
    stream.on("end", () => {
      stream.respond({ ":status": 200, "x-path": String(headers[":path"]) }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": String(text.length) }));
      stream.end(`got ${text}`);
    });
  });
  const web = await openWeb(port);
  const posts = Array.from({ length: 30 }, (_, i) =>
    ask(web, `POST /${i}`, `X-One: ${i}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
  );
  const texts = await Promise.all(posts);
  expect(sessions.length).toBe(1);
  for (const [i, text] of texts.entries()) {
    expect(statuses(text)).toEqual([200]);
    expect(text).toContain(`x-path: /${i}\r\n`);
    expect(text).toMatch(/7\r\ngot abc\r\n0\r\nx-sum: 3\r\n\r\n$/);
  }
  const first = seen.find((headers) => headers[":path"] === "/7");
  expect(first).toMatchObject({ ":method": "POST", ":scheme": "http", ":authority": "orders", "x-one": "7" });
  expect(Object.keys(first ?? {})).not.toContain("transfer-encoding");
});

test("a client whose request was full as its response ended is read again", async () => {
  // It is answered unread: all but its window waits in the sidecar.
  const answer = (stream: ServerHttp2Stream, headers: Headers): void =>
    stream.respond({ ":status": 200, "x-path": String(headers[":path"]) }, { endStream: true });
  const { port } = await openPeer(answer, { initialWindowSize: 1000 });
  const client = new Client((await openWeb(port)).addresses.outbound.port);
  const ask = async (line: string, rest = "\r\n"): Promise<void> => {
    client.write(`${line} HTTP/1.1\r\nHost: orders\r\n${rest}`);
    await client.until(`x-path: ${line.split("orders")[1]}\r\n`);
  };
  await ask("GET http://orders/its-window-is-known-then");
  await ask("POST http://orders/full", `Content-Length: 5000\r\n\r\n${"x".repeat(5000)}`);
  await ask("GET http://orders/next");
  expect(statuses(client.text)).toEqual([200, 200, 200]);
  client.close();
});

test("interim responses, HEAD, and an answer before the request's end pass", async () => {
  const { port } = await openPeer((stream, headers) => {
    if (headers[":path"] === "/early") {
      stream.respond({ ":status": 413, "content-length": "0" }, { endStream: true });
      setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
      return;
    }
    stream.additionalHeaders({ ":status": 103, link: "</a>" });
    stream.respond({ ":status": 200, "content-length": "5" }, { endStream: headers[":method"] === "HEAD" });
    if (headers[":method"] !== "HEAD") stream.end("hello");
  });
  const web = await openWeb(port);
  expect(statuses(await ask(web))).toEqual([103, 200]);
  const head = await ask(web, "HEAD /");
  expect(head).toMatch(/content-length: 5\r\n/);
  expect(head.endsWith("\r\n\r\n")).toBe(true);
  const client = new Client(web.addresses.outbound.port);
  client.write("POST http://orders/early HTTP/1.1\r\nHost: orders\r\nContent-Length: 1000000\r\n\r\nabc");
  expect(statuses(await client.until("\r\n\r\n"))).toEqual([413]);
  client.close();
  expect(statuses(await ask(web))).toEqual([103, 200]);
});

test("a client that takes nothing holds up nobody else on the connection", async () => {
  const bytes = 2 * 1024 * 1024;
  const { port, sessions } = await openPeer((stream, headers) => {
    stream.respond({ ":status": 200 });
    stream.end(headers[":path"] === "/large" ? Buffer.alloc(bytes, "a") : "small");
  });
  const web = await openWeb(port);
  const stalled = new Client(web.addresses.outbound.port);
  stalled.socket.pause();
  stalled.write("GET http://orders/large HTTP/1.1\r\nHost: orders\r\n\r\n");
  for (let turn = 0; turn < 20; turn++) expect(await ask(web)).toContain("small");
  expect(sessions.length).toBe(1);
  // And all of it comes once it is taken.
  stalled.socket.resume();
  await stalled.until("\r\n0\r\n\r\n");
  expect(stalled.text.split("a").length).toBeGreaterThan(bytes);
  stalled.close();
});

test("content that the peer does not take stops its client, and nobody else", async () => {
  let isTaking = false;
  const { port, sessions } = await openPeer((stream, headers) => {
    if (headers[":path"] !== "/upload") return void stream.respond({ ":status": 204 }, { endStream: true });
    let bytes = 0;
    stream.pause();
    const timer = setInterval(() => {
      if (!isTaking) return;
      clearInterval(timer);
      stream.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      stream.resume();
    }, 5);
    stream.on("end", () => {
      stream.respond({ ":status": 200 });
      stream.end(String(bytes));
    });
  });
  const web = await openWeb(port);
  const bytes = 4 * 1024 * 1024;
  const client = new Client(web.addresses.outbound.port);
  client.write(`POST http://orders/upload HTTP/1.1\r\nHost: orders\r\nContent-Length: ${bytes}\r\n\r\n`);
  client.write(Buffer.alloc(bytes));
  for (let turn = 0; turn < 20; turn++) expect(statuses(await ask(web))).toEqual([204]);
  isTaking = true;
  expect(await client.until(`${bytes}`)).toContain(String(bytes));
  expect(sessions.length).toBe(1);
  client.close();
});

test("a request that the peer has surely not begun is asked again, whatever its method", async () => {
  const refused = new Set<unknown>();
  const { port } = await openPeer((stream, headers) => {
    const path = headers[":path"];
    if (!refused.has(path)) {
      refused.add(path);
      return void stream.close(constants.NGHTTP2_REFUSED_STREAM);
    }
    stream.respond({ ":status": 200 });
    stream.end("done");
  });
  const web = await openWeb(port);
  expect(statuses(await ask(web, "POST /a", "Content-Length: 3\r\n\r\nabc"))).toEqual([200]);
});

test("a stream that is reset says so, and the connection stays", async () => {
  const { port, sessions } = await openPeer((stream, headers) => {
    if (headers[":path"] === "/reset") return void stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    stream.respond({ ":status": 200 });
    if (headers[":path"] === "/half") {
      stream.write("half");
      setImmediate(() => stream.destroy(new Error("broken")));
    } else stream.end("whole");
  });
  const web = await openWeb(port);
  expect(await ask(web, "POST /reset", "Content-Length: 0\r\n\r\n")).toContain('"reason":"upstream_reset"');
  // What broke off never looks whole.
  expect(await ask(web, "GET /half")).not.toMatch(/\r\n0\r\n\r\n$/);
  expect(await ask(web)).toContain("whole");
  expect(sessions.length).toBe(1);
});

test("so many requests run at a time, so many wait, and the rest are refused", async () => {
  const held: ServerHttp2Stream[] = [];
  const { port } = await openPeer((stream) => {
    held.push(stream);
  });
  const web = await openWeb(port, { connectionsMax: 2, pendingMax: 1 });
  const clients = Array.from({ length: 3 }, () => new Client(web.addresses.outbound.port));
  for (const client of clients) client.write("GET http://orders/ HTTP/1.1\r\nHost: orders\r\n\r\n");
  while (held.length < 2) await new Promise((next) => setImmediate(next));
  expect(await ask(web)).toContain('"reason":"pool_exhausted"');
  expect(held.length).toBe(2);
  held[0]?.respond({ ":status": 200 }, { endStream: true });
  while (held.length < 3) await new Promise((next) => setImmediate(next));
  for (const stream of held.slice(1)) stream.respond({ ":status": 200 }, { endStream: true });
  for (const client of clients) expect(statuses(await client.until("\r\n\r\n"))).toEqual([200]);
  for (const client of clients) client.close();
});

test("a client that leaves cancels its own request alone", async () => {
  const cancelled: unknown[] = [];
  const { port, sessions } = await openPeer((stream, headers) => {
    if (headers[":path"] === "/") return void stream.respond({ ":status": 200 }, { endStream: true });
    stream.on("close", () => cancelled.push(stream.rstCode));
  });
  const web = await openWeb(port);
  expect(statuses(await ask(web))).toEqual([200]);
  const client = new Client(web.addresses.outbound.port);
  client.write("GET http://orders/held HTTP/1.1\r\nHost: orders\r\n\r\n");
  while (sessions[0]?.state.lastProcStreamID !== 3) await new Promise((next) => setImmediate(next));
  client.socket.resetAndDestroy();
  while (cancelled.length === 0) await new Promise((next) => setImmediate(next));
  expect(cancelled).toEqual([constants.NGHTTP2_CANCEL]);
  expect(statuses(await ask(web))).toEqual([200]);
  expect(sessions.length).toBe(1);
});

test("with a new identity the next request has another connection, and what is under way ends on its own", async () => {
  const held: ServerHttp2Stream[] = [];
  const { port, sessions } = await openPeer((stream, headers) => {
    if (headers[":path"] === "/held") held.push(stream);
    else stream.respond({ ":status": 200 }, { endStream: true });
  });
  const web = await openWeb(port);
  const client = new Client(web.addresses.outbound.port);
  client.write("GET http://orders/held HTTP/1.1\r\nHost: orders\r\n\r\n");
  while (held.length === 0) await new Promise((next) => setImmediate(next));
  await web.setIdentity(authority.identity(ID("web")));
  expect(statuses(await ask(web))).toEqual([200]);
  expect(sessions.length).toBe(2);
  held[0]?.respond({ ":status": 204 }, { endStream: true });
  expect(statuses(await client.until("\r\n\r\n"))).toEqual([204]);
  await once(sessions[0] as ServerHttp2Session, "close");
  client.close();
});

test("a peer that is no sidecar gets no pings, whatever is given up on it", async () => {
  const pings: unknown[] = [];
  const { port, sessions } = await openPeer((stream, headers) => {
    if (headers[":path"] !== "/held") stream.respond({ ":status": 200 }, { endStream: true });
  });
  const web = await openWeb(port, { requestTimeoutMs: 1200 });
  expect(statuses(await ask(web))).toEqual([200]);
  sessions[0]?.on("ping", (payload) => pings.push(payload));
  // Longer than what makes a sidecar suspect.
  expect(statuses(await ask(web, "GET /held"))).toEqual([504]);
  expect(statuses(await ask(web))).toEqual([200]);
  expect([pings, sessions.length]).toEqual([[], 1]);
});
