import { expect, test } from "vitest";
import { BOUNDS_MS, BUCKETS, bucketOf, quantileMs } from "./histogram.ts";

test("a time falls under the first bound that is not below it", () => {
  for (let ms = 0; ms < 70_000; ms += ms < 1 ? 0.001 : ms / 97) {
    const index = bucketOf(ms);
    expect(BOUNDS_MS[index] ?? 0, `${ms}`).toBeGreaterThanOrEqual(ms);
    if (index > 0) expect(BOUNDS_MS[index - 1] ?? 0, `${ms}`).toBeLessThan(ms);
  }
});

test.each(BOUNDS_MS.slice(0, -1).map((bound, index) => [bound, index]))("%d ms is its own bound", (bound, index) => {
  expect(bucketOf(bound as number)).toBe(index);
});

test("what is longer than every bound falls into the last bucket", () => {
  expect(bucketOf(1e12)).toBe(BUCKETS - 1);
});

test("quantiles are bounds", () => {
  const counts = new Float64Array(BUCKETS);
  counts[bucketOf(1)] = 90;
  counts[bucketOf(8)] = 10;
  expect([
    quantileMs(counts, 0, 0.5),
    quantileMs(counts, 0, 0.99),
    quantileMs(new Float64Array(BUCKETS), 0, 0.5),
  ]).toEqual([1, 8, 0]);
});
