import { expect, test } from "vitest";
import { dueAtMs, isRested, NEVER_WRITTEN, type Pace, wrote } from "./status-pace.ts";

/** When an object is written that differs all the time, from 0 on. */
function writesOf(isUrgent: boolean, untilMs: number, before: Pace = NEVER_WRITTEN): readonly number[] {
  const found: number[] = [];
  let pace = before;
  for (let atMs = Math.max(0, dueAtMs(pace, isUrgent)); atMs <= untilMs; atMs = dueAtMs(pace, isUrgent)) {
    found.push(Math.round(atMs));
    pace = wrote(pace, atMs);
  }
  return found;
}

test("what people wait for is written at once, four times in a row, and then every five seconds", () => {
  expect(writesOf(true, 20_000)).toEqual([0, 500, 1000, 1500, 5000, 10_000, 15_000, 20_000]);
});

test("counts are written every five seconds", () => {
  expect(writesOf(false, 12_000)).toEqual([0, 5000, 10_000]);
});

test("an object that was left alone has its writes back, and no more of them", () => {
  const busy = writesOf(true, 20_000).reduce(wrote, NEVER_WRITTEN);
  const later = writesOf(true, 200_000, wrote(busy, 100_000));
  expect(later.slice(0, 5).map((atMs) => atMs - 100_000)).toEqual([500, 1000, 1500, 5000, 10_000]);
});

test("a pace is forgotten when it says nothing more", () => {
  const busy = writesOf(true, 20_000).reduce(wrote, NEVER_WRITTEN);
  expect([isRested(busy, 40_000), isRested(busy, 40_001)]).toEqual([false, true]);
});
