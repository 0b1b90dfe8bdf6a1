import { expect, test } from "vitest";
import { stepsAt } from "./answer.ts";

test.each([
  [[0, 0], 0],
  [[7, 0], 7],
  [[-1, 0], 2 ** 32 - 1],
  [[1, 2], 2 ** 33 + 1],
])("steps %j are %d", ([low = 0, high = 0], steps) => {
  expect(stepsAt(new Int32Array([0, 0, 0, 0, 4, 5, low, high]), 16)).toBe(steps);
});
