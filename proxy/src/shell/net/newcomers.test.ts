import { expect, test } from "vitest";
import { NEWCOMERS_MAX, NEWCOMERS_MIN, newcomersMax } from "./newcomers.ts";

const NOTHING = { turns: 0, requests: 0, closed: 0 };

test.each([
  ["nobody is there: a few", { turns: 1, requests: 0, closed: 0 }, NEWCOMERS_MIN],
  ["within one turn: its requests are one turn's", { turns: 0, requests: 50, closed: 0 }, 50],
  ["those who stay have as many", { turns: 1, requests: 100, closed: 0 }, 100],
  ["as many as in each turn, not in all since", { turns: 10, requests: 1000, closed: 0 }, 100],
  ["a request that ended its connection is nobody's who stays", { turns: 1, requests: 500, closed: 400 }, 100],
  ["connections that brought nothing are no fewer than none", { turns: 1, requests: 10, closed: 400 }, NEWCOMERS_MIN],
  ["not so many that to accept them is long", { turns: 1, requests: 50_000, closed: 0 }, NEWCOMERS_MAX],
])("%s", (_name, now, expected) => {
  expect(newcomersMax(NOTHING, now)).toBe(expected);
  const since = { turns: 7, requests: 900, closed: 300 };
  const later = { turns: 7 + now.turns, requests: 900 + now.requests, closed: 300 + now.closed };
  expect(newcomersMax(since, later)).toBe(expected);
});

test("a crowd that stays is in after some ten turns; one whose every request is a connection is taken a few at a time", () => {
  const turnsOf = (stays: boolean): number => {
    let [served, taken] = [NOTHING, 0];
    for (let turn = 1; turn < 1000; turn++) {
      // Each that was taken has asked once.
      const now = {
        turns: turn,
        requests: served.requests + (stays ? taken : Math.min(taken, NEWCOMERS_MIN)),
        closed: stays ? 0 : Math.min(taken, NEWCOMERS_MIN) + served.closed,
      };
      taken += newcomersMax(served, now);
      served = now;
      if (taken >= 1600) return turn;
    }
    return 1000;
  };
  expect(turnsOf(true)).toBe(10);
  expect(turnsOf(false)).toBe(1600 / NEWCOMERS_MIN);
});
