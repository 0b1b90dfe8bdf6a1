import { afterEach, expect, test } from "vitest";
import { sumEdges } from "../metrics/edge-table.ts";
import { type Backend, type Bench, exchange, openBackend, openBench, statuses } from "../test/bench.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function setUp(): Promise<{ backend: Backend; bench: Bench }> {
  const backend = await openBackend();
  const bench = await openBench(backend.port, [backend.port], { workers: 2, sockets: undefined });
  open.push(backend, bench);
  return { backend, bench };
}

test("two threads serve one port, and their counts are one", async () => {
  const { backend, bench } = await setUp();
  const texts = await Promise.all(
    Array.from({ length: 40 }, (_, i) => exchange(bench.inbound, `GET /${i} HTTP/1.1\r\nHost: s\r\n\r\n`)),
  );
  expect(texts.flatMap(statuses)).toEqual(Array(40).fill(200));
  expect(backend.seen.length).toBe(40);
  const { edges } = await bench.proxy.plane.read();
  expect(sumEdges([edges]).find(({ direction }) => direction === "inbound")?.counts[0]).toBe(40);
});

test("outbound too, with endpoints that all threads know", async () => {
  const { bench } = await setUp();
  const texts = await Promise.all(
    Array.from({ length: 20 }, () => exchange(bench.outbound, "GET http://orders/ HTTP/1.1\r\nHost: x\r\n\r\n")),
  );
  expect(texts.flatMap(statuses)).toEqual(Array(20).fill(200));
});

test("what the disk says to every thread is said once", async () => {
  const backend = await openBackend();
  const bench = await openBench(backend.port, [backend.port], {
    workers: 2,
    sockets: undefined,
    accessLog: "/dev/full",
  });
  open.push(backend, bench);
  const said = "lines of /dev/full wait, and then are lost: no space is left on its disk";
  for (let i = 0; bench.proxy.disk.list().length === 0; i++)
    await exchange(bench.inbound, `GET /${i} HTTP/1.1\r\nHost: s\r\n\r\n`);
  expect(bench.proxy.disk.list()).toEqual([said]);
});

test("draining ends every thread", async () => {
  const { bench } = await setUp();
  await bench.proxy.drain(1000);
  expect(await exchange(bench.inbound, "GET / HTTP/1.1\r\nHost: s\r\n\r\n")).toBe("");
});
