/** Whose endpoints are kept though no stream speaks for them, and for how long. */
import { expect, test } from "vitest";
import { makeHello, makeRelease, type Play, settled } from "../test/play.ts";
import { nextDueMs } from "./distribution.ts";
import { toPublication } from "./release.ts";
import { claimsOf, LEASE_MS, LOST_MS, lostClaimsOf, PROXIES_PER_WORKLOAD_MAX } from "./roster.ts";
import { EMPTY_DISTRIBUTION } from "./state.ts";

const counted = ({ state: { roster } }: Play) => claimsOf(roster).map(({ instance }) => instance);
const lost = ({ state: { roster } }: Play) => lostClaimsOf(roster).map(({ instance }) => instance);

/** What happens, when, and whose claims count and are lost then. */
type Turn = readonly [atMs: number, event: (play: Play) => unknown, counted: string, lost: string];
const look = () => {};
const leaves =
  (name: string, isOrderly = false) =>
  (play: Play) =>
    play.leave(name, isOrderly);
const comes = (name: string) => (play: Play) => play.connect(name);

const plays: Record<string, readonly Turn[]> = {
  "of a stream that broke off, once its lease is over, for five minutes": [
    [0, leaves("web"), "orders web", ""],
    [LEASE_MS - 1, look, "orders web", ""],
    [LEASE_MS, look, "orders", "web"],
    [LEASE_MS + LOST_MS - 1, look, "orders", "web"],
    [LEASE_MS + LOST_MS, look, "orders", ""],
  ],
  "of a proxy that said that it goes, never": [
    [0, leaves("web", true), "orders web", ""],
    [LEASE_MS, look, "orders", ""],
  ],
  "of one that is back, not beside what it says then": [
    [0, leaves("web"), "orders web", ""],
    [LEASE_MS, look, "orders", "web"],
    [2 * LEASE_MS, comes("web"), "orders web", ""],
  ],
  "of one in whose place another was started, not beside that one": [
    [0, leaves("web"), "orders web", ""],
    [LEASE_MS, look, "orders", "web"],
    [2 * LEASE_MS, comes("web/2"), "orders web/2", ""],
  ],
  "of a proxy that may not stay, never": [
    [0, (play) => play.take({ kind: "hello", id: 1, hello: makeHello("orders", {}) }), "orders web", ""],
    [LEASE_MS, look, "orders", ""],
  ],
  "of a workload that the mesh has no longer, not even from before": [
    [0, leaves("web"), "orders web", ""],
    [LEASE_MS, look, "orders", "web"],
    [LEASE_MS, (play) => play.publish(toPublication(makeRelease(2, "B", ["orders"]))), "orders", ""],
  ],
  "where the clock is put back, no longer than ever": [
    [500_000, leaves("web"), "orders web", ""],
    [501_000, look, "orders", "web"],
    [1000, look, "orders", "web"],
    [1000 + LOST_MS, look, "orders", ""],
  ],
};

test.each(Object.entries(plays))("endpoints are kept %s", (_, turns) => {
  const play = settled("web", "orders");
  for (const [atMs, event, ...then] of turns) {
    play.at(atMs);
    event(play);
    expect([atMs, counted(play).sort().join(" "), lost(play).join(" ")]).toEqual([atMs, ...then]);
    const [next] = play.state.roster.lost;
    // It is looked at again in time.
    if (next !== undefined) expect(nextDueMs(play.state, atMs)).toBeLessThanOrEqual(next.untilMs);
  }
});

test("who was connected before a start of the controller, and is not back in time, is lost from then on", () => {
  const play = settled("web");
  const kept = ["web", "orders"].map((name) => ({ workload: `default/${name}`, instance: name, listen: [] }));
  play.state = { ...EMPTY_DISTRIBUTION, publication: play.state.publication, proven: play.state.proven };
  play.take({ kind: "lease", claims: kept });
  play.connect("web");
  const endMs = nextDueMs(play.state, play.nowMs) ?? 0;
  play.at(endMs - 1);
  expect([counted(play), lost(play)]).toEqual([["web", "orders"], []]);
  play.at(endMs);
  expect([counted(play), lost(play)]).toEqual([["web"], ["orders"]]);
  play.at(endMs + LOST_MS);
  expect(lost(play)).toEqual([]);
});

test("of one workload no more are kept than it can have proxies: the newest", () => {
  const play = settled("orders");
  for (let i = 0; i < 2 * PROXIES_PER_WORKLOAD_MAX; i++) {
    // Each at once with the one before it: none stands in for another.
    play.connect(`web/${i}`);
    if (i % 2 === 0) continue;
    play.leave(`web/${i}`);
    play.leave(`web/${i - 1}`);
    play.at(play.nowMs + LEASE_MS);
  }
  for (let i = 0; i < 40; i++) play.connect(`web/late${i}`);
  for (let i = 0; i < 40; i++) play.leave(`web/late${i}`);
  play.at(play.nowMs + LEASE_MS);
  expect(lost(play).length).toBeLessThanOrEqual(PROXIES_PER_WORKLOAD_MAX);
  expect(lost(play).slice(-40)).toEqual(Array.from({ length: 40 }, (_, i) => `web/late${i}`));
});
