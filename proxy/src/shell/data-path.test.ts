import { createServer } from "node:net";
import type { LocalPort } from "@regomesh/protocol";
import { afterEach, describe, expect, test } from "vitest";
import {
  type Backend,
  type Bench,
  Client,
  exchange,
  openBackend,
  openBench,
  readAll,
  statuses,
} from "../test/bench.ts";
import { makeService, makeSnapshot, makeWorkload } from "../test/make-snapshot.ts";
import { spoil } from "../test/spoil.ts";
import { canReadInto } from "./net/read-into.ts";
import { canWriteThrough } from "./net/write-through.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** Sockets are read in three ways and written in three, and all must be right (see read-into.ts, write-through.ts, native-read.ts, native-write.ts). */
describe.each([
  ["and written by the system's own calls", { readsInto: true, writesThrough: true }],
  [
    "into one buffer, and written past their streams",
    { readsInto: true, writesThrough: true, readsNatively: false, writesNatively: false },
  ],
  [
    "by 'data' events, and written past their streams",
    { readsInto: false, writesThrough: true, writesNatively: false },
  ],
  ["and written as streams", { readsInto: false, writesThrough: false }],
])("sockets that are read %s", (_way, ways) => {
  const sockets = { ...ways, afterRead: spoil };

  async function setUp(answer?: Parameters<typeof openBackend>[0]): Promise<{ backend: Backend; bench: Bench }> {
    const backend = await openBackend(answer);
    const bench = await openBench(backend.port, undefined, { sockets });
    open.push(backend, bench);
    return { backend, bench };
  }

  test("a request goes in by the path that it means, and the connection stays", async () => {
    const { backend, bench } = await setUp();
    const client = new Client(bench.inbound);
    client.write("GET /a/./b/../c?x=1 HTTP/1.1\r\nHost: svc\r\n\r\n");
    expect(await client.until("GET /a/c")).toContain("200 OK");
    client.write("POST /d HTTP/1.1\r\nHost: svc\r\nContent-Length: 5\r\n\r\nhello");
    expect(await client.until("hello")).toContain("POST /d svc hello");
    client.close();
    expect(backend.seen).toEqual(["GET /a/c?x=1", "POST /d"]);
  });

  test("outbound knows services by their hosts, and nothing else", async () => {
    const { backend, bench } = await setUp();
    const text = await exchange(
      bench.outbound,
      "GET http://orders/a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: Orders.default:80\r\n\r\nGET http://127.0.0.1:1/ HTTP/1.1\r\nHost: orders\r\n\r\n",
    );
    expect(statuses(text)).toEqual([200, 200, 404]);
    expect(text).toContain('"reason":"no_such_service"');
    expect(backend.seen).toEqual(["GET /a", "GET /b"]);
  });

  test("pipelined requests are answered in order, garbage after them ends the connection", async () => {
    const { backend, bench } = await setUp();
    const good = Array.from({ length: 20 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: s\r\n\r\n`).join("");
    const text = await exchange(bench.inbound, `${good}\0garbage\r\n\r\n`);
    expect(statuses(text)).toEqual([...Array(20).fill(200), 400]);
    expect(backend.seen).toEqual(Array.from({ length: 20 }, (_, i) => `GET /${i}`));
  });

  test.each([1, 3, 1000])("content in chunks passes both ways, %d bytes at a time, with trailers", async (step) => {
    const { bench } = await setUp((request, response) => {
      void readAll(request).then((body) => {
        response.writeHead(200, { trailer: "x-sum" });
        response.write(body.toUpperCase());
        response.addTrailers({ "x-sum": request.trailers["x-check"] ?? "none" });
        response.end();
      });
    });
    const client = new Client(bench.inbound);
    const text =
      "POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-Check: 7\r\n\r\n";
    for (let at = 0; at < text.length; at += step) client.write(text.slice(at, at + step));
    expect(await client.until("\r\n0\r\n")).toContain("HELLO WORLD");
    expect(await client.until("x-sum: 7\r\n\r\n")).toContain("x-sum: 7\r\n\r\n");
    client.close();
  });

  test("of a message whose framing is broken nothing goes on", async () => {
    const { backend, bench } = await setUp();
    const text = await exchange(
      bench.inbound,
      "POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
    );
    expect([statuses(text), backend.seen]).toEqual([[400], []]);
  });

  test("100 (Continue) comes from the application, once", async () => {
    const { bench } = await setUp();
    const client = new Client(bench.inbound);
    client.write("POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    expect(statuses(await client.until("\r\n\r\n"))).toEqual([100]);
    client.write("ok");
    expect(statuses(await client.until(" ok"))).toEqual([100, 200]);
    client.close();
  });

  test("HEAD, 204 and 304 have no content", async () => {
    const { bench } = await setUp((request, response) => {
      const status = Number(request.url?.slice(1));
      response.writeHead(status, status === 200 ? { "content-length": "5" } : {});
      response.end(request.method === "HEAD" ? undefined : "");
    });
    const text = await exchange(
      bench.inbound,
      "HEAD /200 HTTP/1.1\r\nHost: s\r\n\r\nGET /204 HTTP/1.1\r\nHost: s\r\n\r\nGET /304 HTTP/1.1\r\nHost: s\r\n\r\n",
    );
    expect(statuses(text)).toEqual([200, 204, 304]);
    expect(text.toLowerCase()).toContain("content-length: 5");
  });

  test("an HTTP/1.0 client gets no chunks and a closed connection", async () => {
    const { bench } = await setUp((_, response) => {
      response.write("one ");
      response.end("two");
    });
    const client = new Client(bench.inbound);
    client.write("GET / HTTP/1.0\r\n\r\n");
    await client.closed;
    expect(client.text).toMatch(/connection: close[\s\S]*\r\n\r\none two$/i);
  });

  test("a client that resets its connection takes its upstream request along", async () => {
    let onAborted: () => void = () => {};
    const aborted = new Promise<void>((done) => {
      onAborted = done;
    });
    const { bench } = await setUp((request, response) => {
      response.on("close", onAborted);
      response.writeHead(200);
      response.write("part");
      request.resume();
    });
    const client = new Client(bench.inbound);
    client.write("GET / HTTP/1.1\r\nHost: s\r\n\r\n");
    await client.until("part");
    client.socket.resetAndDestroy();
    await aborted;
  });

  test("an upstream that breaks off in the middle cuts the client's connection", async () => {
    const backend = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart"));
    });
    await new Promise<void>((done) => backend.listen(0, "127.0.0.1", done));
    const bench = await openBench((backend.address() as { port: number }).port, undefined, { sockets });
    open.push(bench);
    const client = new Client(bench.inbound);
    client.write("GET / HTTP/1.1\r\nHost: s\r\n\r\n");
    await client.closed;
    expect(client.text).toMatch(/part$/);
    backend.close();
  });

  test.each([
    ["garbage", "garbage\r\n\r\n", 502, "upstream_protocol"],
    ["a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 502, "upstream_protocol"],
    ["nothing", "", 503, "upstream_reset"],
  ])("an upstream that answers with %s is answered for", async (_, bytes, status, reason) => {
    const backend = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(bytes));
    });
    await new Promise<void>((done) => backend.listen(0, "127.0.0.1", done));
    const bench = await openBench((backend.address() as { port: number }).port, undefined, { sockets });
    open.push(bench);
    const text = await exchange(bench.inbound, "GET / HTTP/1.1\r\nHost: s\r\n\r\n");
    expect(statuses(text)).toEqual([status]);
    expect(text).toContain(`"reason":"${reason}"`);
    backend.close();
  });

  test("what comes unasked on an idle connection ends it, and the next request is right", async () => {
    const connections: number[] = [];
    const backend = createServer((socket) => {
      const id = connections.push(1);
      socket.on("error", () => {});
      socket.on("data", () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${id}`);
        if (id === 1) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
      });
    });
    await new Promise<void>((done) => backend.listen(0, "127.0.0.1", done));
    const bench = await openBench((backend.address() as { port: number }).port, undefined, { sockets });
    open.push(bench);
    const first = await exchange(bench.inbound, "GET / HTTP/1.1\r\nHost: s\r\n\r\n");
    const second = await exchange(bench.inbound, "GET / HTTP/1.1\r\nHost: s\r\n\r\n");
    expect([first.endsWith("\r\n\r\n1"), second.endsWith("\r\n\r\n2")]).toEqual([true, true]);
    backend.close();
  });

  test("no application: 503, and nobody waits", async () => {
    const bench = await openBench(1, undefined, { sockets });
    open.push(bench);
    const text = await exchange(bench.inbound, "POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 3\r\n\r\nabc");
    expect(statuses(text)).toEqual([503]);
    expect(text).toContain('"reason":"connect_failed"');
  });
});

test("this Node lets accepted sockets be read into a buffer, and sockets be written past their streams", () => {
  expect([canReadInto, canWriteThrough]).toEqual([true, true]);
});

test("a port for one service takes every authority for it, and the application hears the service's own", async () => {
  const backend = await openBackend();
  const outboundServices = [
    { service: "orders", port: 0 },
    { service: "nobody", port: 0 },
  ];
  const bench = await openBench(backend.port, undefined, { outboundServices });
  open.push(backend, bench);
  const { orders, nobody } = bench.proxy.addresses.outboundServices;
  const text = await exchange(
    orders?.port ?? 0,
    "GET /a HTTP/1.1\r\nHost: localhost:1\r\n\r\nGET http://nobody/b HTTP/1.1\r\nHost: x\r\n\r\n",
  );
  expect([statuses(text), text.includes("GET /a orders "), backend.seen]).toEqual([
    [200, 200],
    true,
    ["GET /a", "GET /b"],
  ]);
  expect(await exchange(nobody?.port ?? 0, "GET / HTTP/1.1\r\nHost: orders\r\n\r\n")).toContain("no_such_service");
});

test("an application that listens on ::1 alone is found", async () => {
  const application = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nv6"));
  });
  await new Promise<void>((done) => application.listen(0, "::1", done));
  const bench = await openBench((application.address() as { port: number }).port);
  open.push(bench, { close: () => new Promise((done) => application.close(() => done())) });
  expect(await exchange(bench.inbound, "GET / HTTP/1.1\r\nHost: s\r\n\r\n")).toMatch(/v6$/);
});

test("ports for one service come, change and go with snapshots", async () => {
  const backend = await openBackend();
  const spares = [await openBackend(), await openBackend()];
  const [first = 0, second = 0] = spares.map(({ port }) => port);
  for (const spare of spares) await spare.close();
  const snapshotWith = (...localPorts: readonly LocalPort[]) =>
    makeSnapshot(makeWorkload({ outbound: [makeService("orders")], localPorts }));
  const orders = (port: number): LocalPort => ({ port, service: "orders.default", servicePort: 80 });
  const bench = await openBench(backend.port, undefined, {}, snapshotWith(orders(first)));
  open.push(backend, bench);
  const ask = (port: number) => exchange(port, "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
  expect(await ask(first)).toContain("GET /a orders.default:80 ");
  await bench.apply(snapshotWith({ ...orders(first), servicePort: 81 }, orders(second)));
  expect([await ask(first), await ask(second)]).toEqual([
    expect.stringContaining("no_such_service"),
    expect.stringContaining("GET /a orders.default:80 "),
  ]);
  await bench.apply(snapshotWith(orders(second)));
  // Nobody listens there.
  expect(await ask(first)).toBe("");
  expect(await ask(second)).toContain("GET /a orders.default:80 ");
  const taken = snapshotWith(orders(second), orders(backend.port));
  await expect(bench.apply(taken)).rejects.toThrow(`cannot listen on 127.0.0.1:${backend.port} (for orders.default)`);
  expect(await ask(second)).toContain("GET /a orders.default:80 ");
});
