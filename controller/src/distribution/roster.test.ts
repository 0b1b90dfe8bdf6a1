/** What counts for a while without a stream ends in time, whatever the clock does. */
import { expect, test } from "vitest";
import { step } from "./distribution.ts";
import { claimsOf, RESTART_LEASE_MS } from "./roster.ts";
import { type Distribution, EMPTY_DISTRIBUTION } from "./state.ts";

const claim = { workload: "default/web", instance: "web", listen: [] };
const nowMs = 1_800_000_000_000;
const tick = (state: Distribution, atMs: number) => step(state, { kind: "tick" }, atMs).state;

test("kept claims, and the time in which others may come back, end by the clock as it goes on after it was put back", () => {
  const untilMs = nowMs + RESTART_LEASE_MS;
  const started = step(EMPTY_DISTRIBUTION, { kind: "lease", claims: [claim], untilMs }, nowMs).state;
  const backMs = nowMs - 3_600_000;
  const back = tick(started, backMs);
  expect([claimsOf(back.roster), back.learnsUntilMs]).toEqual([[claim], backMs + RESTART_LEASE_MS]);
  const same = tick(back, backMs + 1);
  expect(same.roster).toBe(back.roster);
  const over = tick(same, backMs + RESTART_LEASE_MS);
  expect([claimsOf(over.roster), over.learnsUntilMs]).toEqual([[], undefined]);
});
