import { expect, test } from "vitest";
import { isGrowing, trendOf } from "./memory-trend.ts";

const MEGABYTE = 1_000_000;
const samples = (seconds: number, bytes: (second: number) => number) =>
  Array.from({ length: seconds + 1 }, (_, second) => ({ atMs: second * 1000, bytes: bytes(second) }));

test("garbage that comes and goes is no growth, and what was before or after is none", () => {
  const breathing = samples(
    900,
    (second) => Math.min(second, 80) * 1000 + (second % 10) * 5000 + (second > 480 ? 9e6 : 0),
  );
  expect(trendOf(breathing, 210_000, 480_000)).toEqual({
    spanMs: 270_000,
    fromBytes: 80_000,
    bytesInTenMinutes: 0,
    errorBytes: 0,
    leastBytes: Array.from({ length: 9 }, () => 80_000),
  });
});

test("a leak is its growth in ten minutes, however long it was looked at", () => {
  for (const seconds of [360, 600, 1200])
    expect(
      trendOf(
        samples(seconds, (second) => second * 100),
        200_000,
        seconds * 1000,
      )?.bytesInTenMinutes,
    ).toBeCloseTo(60_000);
});

test("a leak behind noise is found, and noise alone is none", () => {
  // Half a megabyte up and down between windows, without a pattern.
  const noise = (second: number) => (((Math.floor(second / 30) * 7919) % 11) / 10 - 0.5) * MEGABYTE;
  const leak = (perTenMinutes: number) =>
    trendOf(
      samples(630, (second) => 50 * MEGABYTE + noise(second) + (second / 600) * perTenMinutes),
      0,
      630_000,
    );
  const [none, some] = [leak(0), leak(6 * MEGABYTE)];
  if (none === undefined || some === undefined) throw new Error("no trend");
  expect([isGrowing(none, MEGABYTE), isGrowing(some, MEGABYTE)]).toEqual([false, true]);
});

test("a life that was short, or began later, says nothing", () => {
  expect(
    trendOf(
      samples(290, () => 1),
      210_000,
      600_000,
    ),
  ).toBeUndefined();
  const late = samples(600, () => 1).filter(({ atMs }) => atMs > 220_000);
  expect(trendOf(late, 210_000, 600_000)).toBeUndefined();
  expect(trendOf([], 0, 600_000)).toBeUndefined();
});
