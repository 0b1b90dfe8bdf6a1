import { expect, test } from "vitest";
import { HeldClock } from "./held-clock.ts";

test("time stands still while it is held, but for those who ask how late it is", () => {
  let now = 10;
  let reads = 0;
  const clock = new HeldClock(() => {
    reads++;
    return now;
  }, Date.now);
  expect(clock.monoMs()).toBe(10);
  now = 11;
  expect(clock.monoMs()).toBe(11);
  expect(clock.freshMs()).toBe(11);
  now = 12;
  expect(clock.monoMs()).toBe(12);
  reads = 0;
  clock.hold();
  now = 13;
  expect([clock.monoMs(), clock.monoMs(), reads]).toEqual([12, 12, 1]);
  expect([clock.freshMs(), clock.monoMs(), reads]).toEqual([13, 13, 2]);
  now = 14;
  clock.letGo();
  expect(clock.monoMs()).toBe(14);
});

test("the time of day is read once a millisecond while a time is held, and whenever none is", () => {
  let now = 10;
  let wall = 1000;
  let reads = 0;
  const readWallMs = () => {
    reads++;
    return wall;
  };
  const clock = new HeldClock(() => now, readWallMs);
  const held = () => {
    clock.hold();
    const wallMs = clock.wallMs();
    clock.letGo();
    return wallMs;
  };
  expect([held(), held(), reads]).toEqual([1000, 1000, 1]);
  now = 10.9;
  wall = 5000;
  expect([held(), reads]).toEqual([1000, 1]);
  now = 11;
  expect([held(), held(), reads]).toEqual([5000, 5000, 2]);
  wall = 6000;
  expect([clock.wallMs(), reads]).toEqual([6000, 3]);
});
