import { expect, test } from "vitest";
import { editDistance, nearest } from "./nearest.ts";

test.each([
  ["tier", "tier", 0],
  ["teir", "tier", 1],
  ["", "abc", 3],
  ["kitten", "sitting", 3],
])("editDistance of %s and %s is %i", (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test.each([
  ["teir", "tier"],
  ["Selectors", "selector"],
  ["onfault", "onFault"],
  ["whatever", undefined],
  ["x".repeat(100_000), undefined],
])("nearest to %s", (name, found) => {
  expect(nearest(name, ["tier", "selector", "onFault", "mode"])).toBe(found);
});
