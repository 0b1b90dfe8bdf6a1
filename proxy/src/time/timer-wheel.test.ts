import { makeRandom } from "@regomesh/base";
import { expect, test } from "vitest";
import { SLOT_MS, Timer, TimerWheel } from "./timer-wheel.ts";

const owner = {
  onFault: (error: unknown): void => {
    throw error;
  },
};

/** Drives a wheel as its shell does: comes when it promised, and says who fired when. */
function makeBench() {
  const fired: string[] = [];
  let dueMs: number | undefined;
  let nowMs = 1000;
  const wheel = new TimerWheel(nowMs, (atMs) => {
    dueMs = Math.min(dueMs ?? atMs, atMs);
  });
  return {
    fired,
    wheel,
    nowMs: () => nowMs,
    make: (name: string) => new Timer(() => fired.push(`${name}@${nowMs}`), owner),
    runTo(toMs: number) {
      while (dueMs !== undefined && dueMs <= toMs) {
        nowMs = dueMs;
        dueMs = undefined;
        dueMs = wheel.advance(nowMs);
      }
      nowMs = toMs;
    },
  };
}

test("a timer fires in its slot and not before", () => {
  const bench = makeBench();
  bench.wheel.arm(bench.make("a"), 1000, 50);
  bench.runTo(1049);
  expect(bench.fired).toEqual([]);
  bench.runTo(1100);
  expect(bench.fired).toEqual(["a@1052"]);
});

test("a timer that is armed again moves, one that is disarmed never fires", () => {
  const bench = makeBench();
  const moved = bench.make("moved");
  const gone = bench.make("gone");
  bench.wheel.arm(moved, 1000, 20);
  bench.wheel.arm(gone, 1000, 20);
  bench.wheel.arm(moved, 1000, 100);
  bench.wheel.disarm(gone);
  bench.runTo(2000);
  expect(bench.fired).toEqual(["moved@1100"]);
  expect(bench.wheel.armed).toBe(0);
});

test("a deadline many turns away is kept", () => {
  const bench = makeBench();
  bench.wheel.arm(bench.make("late"), 1000, 100_000);
  bench.runTo(100_999);
  expect(bench.fired).toEqual([]);
  bench.runTo(101_010);
  expect(bench.fired).toEqual(["late@101000"]);
});

test("an action may disarm its neighbour and arm itself again", () => {
  const bench = makeBench();
  const other = bench.make("other");
  let turns = 0;
  const self = new Timer(() => {
    bench.wheel.disarm(other);
    turns++;
    if (turns < 3) bench.wheel.arm(self, bench.nowMs(), 0);
  }, owner);
  bench.wheel.arm(other, 1000, 10);
  bench.wheel.arm(self, 1000, 10);
  bench.runTo(5000);
  expect([turns, bench.fired]).toEqual([3, []]);
});

test("a thousand random timers fire once each, at most a slot late", () => {
  const random = makeRandom(7);
  const late: number[] = [];
  let nowMs = 0;
  let dueMs: number | undefined;
  const wheel = new TimerWheel(0, (atMs) => {
    dueMs = Math.min(dueMs ?? atMs, atMs);
  });
  for (let i = 0; i < 1000; i++) {
    const afterMs = Math.floor(random() * 40_000);
    wheel.arm(new Timer(() => late.push(nowMs - afterMs), owner), 0, afterMs);
  }
  while (dueMs !== undefined) {
    nowMs = dueMs;
    dueMs = wheel.advance(nowMs);
  }
  expect(late.length).toBe(1000);
  expect(late.every((ms) => ms >= 0 && ms < SLOT_MS)).toBe(true);
});

test("an action that throws is its owner's, and the others fire", () => {
  const bench = makeBench();
  const faults: unknown[] = [];
  const broken = new Timer(
    () => {
      throw new Error("ours");
    },
    { onFault: (error) => void faults.push((error as Error).message) },
  );
  bench.wheel.arm(bench.make("before"), 1000, 10);
  bench.wheel.arm(broken, 1000, 10);
  bench.wheel.arm(bench.make("after"), 1000, 10);
  bench.runTo(2000);
  expect([faults, bench.fired.length]).toEqual([["ours"], 2]);
});
