import { expect, test } from "vitest";
import { measurePaired, printMeasured } from "./paired.ts";

test("each round is compared with the baseline of that round", async () => {
  const result = { requestsPerSecond: 0, p50Us: 10, p99Us: 20, p999Us: 30, errors: 0 };
  const requests = [1000, 100, 1000, 100, 1000, 500];
  let passed = 0;
  const candidates = ["a", "b"].map((name) => ({
    name,
    pids: [process.pid],
    passed: () => Promise.resolve(passed++),
    load: () => {
      const count = requests.shift() ?? 1;
      return Promise.resolve({ ...result, requests: count, requestsPerSecond: count });
    },
  }));
  const measured = await measurePaired(candidates, { rounds: 2, seconds: 1, sleep: () => Promise.resolve() });
  // Warm-up takes the first two; then 1000 to 100 and 1000 to 500.
  expect(measured.map(({ speedRatio }) => speedRatio)).toEqual([1, 0.3]);
  expect(
    printMeasured("t", measured)
      .split("\n")
      .map((line) => line.slice(0, 1)),
  ).toEqual(["t", " ", "a", "b"]);
});
