import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makePaced } from "./pace.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const nowMs = () => vi.getMockedSystemTime()?.getTime() ?? 0;

/** Rounds that take so long each, of which some is for what is done once for each that asked. */
function makeRounds(tookMs: readonly number[], onceMs = 0) {
  const startedMs: number[] = [];
  const ask = makePaced(() => {
    startedMs.push(nowMs());
    vi.advanceTimersByTime(tookMs[startedMs.length - 1] ?? 0);
    return onceMs;
  }, 9);
  const beganMs = nowMs();
  return { ask, startedMs: () => startedMs.map((ms) => ms - beganMs) };
}

test("the first that asks has its round at once, and those after it have one when that has had its rest", () => {
  const { ask, startedMs } = makeRounds([10, 1]);
  ask();
  ask();
  ask();
  expect(startedMs()).toEqual([0]);
  vi.advanceTimersByTime(89);
  expect(startedMs()).toEqual([0]);
  vi.advanceTimersByTime(1);
  expect(startedMs()).toEqual([0, 100]);
});

test("for what is done for each there is no rest", () => {
  const { ask, startedMs } = makeRounds([10, 1], 10);
  ask();
  ask();
  expect(startedMs()).toEqual([0, 10]);
});

test("though a round took a minute, as where the machine stood still, whoever asks waits for no more than a second", () => {
  const { ask, startedMs } = makeRounds([60_000, 1]);
  ask();
  ask();
  vi.advanceTimersByTime(1000);
  expect(startedMs()).toEqual([0, 61_000]);
});
