import type { RequestListener } from "node:http";
import { createServer } from "node:net";
import type { OutboundService } from "@regomesh/protocol";
import { afterEach, expect, test } from "vitest";
import { Counter } from "../metrics/counters.ts";
import {
  type Backend,
  type Bench,
  Client,
  exchange,
  makeOrders,
  openBackend,
  openBench,
  readAll,
  statuses,
} from "../test/bench.ts";
import { makeService, makeSnapshot, makeWorkload } from "../test/make-snapshot.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

type Traffic = Partial<OutboundService["traffic"]>;

async function setUp(
  answers: readonly (RequestListener | undefined)[],
  traffic: Traffic = {},
): Promise<{ backends: readonly Backend[]; bench: Bench; ask(method?: string, body?: string): Promise<string> }> {
  const backends = await Promise.all(answers.map((answer) => openBackend(answer)));
  const service = makeService("orders");
  const orders = { ...service, traffic: { ...service.traffic, ...traffic } };
  const bench = await openBench(
    1,
    backends.map(({ port }) => port),
    {},
    makeSnapshot(makeWorkload({ outbound: [orders] })),
  );
  open.push(...backends, bench);
  return {
    backends,
    bench,
    ask: (method = "GET", body = "") =>
      exchange(
        bench.outbound,
        `${method} http://orders/ HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      ),
  };
}

const fail: RequestListener = (request, response) => {
  request.resume();
  response.writeHead(503);
  response.end("no");
};
const silent: RequestListener = (request) => void request.resume();
/** Until no socket is open on either side: what leaks never comes to it. */
async function untilClosed(bench: Bench): Promise<void> {
  for (;;) {
    const { counters } = await bench.proxy.plane.read();
    if (counters[Counter.connectionsOpen] === 0 && counters[Counter.upstreamOpen] === 0) return;
    await new Promise((next) => setImmediate(next));
  }
}

const NO_RETRY = { attempts: 0, perTryMs: undefined, on: [], budgetPercent: 20, budgetMin: 3 };
const seen = (backends: readonly Backend[]): number => backends.reduce((sum, backend) => sum + backend.seen.length, 0);

test("an endpoint that is not there is passed over, whatever the method", async () => {
  const { bench, backends } = await setUp([undefined]);
  const [backend] = backends;
  await bench.apply(makeSnapshot(makeWorkload({ outbound: [makeService("orders")] })), [
    makeOrders(1),
    makeOrders(backend?.port ?? 0),
  ]);
  for (let i = 0; i < 10; i++) {
    const text = await exchange(
      bench.outbound,
      "POST http://orders/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
    );
    expect(statuses(text)).toEqual([200]);
    expect(text).toContain("abc");
  }
});

test.each([
  ["GET", "", [200], 2],
  ["PUT", "content", [200], 2],
  ["POST", "content", [503], 1],
])("%s that is answered with 503 is tried as often as is safe", async (method, body, wanted, tries) => {
  let isFirst = true;
  const once: RequestListener = (request, response) => {
    if (isFirst) {
      isFirst = false;
      return fail(request, response);
    }
    void readAll(request).then((text) => response.end(`got ${text}`));
  };
  const { backends, ask } = await setUp([once]);
  const text = await ask(method, body);
  expect([statuses(text), seen(backends)]).toEqual([wanted, tries]);
  if (tries === 2) expect(text).toContain(`got ${body}`);
});

test("a retry sends chunks and trailers once more, framed anew", async () => {
  const got: string[] = [];
  const { bench } = await setUp([
    (request, response) =>
      void readAll(request).then((text) => {
        got.push(`${request.headers["transfer-encoding"]} ${text} ${JSON.stringify(request.trailers)}`);
        response.writeHead(got.length === 1 ? 503 : 200).end();
      }),
  ]);
  const chunks = "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n";
  const head = "PUT http://orders/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  expect(statuses(await exchange(bench.outbound, head + chunks))).toEqual([200]);
  expect(got).toEqual(Array(2).fill('chunked abcde {"x-sum":"1, 2"}'));
});

test("a service that fails is not asked more often than attempts and budget allow", async () => {
  const { backends, ask } = await setUp([fail], { breaker: { failuresMax: 1000, openMs: 1000, openMaxMs: 1000 } });
  const texts = await Promise.all(Array.from({ length: 20 }, () => ask()));
  expect(texts.flatMap(statuses)).toEqual(Array(20).fill(503));
  // 20 % of 20 active, and each retry only while it is under way.
  expect(seen(backends)).toBeLessThanOrEqual(40);
  expect(seen(backends)).toBeGreaterThan(20);
});

test("a try that takes too long gives way to another, and the whole request has its own end", async () => {
  const retry = { attempts: 1, perTryMs: 60, on: ["gateway-error"], budgetPercent: 20, budgetMin: 3 } as const;
  const { backends, ask } = await setUp([silent], { retry, requestTimeoutMs: 5000 });
  const text = await ask();
  expect([statuses(text), seen(backends)]).toEqual([[504], 2]);
  expect(text).toContain('"reason":"upstream_timeout"');
});

test("a request that is not answered in time gets 504, and its connection is gone", async () => {
  const { ask, bench } = await setUp([silent], { requestTimeoutMs: 80 });
  const text = await ask();
  expect(statuses(text)).toEqual([504]);
  expect(text).toContain('"reason":"request_deadline"');
  await untilClosed(bench);
});

test("a breaker opens after failures in a row, passes its endpoint over, and closes after a trial", async () => {
  let isFailing = true;
  const answer: RequestListener = (request, response) => (isFailing ? fail(request, response) : response.end("fine"));
  const breaker = { failuresMax: 3, openMs: 50, openMaxMs: 100 };
  const { backends, bench, ask } = await setUp([answer, undefined], { breaker, retry: NO_RETRY });
  const kindOf = async () => (await bench.proxy.plane.read()).endpoints[0]?.breaker;
  while ((backends[0]?.seen.length ?? 0) < 3) await ask();
  expect(await kindOf()).toBe("open");
  isFailing = false;
  while ((await kindOf()) !== "closed") expect(statuses(await ask())).toEqual([200]);
});

test("a kept-alive connection that was closed just then is made up for", async () => {
  let connections = 0;
  const backend = createServer((socket) => {
    connections++;
    let requests = 0;
    socket.on("error", () => {});
    socket.on("data", () => {
      // The second request on a connection meets its end.
      if (++requests === 2) return void socket.destroy();
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
  });
  await new Promise<void>((done) => backend.listen(0, "127.0.0.1", done));
  const bench = await openBench((backend.address() as { port: number }).port);
  open.push(bench);
  for (let i = 0; i < 6; i++) {
    expect(statuses(await exchange(bench.inbound, "GET / HTTP/1.1\r\nHost: s\r\n\r\n"))).toEqual([200]);
  }
  expect(connections).toBeGreaterThan(1);
  backend.close();
});

test("a full pool refuses at once what exceeds its queue", async () => {
  const { ask } = await setUp([silent], { connectionsMax: 1, pendingMax: 1, requestTimeoutMs: 300 });
  const texts = await Promise.all([ask(), ask(), ask(), ask()]);
  expect(texts.filter((text) => text.includes('"reason":"pool_exhausted"')).length).toBe(2);
  expect(texts.flatMap(statuses).sort()).toEqual([503, 503, 504, 504]);
});

const quick = { timeouts: { idleMs: 120, headMs: 60, stallMs: 100 } };

test("a head that does not come to its end gets 408", async () => {
  const backend = await openBackend();
  const bench = await openBench(backend.port, undefined, quick);
  open.push(backend, bench);
  const client = new Client(bench.inbound);
  client.write("GET / HTTP/1.1\r\nHo");
  await client.closed;
  expect(statuses(client.text)).toEqual([408]);
});

test("a connection on which nothing comes is closed", async () => {
  const backend = await openBackend();
  const bench = await openBench(backend.port, undefined, quick);
  open.push(backend, bench);
  const client = new Client(bench.inbound);
  await client.closed;
  expect(client.text).toBe("");
});

test("content that stops coming gets 408, and upstream is let go", async () => {
  const backend = await openBackend(silent);
  const bench = await openBench(backend.port, undefined, quick);
  open.push(backend, bench);
  const client = new Client(bench.inbound);
  client.write("POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 10\r\n\r\nabc");
  await client.closed;
  expect(statuses(client.text)).toEqual([408]);
  await untilClosed(bench);
});

test("an application that never answers is given up", async () => {
  const backend = await openBackend(silent);
  const bench = await openBench(backend.port, undefined, quick);
  open.push(backend, bench);
  const waiting = new Client(bench.inbound);
  waiting.write("GET / HTTP/1.1\r\nHost: s\r\n\r\n");
  // Half-closed: perhaps gone altogether, so nobody is waited for that long.
  expect(await exchange(bench.inbound, "GET / HTTP/1.1\r\nHost: s\r\n\r\n")).toBe("");
  expect(statuses(await waiting.until("upstream_timeout"))).toEqual([504]);
  waiting.close();
  await untilClosed(bench);
});

test("draining lets what is under way end, says close, and takes nothing new", async () => {
  let finish: () => void = () => {};
  const backend = await openBackend((_, response) => {
    finish = () => response.end("done");
  });
  const bench = await openBench(backend.port);
  open.push(backend);
  const busy = new Client(bench.inbound);
  const idle = new Client(bench.inbound);
  busy.write("GET / HTTP/1.1\r\nHost: s\r\n\r\n");
  while (backend.seen.length === 0) await new Promise((next) => setImmediate(next));
  const drained = bench.proxy.drain(5000);
  await idle.closed;
  finish();
  expect(await busy.until("done")).toContain("done");
  await busy.closed;
  await drained;
  const late = new Client(bench.inbound);
  await late.closed;
  expect(late.text).toBe("");
});
