import { expect, test } from "vitest";
import { EMPTY_TABLE, toEndpointTable } from "../distribution/endpoints.ts";
import { LOST_MS, type Lost } from "../distribution/roster.ts";
import { makeClaim, makePlan } from "../test/endpoint-plan.ts";
import { keptTrouble } from "./kept-endpoints.ts";

type Away = readonly [workload: string, sinceMs: number];

/** What is said where proxies of some workloads are connected, and of others were lost. */
function say(connected: readonly string[], away: readonly Away[]) {
  const plan = makePlan([...new Set([...connected, ...away.map(([name]) => name)])], undefined);
  const lost = away.map(([name, sinceMs]): Lost => ({ claim: makeClaim(name, [sinceMs]), untilMs: sinceMs + LOST_MS }));
  const claims = connected.map((name) => makeClaim(name, [1]));
  const table = toEndpointTable(
    plan,
    claims,
    EMPTY_TABLE,
    undefined,
    lost.map(({ claim }) => claim),
  );
  return keptTrouble(table, { lost });
}

test("services whose endpoints are kept are named, a few of many", () => {
  expect(say(["web"], [])).toBeUndefined();
  expect(say(["web"], [["a", 3000]])).toEqual({
    about: "endpoints",
    message:
      "no proxy is connected of a.default: callers keep the last endpoints for 5 minutes, until one is back; see that it runs, and reaches the controller",
    sinceMs: 3000,
  });
  const many = say(
    ["web"],
    Array.from({ length: 8 }, (_, at): Away => [`s${at}`, 1000]),
  );
  expect(many?.message).toContain("of s0.default, s1.default, s2.default, s3.default, s4.default and 3 more:");
});

test("it is said since the first of theirs was lost, whoever of others was before", () => {
  expect(
    say(
      ["web"],
      [
        ["web", 1000],
        ["a", 7000],
        ["b", 3000],
      ],
    )?.sinceMs,
  ).toBe(3000);
  expect(say(["web"], [["web", 1000]])).toBeUndefined();
});
