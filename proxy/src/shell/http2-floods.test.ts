/**
 * Floods and stalls of HTTP/2 against a listener of a real proxy: each ends with GOAWAY or a reset, within
 * its limit, and another client's connection is none the worse for it.
 */
import { type ClientHttp2Session, connect } from "node:http2";
import { afterEach, describe, expect, test } from "vitest";
import { ErrorCode } from "../http2/error-code.ts";
import { FrameType, readUint31, readUint32 } from "../http2/frame.ts";
import { Counter } from "../metrics/counters.ts";
import { type Bench, Client, openBackend, openBench } from "../test/bench.ts";
import { block, concat, frame, framesOf, GET, type HeadFields, preface, uint32 } from "../test/http2.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const { data, headers, priority, rstStream, settings, ping, goaway, windowUpdate, continuation } = FrameType;
const END_STREAM = 1;
const END_HEADERS = 4;
const POST: HeadFields = [[":method", "POST"], ...GET.slice(1)];
const HELD: HeadFields = [...GET.filter(([name]) => name !== ":path"), [":path", "/held"]];
const opened = (i: number, fields = POST) => frame(headers, END_HEADERS, i * 2 + 1, block(fields));
const asked = (i: number, fields = GET) => frame(headers, END_HEADERS | END_STREAM, i * 2 + 1, block(fields));
const setting = (id: number, value: number) => [id >>> 8, id & 255, ...uint32(value)];

async function setUp(change: Parameters<typeof openBench>[2] = {}): Promise<Bench> {
  const backend = await openBackend((request, response) => {
    request.resume();
    if (request.url !== "/held") response.end("x".repeat(30_000));
  });
  const bench = await openBench(backend.port, undefined, change);
  open.push(backend, bench);
  return bench;
}

function honest(bench: Bench): { readonly session: ClientHttp2Session; ask(): Promise<number> } {
  const session = connect(`http://127.0.0.1:${bench.inbound}`);
  session.on("error", () => {});
  open.push({ close: async () => void session.destroy() });
  return {
    session,
    ask: () =>
      new Promise((done) => {
        const stream = session.request({ ":path": "/" });
        let status = 0;
        stream.on("response", (head) => {
          status = Number(head[":status"]);
        });
        stream.on("error", () => done(0));
        stream.on("close", () => done(status)).resume();
      }),
  };
}

/** What the proxy wrote, as frames; a last one that is not whole is left out. */
function heard(client: Client) {
  const bytes = Buffer.from(client.text, "latin1");
  let end = 0;
  while (end + 9 <= bytes.length && end + 9 + bytes.readUIntBE(end, 3) <= bytes.length)
    end += 9 + bytes.readUIntBE(end, 3);
  return framesOf(bytes.subarray(0, end));
}

/** The code of the GOAWAY with which the connection ended. */
function goawayOf(client: Client): number | undefined {
  const last = heard(client).findLast(({ type }) => type === goaway);
  return last === undefined ? undefined : readUint32(last.payload, 4);
}

describe("a flood ends its connection, and no other", () => {
  test.each<readonly [string, number, (i: number) => Uint8Array]>([
    ["rapid reset (CVE-2023-44487)", 5000, (i) => concat(asked(i, HELD), frame(rstStream, 0, i * 2 + 1, uint32(8)))],
    [
      "resets that we are made to send (CVE-2025-8671)",
      5000,
      (i) => concat(opened(i), frame(windowUpdate, 0, i * 2 + 1, uint32(0))),
    ],
    ["CONTINUATION (CVE-2024-27316)", 500, (i) => (i === 0 ? frame(headers, 0, 1) : frame(continuation, 0, 1, [0x82]))],
    ["PING (CVE-2019-9512)", 5000, () => frame(ping, 0, 0, new Uint8Array(8))],
    ["SETTINGS (CVE-2019-9515)", 5000, () => frame(settings, 0, 0, setting(4, 1000))],
    ["empty DATA (CVE-2019-9518)", 5000, (i) => (i === 0 ? opened(0) : frame(data, 0, 1))],
    ["PRIORITY (CVE-2019-9513)", 5000, () => frame(priority, 0, 1, new Uint8Array(5))],
    ["WINDOW_UPDATE", 10_000, (i) => (i === 0 ? asked(0, HELD) : frame(windowUpdate, 0, 0, uint32(1)))],
    ["streams above the limit", 5000, (i) => opened(i)],
  ])("%s", async (_, count, make) => {
    const bench = await setUp();
    const other = honest(bench);
    expect(await other.ask()).toBe(200);
    const client = new Client(bench.inbound);
    client.write(Buffer.from(preface));
    for (let i = 0; i < count && !client.socket.closed; i += 100) {
      client.write(Buffer.from(concat(...Array.from({ length: 100 }, (_frame, k) => make(i + k)))));
      await new Promise((next) => setImmediate(next));
    }
    await client.closed;
    expect(goawayOf(client)).toBe(ErrorCode.enhanceYourCalm);
    expect(await other.ask()).toBe(200);
    const { counters } = await bench.proxy.plane.read();
    expect([counters[Counter.internalFaults], counters[Counter.connectionsOpen]]).toEqual([0, 1]);
  });
});

test("a bomb of references to one large entry is refused, and costs no more than a head may", async () => {
  const bench = await setUp();
  const client = new Client(bench.inbound);
  const large = Uint8Array.from([0x40, 1, 0x61, 0x7f, 0x81, 0x1e, ...new Array<number>(4000).fill(0x62)]);
  const bomb = concat(block(GET), large, new Uint8Array(4000).fill(0xbe));
  client.write(Buffer.from(concat(preface, frame(headers, 5, 1, bomb))));
  await client.until("fields_too_large");
  client.close();
});

test("a client that asks without end and takes nothing is not read until it does", async () => {
  const bench = await setUp();
  const client = new Client(bench.inbound);
  client.socket.pause();
  client.write(Buffer.from(preface));
  client.write(
    Buffer.from(concat(frame(settings, 0, 0, setting(4, 0x7fffffff)), frame(windowUpdate, 0, 0, uint32(0x7fff0000)))),
  );
  const batch = 50;
  for (let i = 0; i < 20_000 && client.socket.writableLength < 100_000; i += batch) {
    client.write(Buffer.from(concat(...Array.from({ length: batch }, (_, k) => asked(i + k)))));
    await new Promise((next) => setTimeout(next, 1));
  }
  const { counters } = await bench.proxy.plane.read();
  // Each is answered with 30 KB: what the proxy and two sockets hold.
  expect(counters[Counter.requests]).toBeLessThan(800);
  expect(counters[Counter.internalFaults]).toBe(0);
  client.close();
});

test("streams that are given no window end as any that takes nothing, and nobody's upstream is held by them", async () => {
  const bench = await setUp({ timeouts: { stallMs: 150, idleMs: 400 } });
  const client = new Client(bench.inbound);
  const frames = Array.from({ length: 90 }, (_, i) => asked(i));
  client.write(Buffer.from(concat(preface, frame(settings, 0, 0, setting(4, 0)), ...frames)));
  await client.closed;
  expect(heard(client).filter(({ type }) => type === rstStream).length).toBe(90);
});

test.each([
  ["half a frame", concat(preface, asked(0).subarray(0, 20))],
  ["a head without its end", concat(preface, frame(headers, END_STREAM, 1, block(GET)))],
])("%s has its time", async (_, bytes) => {
  const bench = await setUp({ timeouts: { headMs: 100, idleMs: 20_000 } });
  const client = new Client(bench.inbound);
  client.write(Buffer.from(bytes));
  await client.closed;
  expect(goawayOf(client)).toBe(ErrorCode.enhanceYourCalm);
});

test.each<readonly [string, Uint8Array | undefined]>([
  ["nothing comes", undefined],
  ["nothing comes but PINGs", frame(ping, 0, 0, new Uint8Array(8))],
  ["nothing comes but windows", frame(windowUpdate, 0, 0, uint32(1))],
])("a connection on which %s ends with GOAWAY of what came", async (_, bytes) => {
  const bench = await setUp({ timeouts: { idleMs: 100 } });
  const client = new Client(bench.inbound);
  client.write(Buffer.from(concat(preface, asked(0))));
  const timer = setInterval(() => bytes && client.write(Buffer.from(bytes)), 25);
  await client.closed.finally(() => clearInterval(timer));
  const last = heard(client).findLast(({ type }) => type === goaway);
  expect(last && [readUint31(last.payload, 0), readUint32(last.payload, 4)]).toEqual([1, ErrorCode.noError]);
});

test("of frames that each come in two pieces, each has its time", async () => {
  const headMs = 1000;
  const bench = await setUp({ timeouts: { headMs } });
  const client = new Client(bench.inbound);
  const half = 11;
  const asks = Array.from({ length: 6 }, (_, i) => asked(i, HELD));
  client.write(Buffer.from(preface));
  for (const [i, bytes] of asks.entries()) {
    client.write(Buffer.from(concat(asks[i - 1]?.subarray(half) ?? new Uint8Array(0), bytes.subarray(0, half))));
    await new Promise((next) => setTimeout(next, headMs / 4));
  }
  expect(client.socket.closed).toBe(false);
  await client.closed;
  expect(goawayOf(client)).toBe(ErrorCode.enhanceYourCalm);
});
