import { expect, test } from "vitest";
import { layChips } from "./chips.ts";

test.each<[readonly string[], readonly string[]]>([
  [
    ["v1", "v2"],
    ["v1", "v2"],
  ],
  [
    ["canary", "stable"],
    ["canary", "stable"],
  ],
  [
    ["v1", "v2", "v3", "v4", "v5", "v6"],
    ["v1", "v2", "v3", "v4", "+2"],
  ],
  [
    ["canary-europe-west", "stable"],
    ["canary-europe-west", "+1"],
  ],
])("of the subsets %j these are shown: %j", (names, shown) => {
  const chips = layChips(names, 168);
  expect(chips.map(({ name }) => name)).toEqual(shown);
  for (const [at, { x }] of chips.entries()) {
    const before = chips[at - 1];
    if (before !== undefined) expect(x).toBeGreaterThan(before.x + before.width);
  }
});
