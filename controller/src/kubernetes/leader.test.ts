import { expect, test } from "vitest";
import { mayTake, type Observed, observe, taken } from "./leader.ts";

type Look = readonly [atMs: number, version: string, holder: string, may: boolean];
const plays: Readonly<Record<string, readonly Look[]>> = {
  "a Lease that is renewed is its holder's": [
    [0, "1", "a", false],
    [14_000, "2", "a", false],
    [28_000, "3", "a", false],
  ],
  "one that has not changed for as long as it lasts is anybody's": [
    [0, "1", "a", false],
    [15_000, "1", "a", false],
    [15_001, "1", "a", true],
  ],
  "one that was given back is taken at once": [
    [0, "1", "a", false],
    [1000, "2", "", true],
  ],
  "its own is taken again": [[0, "1", "me", true]],
};
test.each(Object.entries(plays))("%s", (_, looks) => {
  let seen: Observed | undefined;
  for (const [atMs, version, holderIdentity, may] of looks) {
    seen = observe(seen, version, atMs);
    expect([atMs, mayTake({ holderIdentity, leaseDurationSeconds: 15 }, "me", seen, atMs)]).toEqual([atMs, may]);
  }
});

test("each taking has a number that none before it had", () => {
  const first = taken(undefined, "a", "2026-11-27T00:00:00.000000Z");
  const second = taken(first, "b", "2026-11-27T00:01:00.000000Z");
  expect([first.leaseTransitions, second.leaseTransitions, second.holderIdentity]).toEqual([0, 1, "b"]);
});
