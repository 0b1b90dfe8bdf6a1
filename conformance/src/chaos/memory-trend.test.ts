import { expect, test } from "vitest";
import { trendOf } from "./memory-trend.ts";

const samples = (seconds: number, bytes: (second: number) => number) =>
  Array.from({ length: seconds + 1 }, (_, second) => ({ atMs: second * 1000, bytes: bytes(second) }));

test("garbage that comes and goes is no growth, and warming up is none", () => {
  const breathing = samples(300, (second) => Math.min(second, 50) * 1000 + (second % 10) * 5000);
  expect(trendOf(breathing)).toEqual({ livedMs: 300_000, fromBytes: 50_000, growthBytes: 0 });
});

test("a leak is its growth", () => {
  expect(trendOf(samples(300, (second) => second * 100))?.growthBytes).toBe(21_000);
});

test("a life that was short says nothing", () => {
  expect(trendOf(samples(100, () => 1))).toBeUndefined();
  expect(trendOf([])).toBeUndefined();
});
