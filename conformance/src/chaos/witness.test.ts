import { expect, test } from "vitest";
import { Witness } from "./witness.ts";

/** Four samples a second for ten seconds; what `listed` says at each. */
function watch(listed: (atMs: number) => readonly string[] | undefined): Witness {
  const witness = new Witness();
  for (let atMs = 0; atMs <= 10_000; atMs += 250) witness.see("web", { atMs, listed: listed(atMs) });
  return witness;
}

/** Whether each of these is listed, asked one after the other. */
const served = (witness: Witness, revision: string, times: readonly number[]) =>
  times.map((atMs) => witness.isListed("web", revision, atMs));

test("what status lists may be served, also a little before and after", () => {
  const witness = watch((atMs) => [atMs < 5000 ? "old" : "new"]);
  expect(served(witness, "old", [1000, 4000, 5200])).toEqual([true, true, true]);
  expect(served(witness, "new", [4600, 5000, 8000])).toEqual([true, true, true]);
});

test("what status never lists may come and go, and no more", () => {
  const witness = watch(() => ["other"]);
  expect(served(witness, "short", [3000, 3200, 4900])).toEqual([true, true, true]);
  expect(served(witness, "long", [3000, 4900, 5100, 7000])).toEqual([true, true, false, false]);
});

test("a revision that stays in force after status has told of the next is seen", () => {
  const witness = watch((atMs) => [atMs < 3000 ? "old" : "new"]);
  expect(served(witness, "old", [2000, 3200, 4000, 5900, 6100])).toEqual([true, true, true, true, false]);
});

test("where a proxy was away, or nobody asked, nothing is said", () => {
  const away = watch((atMs) => (atMs === 5000 ? undefined : ["a"]));
  expect(served(away, "b", [3500, 5400])).toEqual([true, true]);
  expect(served(new Witness(), "b", [1000, 9000])).toEqual([true, true]);
});
