import { expect, test } from "vitest";
import { add, EMPTY, sumOf, toTally } from "./tally.ts";

const edge = (boundsMs: number[]) =>
  ({
    requests: 1,
    failures: 0,
    success: 1,
    denied: 0,
    limited: 0,
    boundsMs,
    counts: [1, 0, 0],
  }) as unknown as Parameters<typeof toTally>[0];

test("tallies of the same bounds share them, those of others keep their own", () => {
  const known = [1, 10];
  expect(toTally(edge([1, 10]), known).boundsMs).toBe(known);
  expect(toTally(edge([1, 20]), known).boundsMs).toEqual([1, 20]);
  expect(toTally(edge([1]), known).boundsMs).toEqual([1]);
  expect(toTally(edge(Array(100).fill(1)), known).boundsMs).toEqual([]);
});

test("the sum of many is what adding one after the other gives, whatever their bounds", () => {
  const shared = [1, 10];
  const own = toTally(edge([1, 20]), []);
  const alike = [toTally(edge([1, 10]), shared), EMPTY, toTally(edge([1, 10]), shared), { ...EMPTY, denied: 3 }];
  for (const tallies of [[], [EMPTY], alike, [...alike, own], [own, ...alike], [toTally(edge([1])), own]])
    expect(sumOf(tallies)).toEqual(tallies.reduce(add, EMPTY));
});
