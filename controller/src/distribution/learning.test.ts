/** For how long a controller that has just started counts on those that were connected before. */
import { expect, test } from "vitest";
import { makeHello } from "../test/play.ts";
import { nextDueMs, step } from "./distribution.ts";
import { claimsOf } from "./roster.ts";
import { type Distribution, EMPTY_DISTRIBUTION } from "./state.ts";

const NAMES = ["web", "orders", "payments", "users"];
const fromMs = 1_800_000_000_000;

/** `NAME back`: that one's proxy connects; anything else only looks. Then: who counts, and whether others may come. */
type Turn = readonly [seconds: number, event: string, counted: number, then: "learns" | "knows"];

const plays: Record<string, readonly Turn[]> = {
  "nobody comes: after fifteen seconds those that were there count no more": [
    [0, "start", 4, "learns"],
    [14.9, "look", 4, "learns"],
    [15, "look", 0, "knows"],
  ],
  "all are back at once: others may come until fifteen seconds are over": [
    [0, "start", 4, "learns"],
    [1, "web back", 4, "learns"],
    [1, "orders back", 4, "learns"],
    [2, "payments back", 4, "learns"],
    [2, "users back", 4, "learns"],
    [14.9, "look", 4, "learns"],
    [15, "look", 4, "knows"],
  ],
  "on a starved machine each that comes back has the others waited for as long again": [
    [0, "start", 4, "learns"],
    [14, "web back", 4, "learns"],
    [28, "orders back", 4, "learns"],
    [42.9, "look", 4, "learns"],
    [43, "look", 2, "knows"],
  ],
  "the last is back late: then all is known": [
    [0, "start", 4, "learns"],
    [14, "web back", 4, "learns"],
    [20, "orders back", 4, "learns"],
    [20, "payments back", 4, "learns"],
    [21, "users back", 4, "knows"],
  ],
  "who was not there before has nobody waited for": [
    [0, "start", 4, "learns"],
    [14, "carts back", 5, "learns"],
    [15, "look", 1, "knows"],
  ],
};

for (const [name, turns] of Object.entries(plays)) {
  test(name, () => {
    let state: Distribution = EMPTY_DISTRIBUTION;
    for (const [seconds, event, counted, then] of turns) {
      const nowMs = fromMs + seconds * 1000;
      state = take(state, event, nowMs);
      const said = [claimsOf(state.roster).length, state.learning === undefined ? "knows" : "learns"];
      expect([seconds, event, ...said]).toEqual([seconds, event, counted, then]);
      // It is looked at again in time.
      if (then === "learns") expect(nextDueMs(state, nowMs)).toBe(state.learning?.untilMs);
    }
  });
}

test("however many come one after the other, who is not back after two minutes counts no more", () => {
  const claims = Array.from({ length: 30 }, (_, at) => ({
    workload: `default/w${at}`,
    instance: `w${at}`,
    listen: [],
  }));
  let state = step(EMPTY_DISTRIBUTION, { kind: "lease", claims }, fromMs).state;
  for (let at = 0; at < 12; at++) state = take(state, `w${at} back`, fromMs + at * 10_000);
  state = take(state, "look", fromMs + 119_999);
  expect([state.learning === undefined, claimsOf(state.roster).length]).toEqual([false, 30]);
  state = take(state, "look", fromMs + 120_000);
  expect([state.learning === undefined, claimsOf(state.roster).length]).toEqual([true, 12]);
});

let lastId = 0;

function take(state: Distribution, event: string, nowMs: number): Distribution {
  if (event === "start") {
    const claims = NAMES.map((name) => ({ workload: `default/${name}`, instance: name, listen: [] }));
    return step(state, { kind: "lease", claims }, nowMs).state;
  }
  const [name = "", back] = event.split(" ");
  if (back === undefined) return step(state, { kind: "tick" }, nowMs).state;
  const certificate = { principal: name, serial: name, notBeforeMs: 0 } as never;
  const hello = makeHello(name, {});
  return step(state, { kind: "connect", id: ++lastId, workload: `default/${name}`, certificate, hello }, nowMs).state;
}
