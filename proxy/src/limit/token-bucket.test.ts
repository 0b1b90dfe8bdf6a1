import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { giveBackTokens, hashLimitKey, makeBucketMemory, openBucketTable, takeTokens } from "./token-bucket.ts";

const makeTable = (slots = 1024) => openBucketTable(makeBucketMemory(slots, [1, 2]));
const hundred = { limit: 100, windowMs: 1000, burst: 1, cost: 1 };

test("100 a second let 100 ± 2 pass every second of a minute", () => {
  const table = makeTable();
  const passed = new Array<number>(60).fill(0);
  for (let tenths = 0; tenths < 60_000 * 2; tenths++) {
    const nowMs = tenths / 2;
    if (takeTokens(table, 77, hundred, nowMs) === 0) passed[Math.floor(nowMs / 1000)]! += 1;
  }
  expect(Math.max(...passed)).toBeLessThanOrEqual(102);
  expect(Math.min(...passed)).toBeGreaterThanOrEqual(98);
});

test("a burst passes at once, then the rate holds, and the wait is told", () => {
  const table = makeTable();
  const limit = { limit: 10, windowMs: 1000, burst: 5, cost: 1 };
  const waits = [0, 0, 0, 0, 0, 0].map(() => takeTokens(table, 5, limit, 0));
  expect(waits).toEqual([0, 0, 0, 0, 0, 100]);
  expect(takeTokens(table, 5, limit, 99)).toBeGreaterThan(0);
  expect(takeTokens(table, 5, limit, 100)).toBe(0);
});

test("keys do not see each other; a given-back token can be had again", () => {
  const table = makeTable();
  const one = { limit: 1, windowMs: 60_000, burst: 1, cost: 1 };
  const alice = hashLimitKey(table, "b", "user:alice", 1, 60_000);
  const bob = hashLimitKey(table, "b", "user:bob", 1, 60_000);
  expect(takeTokens(table, alice, one, 0)).toBe(0);
  expect(takeTokens(table, bob, one, 0)).toBe(0);
  expect(takeTokens(table, alice, one, 1)).toBeGreaterThan(59_000);
  giveBackTokens(table, alice, one, 1);
  expect(takeTokens(table, alice, one, 1)).toBe(0);
});

test("a full table gives up its stalest bucket, never the limit in use", () => {
  const table = makeTable(8);
  const slow = { limit: 1, windowMs: 60_000, burst: 1, cost: 1 };
  expect(takeTokens(table, 999, slow, 0)).toBe(0);
  for (let key = 1; key <= 100; key++) takeTokens(table, key, { ...hundred, limit: 100_000 }, key);
  expect(takeTokens(table, 999, slow, 101)).toBeGreaterThan(0);
});

test("times past the wrap of 32 bits still count", () => {
  const table = makeTable();
  const start = 2 ** 31 / 16 - 5;
  const waits = [0, 1, 2, 10, 11].map((ms) =>
    takeTokens(table, 3, { limit: 1, windowMs: 10, burst: 1, cost: 1 }, start + ms),
  );
  expect(waits.map((wait) => wait === 0)).toEqual([true, false, false, true, false]);
});

test("a hundred thousand a second are counted one by one", () => {
  const table = makeTable();
  const limit = { limit: 100_000, windowMs: 1000, burst: 10, cost: 1 };
  let passed = 0;
  for (let i = 0; i < 400_000; i++) if (takeTokens(table, 9, limit, i / 400) === 0) passed++;
  expect(passed).toBeGreaterThan(97_000);
  expect(passed).toBeLessThan(103_000);
});

test.each([60_000, 3_600_000, 86_400_000 * 2])("a bucket that was not asked for %d ms is full", (idleMs) => {
  for (const limit of [
    { limit: 1, windowMs: 1000, burst: 1, cost: 1 },
    { limit: 1, windowMs: 86_400_000, burst: 1, cost: 1 },
  ]) {
    if (idleMs < limit.windowMs) continue;
    const table = makeTable();
    expect(takeTokens(table, 4, limit, 0)).toBe(0);
    expect(takeTokens(table, 4, limit, idleMs)).toBe(0);
  }
});

test("a burst worth more time than can be counted is cut, never turned into a refusal", () => {
  const table = makeTable();
  const limit = { limit: 1, windowMs: 86_400_000, burst: 1000, cost: 1 };
  expect(takeTokens(table, 6, limit, 0)).toBe(0);
});

test("what costs more than a burst is never admitted, and takes nothing", () => {
  const table = makeTable();
  const limit = { limit: 10, windowMs: 1000, burst: 5, cost: 6 };
  expect([0, 10_000].map((nowMs) => takeTokens(table, 5, limit, nowMs))).toEqual([Infinity, Infinity]);
  expect(takeTokens(table, 5, { ...limit, cost: 5 }, 10_000)).toBe(0);
});

test("keys that share a bucket in one process share none in another", () => {
  const hashes = (k0: number) => {
    const table = openBucketTable(makeBucketMemory(8, [k0, 7]));
    return Array.from({ length: 5000 }, (_, key) => hashLimitKey(table, "s", `k${key}`, 1, 1) & 0xfff);
  };
  const [one, other] = [hashes(1), hashes(2)];
  let [pairs, again] = [0, 0];
  for (let a = 0; a < 500; a++) {
    for (let b = a + 1; b < one.length; b++) {
      if (one[a] !== one[b]) continue;
      pairs++;
      if (other[a] === other[b]) again++;
    }
  }
  expect(pairs).toBeGreaterThan(300);
  expect(again).toBeLessThan(pairs / 100);
});

test("texts are told apart by where one ends", () => {
  const table = makeTable();
  expect(hashLimitKey(table, "ab", "c", 1, 1)).not.toBe(hashLimitKey(table, "a", "bc", 1, 1));
});

test.each([
  { windowMs: 3_600_000, behindMs: 1 },
  { windowMs: 3_600_000, behindMs: 2000 },
  { windowMs: 1000, behindMs: 1 },
  { windowMs: 1000, behindMs: 2000 },
])("a thread whose time is $behindMs ms behind finds the bucket used up, of $windowMs ms", ({ windowMs, behindMs }) => {
  const table = makeTable();
  const limit = { limit: 3, windowMs, burst: 3, cost: 1 };
  const hash = hashLimitKey(table, "s", "alice", limit.limit, limit.windowMs);
  const take = (nowMs: number): boolean => takeTokens(table, hash, limit, nowMs) === 0;
  expect([1, 2, 3, 4].map(() => take(50_000))).toEqual([true, true, true, false]);
  expect([1, 2].map(() => take(50_000 - behindMs))).toEqual([false, false]);
});

test("two threads that meet at a new key count its requests together", async () => {
  const keys = 1_000;
  const workerData = {
    memory: makeBucketMemory(1 << 16, [1, 2]),
    turns: new SharedArrayBuffer(4),
    granted: new SharedArrayBuffer(4 * keys),
  };
  const workers = [1, 2].map(
    () => new Worker(new URL("../test/take-tokens-worker.ts", import.meta.url), { workerData }),
  );
  await Promise.all(workers.map((worker) => once(worker, "exit")));
  expect(new Set(new Int32Array(workerData.granted))).toEqual(new Set([1]));
});
