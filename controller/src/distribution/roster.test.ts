/** What counts for a while without a stream ends in time, whatever the clock does. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeHello } from "../test/play.ts";
import { step } from "./distribution.ts";
import type { ProxyStream } from "./proxy.ts";
import {
  claimsOf,
  EMPTY_ROSTER,
  join,
  knownOf,
  leave,
  proxiesOf,
  RESTART_LEASE_MS,
  sourcesOfClaims,
  sourcesOfKnown,
} from "./roster.ts";
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

test("while what they are made of is the same, so are claims and those that are known, whatever proxies say", () => {
  const names = ["web", "orders", "payments"];
  const moves = fc.array(
    fc.record({
      id: fc.nat(4),
      kind: fc.constantFrom("connect", "hello", "ack", "disconnect", "lease", "tick" as const),
      port: fc.constantFrom(80, 81),
      afterMs: fc.constantFrom(0, 300, 20_000),
    }),
  );
  fc.assert(
    fc.property(moves, (all) => {
      let [state, atMs] = [EMPTY_DISTRIBUTION, nowMs];
      for (const { id, kind, port, afterMs } of all) {
        const name = names[id % names.length] ?? "";
        const listen = [{ portName: "http", address: "10.0.0.1", port, transports: ["h1"] }];
        const hello = makeHello(name, { instance: `i${id}`, listen });
        const workload = `default/${name}`;
        const principal = `spiffe://cluster.local/ns/default/sa/${name}`;
        const before = state.roster;
        atMs += afterMs;
        if (kind === "connect")
          state = step(
            state,
            { kind, id, workload, certificate: { principal, workload, serial: "", notBeforeMs: 0 }, hello },
            atMs,
          ).state;
        else if (kind === "hello") state = step(state, { kind, id, hello }, atMs).state;
        else if (kind === "ack") state = step(state, { kind, id, ack: { nonce: "1", holding: undefined } }, atMs).state;
        else if (kind === "disconnect") state = step(state, { kind, id, isOrderly: port === 80 }, atMs).state;
        else if (kind === "lease")
          state = step(state, { kind, claims: [{ workload, instance: "x", listen }] }, atMs).state;
        else state = tick(state, atMs);
        const { roster } = state;
        const isSame = (sources: typeof sourcesOfClaims) => {
          const [now, then] = [sources(roster), sources(before)];
          return now.every((each, at) => each === then[at]);
        };
        if (isSame(sourcesOfClaims)) expect(claimsOf(roster)).toEqual(claimsOf(before));
        if (isSame(sourcesOfKnown)) expect(knownOf(roster)).toEqual(knownOf(before));
      }
    }),
  );
});
