import { makeRandom } from "@regomesh/base";
import { expect, test } from "vitest";
import { DecisionIds, printDecisionId } from "./decision-id.ts";

test("a hundred thousand ids are all different, ten characters each", () => {
  const ids = new DecisionIds(makeRandom(3));
  const seen = new Set<string>();
  for (let i = 0; i < 100_000; i++) seen.add(printDecisionId(ids.next()));
  expect(seen.size).toBe(100_000);
  for (const id of seen) expect(id).toMatch(/^[0-9A-HJKMNP-TV-Z]{10}$/);
});
