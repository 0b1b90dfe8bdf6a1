import { expect, test } from "vitest";
import { drawSchedule, VICTIMS } from "./schedule.ts";

const TEN_MINUTES = 600_000;

test("a seed is one schedule, and another seed another", () => {
  expect(drawSchedule(7, TEN_MINUTES)).toEqual(drawSchedule(7, TEN_MINUTES));
  expect(drawSchedule(8, TEN_MINUTES)).not.toEqual(drawSchedule(7, TEN_MINUTES));
});

test.each([1, 2, 3, 4, 5])("ten minutes of seed %s have every kind, in the order of time", (seed) => {
  const events = drawSchedule(seed, TEN_MINUTES);
  const kinds = new Set(events.map(({ happening }) => happening.kind));
  expect(kinds.size).toBe(10);
  expect(events.map(({ atMs }) => atMs)).toEqual(events.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
  const killed = new Set(events.flatMap(({ happening }) => (happening.kind === "kill" ? [happening.victim] : [])));
  expect(killed.size).toBeGreaterThan(VICTIMS.length / 2);
});
