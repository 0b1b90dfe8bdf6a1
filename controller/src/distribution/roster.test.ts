/** What counts for a while without a stream ends in time, whatever the clock does. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { step } from "./distribution.ts";
import type { ProxyStream } from "./proxy.ts";
import { claimsOf, EMPTY_ROSTER, join, leave, proxiesOf, RESTART_LEASE_MS } from "./roster.ts";
import { type Distribution, EMPTY_DISTRIBUTION } from "./state.ts";

const claim = { workload: "default/web", instance: "web", listen: [] };
const nowMs = 1_800_000_000_000;
const tick = (state: Distribution, atMs: number) => step(state, { kind: "tick" }, atMs).state;

test("kept claims, and the time in which others may come back, end by the clock as it goes on after it was put back", () => {
  const started = step(EMPTY_DISTRIBUTION, { kind: "lease", claims: [claim] }, nowMs).state;
  const backMs = nowMs - 3_600_000;
  const back = tick(started, backMs);
  expect([claimsOf(back.roster), back.learning?.untilMs]).toEqual([[claim], backMs + RESTART_LEASE_MS]);
  const same = tick(back, backMs + 1);
  expect(same.roster).toBe(back.roster);
  const over = tick(same, backMs + RESTART_LEASE_MS);
  expect([claimsOf(over.roster), over.learning]).toEqual([[], undefined]);
});

test("a workload's proxies are those of all that have come and not gone, in their order, though another has its number", () => {
  // The second and the third have one number.
  const workloads = ["default/web", "default/Aa", "default/BB"];
  const moves = fc.array(
    fc.record({ workload: fc.constantFrom(...workloads), instance: fc.nat(2), leaves: fc.nat(9) }),
  );
  fc.assert(
    fc.property(moves, (all) => {
      let roster = EMPTY_ROSTER;
      for (const [at, { workload, instance, leaves }] of all.entries()) {
        const proxy = { id: at + 1, workload, instance: `i${instance}`, principal: workload, listen: [] };
        roster = join(roster, proxy as unknown as ProxyStream).roster;
        if (leaves > 5) roster = leave(roster, at + 1 - (leaves - 6), leaves % 2 === 0 ? "orderly" : "broken", at);
        for (const each of workloads) {
          const found = [...roster.proxies.values()].filter((one) => one.workload === each);
          expect(proxiesOf(roster, each)).toEqual(found);
        }
      }
    }),
  );
});
