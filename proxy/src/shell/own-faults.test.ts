/** Faults of our own, made on purpose in each callback that the event loop makes: one connection ends, and is counted. */
import type { RequestListener } from "node:http";
import { SILENT } from "@regomesh/base";
import { afterEach, expect, test } from "vitest";
import { FrameType } from "../http2/frame.ts";
import { SlabPool } from "../message/slab-pool.ts";
import { Counter } from "../metrics/counters.ts";
import { type Backend, Client, exchange, makeOrders, openBackend, statuses } from "../test/bench.ts";
import { block, concat, frame, framesOf, GET, preface } from "../test/http2.ts";
import { makeService, makeSnapshot, makeWorkload } from "../test/make-snapshot.ts";
import { DEFAULT_TIMEOUTS } from "./downstream/downstream-timeouts.ts";
import { makeSharedMemory, makeThread } from "./plane/make-thread.ts";
import type { Thread } from "./plane/thread.ts";
import { ThreadPlane } from "./plane/thread-plane.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

type Setting = { readonly thread: Thread; readonly plane: ThreadPlane; readonly outbound: number; faults(): number };

/** A plane whose thread is so changed, with these endpoints of orders. */
async function openPlane(change: Partial<Thread>, backends: readonly Backend[]): Promise<Setting> {
  const thread: Thread = {
    ...makeThread({ log: SILENT, shared: makeSharedMemory(), accessLog: undefined }),
    ...change,
  };
  const plane = new ThreadPlane(thread, {
    workload: undefined,
    namespace: "default",
    appPort: backends[0]?.port,
    edge: undefined,
    trustedHops: 0,
    isShared: false,
    timeouts: { ...DEFAULT_TIMEOUTS, leftMs: 60_000 },
    graceMs: 1000,
  });
  open.push(plane);
  const { port } = await plane.listenOutbound(0);
  const snapshot = makeSnapshot(makeWorkload({ outbound: [makeService("orders")] }));
  await plane.prepare({ snapshot, hash: "one", modules: [] }, {});
  await plane.commit();
  await plane.setEndpoints(
    backends.map((backend) => makeOrders(backend.port)),
    ["orders.default"],
    true,
  );
  return { thread, plane, outbound: port, faults: () => thread.counters.get(Counter.internalFaults) };
}

async function openBackends(...answers: readonly (RequestListener | undefined)[]): Promise<readonly Backend[]> {
  const backends = await Promise.all(answers.map((answer) => openBackend(answer)));
  open.push(...backends);
  return backends;
}

const turn = () => new Promise((next) => setImmediate(next));
const get = (port: number): Promise<string> => exchange(port, "GET / HTTP/1.1\r\nHost: orders\r\n\r\n");
const busy: RequestListener = (request, response) => {
  request.resume();
  response.writeHead(503).end("busy");
};

/** The frames that are whole of what came. */
function whole(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  let end = 0;
  while (end + 9 <= bytes.length && end + 9 + bytes.readUIntBE(end, 3) <= bytes.length)
    end += 9 + bytes.readUIntBE(end, 3);
  return bytes.subarray(0, end);
}

/** Throws once, at the call of this number. */
function throwsAt(call: number): () => number {
  let calls = 0;
  return () => {
    if (++calls === call) throw new Error("made on purpose");
    return 0.5;
  };
}

test.each([
  ["as a request is decided", 1],
  ["as a response's head comes, for a retry's wait", 3],
  ["in a timer, as that wait is over", 4],
])("a throw %s is one client's 500", async (_, call) => {
  const backends = await openBackends(busy, busy);
  const setting = await openPlane({ random: throwsAt(call) }, backends);
  const bystander = new Client(setting.outbound);
  const text = await get(setting.outbound);
  expect([statuses(text), setting.faults()]).toEqual([[500], 1]);
  bystander.write("GET / HTTP/1.1\r\nHost: orders\r\n\r\n");
  expect(statuses(await bystander.until("busy"))).toEqual([503]);
  bystander.close();
});

test.each(Array.from({ length: 12 }, (_, index) => index + 1))(
  "a throw as buffer %d is taken for streams of one connection loses nothing of what came with it",
  async (call) => {
    const backends = await openBackends(busy);
    const setting = await openPlane({}, backends);
    const client = new Client(setting.outbound);
    const post = (stream: number): Uint8Array =>
      concat(
        frame(FrameType.headers, 4, stream, block([[":method", "POST"], ...GET.slice(1)])),
        frame(FrameType.data, 1, stream, Buffer.from("abc")),
      );
    const ended = (): ReadonlySet<number> => {
      const last = framesOf(whole(client.text)).filter(
        ({ type, flags }) => type === FrameType.rstStream || (type === FrameType.data && (flags & 1) === 1),
      );
      return new Set(last.map(({ stream }) => stream));
    };
    const until = async (count: number): Promise<void> => {
      while (ended().size < count && !client.socket.closed) await turn();
    };
    client.write(Buffer.from(concat(preface, post(1))));
    await until(1);
    const { slabs } = setting.thread;
    const { take } = slabs;
    let calls = 0;
    slabs.take = (bytes) => {
      if (++calls === call) throw new Error("made on purpose");
      return take.call(slabs, bytes);
    };
    client.write(Buffer.from(concat(post(3), post(5), post(7))));
    await until(4);
    expect([client.socket.closed || ended().size === 4, setting.faults()]).toEqual([true, calls < call ? 0 : 1]);
    client.close();
  },
);

test("a record that cannot be written ends its connection, and leaves nothing behind", async () => {
  const backends = await openBackends(undefined);
  let isBroken = true;
  const accessLog = {
    begin: () => {
      if (isBroken) throw new Error("made on purpose");
      return undefined;
    },
    close: async () => {},
  } as unknown as Thread["accessLog"];
  const setting = await openPlane({ accessLog }, backends);
  const client = new Client(setting.outbound);
  client.write("GET / HTTP/1.1\r\nHost: orders\r\n\r\n");
  await client.closed;
  expect(setting.faults()).toBe(1);
  isBroken = false;
  expect(statuses(await get(setting.outbound))).toEqual([200]);
  expect(setting.thread.counters.get(Counter.connectionsOpen)).toBe(0);
});

test("a throw as written bytes are handed to the socket ends that connection", async () => {
  const backends = await openBackends(undefined);
  const setting = await openPlane({}, backends);
  const { slabs } = setting.thread;
  const { giveBack } = slabs;
  let left = 1;
  slabs.giveBack = (slab) => {
    if (left-- === 1) throw new Error("made on purpose");
    giveBack.call(slabs, slab);
  };
  await get(setting.outbound);
  expect(setting.faults()).toBe(1);
  expect(statuses(await get(setting.outbound))).toEqual([200]);
});

test("beyond what a thread may hold no request begins, and what comes back is counted out", async () => {
  let finish: () => void = () => {};
  const backends = await openBackends((request, response) => {
    request.resume();
    finish = () => response.end("done");
  });
  const slabs = new SlabPool({ scarceBytes: 1, exhaustedBytes: 4096 });
  const setting = await openPlane({ slabs }, backends);
  const first = new Client(setting.outbound);
  first.write("POST / HTTP/1.1\r\nHost: orders\r\nContent-Length: 1\r\n\r\nx");
  while (backends[0]?.seen.length === 0) await turn();
  const refused = await get(setting.outbound);
  expect(refused).toContain('"reason":"overloaded"');
  finish();
  expect(await first.until("done")).toContain("200 OK");
  first.close();
  while (setting.thread.counters.get(Counter.connectionsOpen) > 0) await turn();
  expect(slabs.heldBytes).toBe(0);
});

test("what a client sends ahead of its turn counts among what the thread holds, and is counted out", async () => {
  const held: (() => void)[] = [];
  const backends = await openBackends((_, response) => void held.push(() => void response.end("done")));
  const slabs = new SlabPool();
  const setting = await openPlane({ slabs }, backends);
  const client = new Client(setting.outbound);
  const request = `GET / HTTP/1.1\r\nHost: orders\r\nX-Long: ${"x".repeat(1000)}\r\n\r\n`;
  client.write(request);
  while (held.length === 0) await turn();
  const heldBytes = slabs.heldBytes;
  client.write(request.repeat(40));
  while (slabs.heldBytes < heldBytes + 40 * request.length) await turn();
  for (let answered = 0; answered < 41; answered++) {
    while (held.length === 0) await turn();
    held.shift()?.();
  }
  while (statuses(client.text).length < 41) await turn();
  client.close();
  while (setting.thread.counters.get(Counter.connectionsOpen) > 0) await turn();
  expect(slabs.heldBytes).toBe(0);
});
