import { expect, test } from "vitest";
import { isResting } from "./rest.ts";

/** Looks each quarter of a second: what was taken of processors in each, in milliseconds. */
const looksOf = (taken: readonly number[]) =>
  [0, ...taken].map((_, at, all) => ({ atMs: at * 250, cpuMs: all.slice(0, at + 1).reduce((sum, ms) => sum + ms, 0) }));

test.each<[name: string, taken: readonly number[], isIt: boolean]>([
  ["nothing was looked at yet", [], false],
  ["it was not looked for long enough", [0, 0, 0], false],
  ["next to nothing for a second", [20, 0, 20, 10], true],
  ["what was done before", [400, 0, 0, 10, 0], true],
  ["something in its midst", [0, 0, 0, 90, 0, 0], false],
  ["a little more than a quarter of a core, each time", [70, 70, 70, 70], false],
  ["a little less", [60, 60, 60, 60], true],
])("isResting: %s", (_, taken, isIt) => {
  expect(isResting(looksOf(taken), 1000)).toBe(isIt);
});
