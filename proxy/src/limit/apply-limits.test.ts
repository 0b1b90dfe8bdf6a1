import type { LimitDecision } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { applyLimits } from "./apply-limits.ts";
import { makeBucketMemory, openBucketTable } from "./token-bucket.ts";

const makeTable = () => openBucketTable(makeBucketMemory(64, [1, 2]));
const makeLimit = (change: Partial<LimitDecision>): LimitDecision => ({
  key: "user:alice",
  limit: 60,
  windowMs: 60_000,
  burst: 2,
  scope: "local",
  cost: 1,
  ...change,
});

test("a burst passes, then one a second", () => {
  const table = makeTable();
  const ask = (nowMs: number) => applyLimits(table, "orders", [makeLimit({})], nowMs).kind;
  expect([ask(0), ask(0), ask(0), ask(999), ask(1001), ask(1002)]).toEqual([
    "within",
    "within",
    "over",
    "over",
    "within",
    "over",
  ]);
});

test("a refused request takes nothing of the limits that had room", () => {
  const table = makeTable();
  const wide = makeLimit({ key: "all", burst: 3 });
  const none = makeLimit({ key: "nobody", limit: 0 });
  for (let i = 0; i < 10; i++) expect(applyLimits(table, "orders", [wide, none], 0).kind).toBe("over");
  expect([0, 0, 0, 0].map(() => applyLimits(table, "orders", [wide], 0).kind)).toEqual([
    "within",
    "within",
    "within",
    "over",
  ]);
});

test("one key means another bucket in another scope", () => {
  const table = makeTable();
  const limit = makeLimit({ burst: 1 });
  expect(["a", "b", "a"].map((scope) => applyLimits(table, scope, [limit], 0).kind)).toEqual([
    "within",
    "within",
    "over",
  ]);
});

test.each([
  ["a global limit", makeLimit({ scope: "global" })],
  ["a window above a day", makeLimit({ windowMs: 86_400_001 })],
])("%s cannot be counted", (_, limit) => {
  expect(applyLimits(makeTable(), "orders", [limit], 0).kind).toBe("unsupported");
});

test.each([
  ["a limit of nothing", makeLimit({ limit: 0 })],
  ["a cost above the burst", makeLimit({ cost: 3 })],
])("%s promises no time after which it would pass", (_, limit) => {
  expect(applyLimits(makeTable(), "orders", [limit], 0)).toEqual({
    kind: "over",
    retryAfterMs: undefined,
    key: "user:alice",
    index: 0,
  });
});
