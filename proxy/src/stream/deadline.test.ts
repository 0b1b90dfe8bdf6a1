import { expect, test } from "vitest";
import { type Timer, TimerWheel } from "../time/timer-wheel.ts";
import { Deadline } from "./deadline.ts";

type Step = readonly [atMs: number, event: number | "clear" | "close" | "look", due: number, armed: number];

/** Numbers set it for so long; how often it was due by then, and how many timers the wheel holds. */
const PLAYS: Readonly<Record<string, readonly Step[]>> = {
  "it comes when it is due": [
    [0, 100, 0, 1],
    [96, "look", 0, 1],
    [108, "look", 1, 0],
  ],
  "cleared, it does not come, and its timer ends by itself": [
    [0, 100, 0, 1],
    [50, "clear", 0, 1],
    [120, "look", 0, 0],
  ],
  "set for later, it comes later, by one timer": [
    [0, 100, 0, 1],
    [50, "clear", 0, 1],
    [60, 100, 0, 1],
    [120, "look", 0, 1],
    [170, "look", 1, 0],
  ],
  "set for sooner, it comes sooner": [
    [0, 1000, 0, 1],
    [10, 50, 0, 1],
    [70, "look", 1, 0],
  ],
  "closed, it leaves nothing": [
    [0, 100, 0, 1],
    [10, "close", 0, 0],
    [200, "look", 0, 0],
    [210, 20, 0, 1],
    [240, "look", 1, 0],
  ],
};

test.each(Object.entries(PLAYS))("%s", (_, steps) => {
  let nowMs = 0;
  let due = 0;
  const wheel = new TimerWheel(0, () => {});
  const world = {
    monoMs: () => nowMs,
    arm: (timer: Timer, afterMs: number) => wheel.arm(timer, nowMs, afterMs),
    disarm: (timer: Timer) => wheel.disarm(timer),
  };
  const deadline = new Deadline(world, { onFault: () => {} }, () => due++);
  const seen = steps.map(([atMs, event]): Step => {
    nowMs = atMs;
    wheel.advance(nowMs);
    if (event === "clear" || event === "close") deadline[event]();
    else if (event !== "look") deadline.set(event);
    return [atMs, event, due, wheel.armed];
  });
  expect(seen).toEqual(steps);
});
