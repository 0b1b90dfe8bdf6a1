import { expect, test } from "vitest";
import { measurePaired, printMeasured } from "./paired.ts";

test("each round is compared with the baseline of that round, once two rounds of a candidate agree on what a request takes", async () => {
  const result = { requestsPerSecond: 0, p50Us: 10, p99Us: 20, p999Us: 30, errors: 0 };
  // Of the first candidate the third round agrees with the second, of the second only the fourth with the third.
  const cpuUs = [300, 100, 105, 400, 200, 100, 95];
  const requests = [...cpuUs.map(() => 1), 1000, 100, 1000, 500];
  let passed = 0;
  let usedUs = 0;
  let looks = 0;
  const candidates = ["a", "b"].map((name) => ({
    name,
    pids: [process.pid],
    passed: () => Promise.resolve(passed++),
    load: () => {
      const count = requests.shift() ?? 1;
      return Promise.resolve({ ...result, requests: count, requestsPerSecond: count });
    },
  }));
  /** It is asked at a round's begin, and at its end. */
  const cpuUsOf = (): number => {
    usedUs += looks++ % 2 === 0 ? 0 : (cpuUs.shift() ?? 1);
    return usedUs;
  };
  const measured = await measurePaired(candidates, { rounds: 2, seconds: 1, sleep: () => Promise.resolve(), cpuUsOf });
  // 1000 to 100, and 1000 to 500.
  expect([requests, cpuUs]).toEqual([[], []]);
  expect(measured.map(({ speedRatio }) => speedRatio)).toEqual([1, 0.3]);
  expect(
    printMeasured("t", measured)
      .split("\n")
      .map((line) => line.slice(0, 1)),
  ).toEqual(["t", " ", "a", "b"]);
});
