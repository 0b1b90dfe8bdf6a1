import { expect, test } from "vitest";
import { drawSchedule, LOOKED_AT, VICTIMS } from "./schedule.ts";

const TEN_MINUTES = 600_000;
const SPARED = 150_000;

test("a seed is one schedule, and another seed another", () => {
  expect(drawSchedule(7, TEN_MINUTES, SPARED)).toEqual(drawSchedule(7, TEN_MINUTES, SPARED));
  expect(drawSchedule(8, TEN_MINUTES, SPARED)).not.toEqual(drawSchedule(7, TEN_MINUTES, SPARED));
});

test.each([1, 2, 3, 4, 5])("ten minutes of seed %s have every kind, in the order of time", (seed) => {
  const events = drawSchedule(seed, TEN_MINUTES, SPARED);
  const kinds = new Set(events.map(({ happening }) => happening.kind));
  expect(kinds.size).toBe(10);
  expect(events.map(({ atMs }) => atMs)).toEqual(events.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
  const killed = new Set(events.flatMap(({ happening }) => (happening.kind === "kill" ? [happening.victim] : [])));
  expect(killed.size).toBeGreaterThan(VICTIMS.length / 2);
  const late = events.filter(({ atMs, happening }) => atMs > SPARED && happening.kind === "kill");
  const victims = new Set(late.flatMap(({ happening }) => (happening.kind === "kill" ? [happening.victim] : [])));
  expect(LOOKED_AT.filter((name) => victims.has(name))).toEqual([]);
  expect(victims.size).toBeGreaterThan(0);
});
