import { makeRandom } from "@regomesh/base";
import { expect, test } from "vitest";
import { backoffMs, RECONNECT, renewAfterMs } from "./backoff.ts";

test("waits grow to the bound, each between half and whole of its step", () => {
  const random = makeRandom(1);
  for (let attempt = 1; attempt < 100; attempt++) {
    const step = Math.min(RECONNECT.maxMs, RECONNECT.firstMs * 2 ** (attempt - 1));
    const ms = backoffMs(RECONNECT, attempt, random);
    expect(ms).toBeGreaterThanOrEqual(step / 2);
    expect(ms).toBeLessThanOrEqual(step);
  }
});

test("an SVID is renewed at half of the time that it has left, one that has ended in a second", () => {
  expect(renewAfterMs(0, 86_400_000, () => 0.5)).toBe(43_200_000);
  expect(renewAfterMs(0, 86_400_000, () => 0)).toBeCloseTo(38_880_000);
  expect(renewAfterMs(10, 0, () => 0)).toBe(1000);
});
