import fc from "fast-check";
import { expect, test } from "vitest";
import { retryVerdict, type TryOutcome } from "./retry.ts";
import { giveBackRetry, hasRetryRoom, makeRetryBudget, takeRetry } from "./retry-budget.ts";

const GET = { isIdempotent: true, hasSentContent: false, triesMade: 1 };
const POST = { ...GET, isIdempotent: false };
const ROWS: readonly (readonly [
  string,
  TryOutcome,
  typeof GET,
  readonly ("connect" | "reset" | "5xx" | "gateway-error")[],
  number,
  string,
])[] = [
  ["a refused connection", { kind: "connect" }, GET, ["connect"], 1, "retry"],
  ["a refused connection of a POST, which nobody saw", { kind: "connect" }, POST, ["connect"], 1, "retry"],
  ["a refused connection that is not configured", { kind: "connect" }, GET, ["5xx"], 1, "condition"],
  ["a second failure with one attempt", { kind: "connect" }, { ...GET, triesMade: 2 }, ["connect"], 1, "attempts"],
  ["what was refused unseen, of a POST", { kind: "unprocessed" }, POST, [], 0, "retry"],
  ["the same once more", { kind: "unprocessed" }, { ...POST, triesMade: 2 }, [], 0, "attempts"],
  ["the same, its content gone", { kind: "unprocessed" }, { ...POST, hasSentContent: true }, [], 1, "unsafe"],
  ["a reset", { kind: "reset", isReused: false }, GET, ["reset"], 1, "retry"],
  ["a reset of a POST", { kind: "reset", isReused: false }, POST, ["reset"], 1, "unsafe"],
  ["a reset of a kept connection, unconfigured", { kind: "reset", isReused: true }, GET, [], 0, "retry"],
  ["a reset of a kept connection of a POST", { kind: "reset", isReused: true }, POST, [], 0, "condition"],
  ["a 503", { kind: "status", status: 503 }, GET, ["5xx"], 1, "retry"],
  ["a 500 with gateway-error", { kind: "status", status: 500 }, GET, ["gateway-error"], 1, "condition"],
  ["a 504 with gateway-error", { kind: "status", status: 504 }, GET, ["gateway-error"], 1, "retry"],
  [
    "a 503 of a PUT whose content is gone",
    { kind: "status", status: 503 },
    { ...GET, hasSentContent: true },
    ["5xx"],
    1,
    "unsafe",
  ],
  ["a try that timed out", { kind: "timeout" }, GET, ["gateway-error"], 1, "retry"],
];

test.each(ROWS)("retryVerdict of %s", (_, outcome, facts, on, attempts, expected) => {
  const verdict = retryVerdict(outcome, facts, on, attempts);
  expect(verdict.kind === "retry" ? "retry" : verdict.why).toBe(expected);
});

test("a retry budget is never exceeded", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("start", "end", "retry", "done"), { maxLength: 200 }), (events) => {
      const budget = makeRetryBudget();
      for (const event of events) {
        if (event === "start") budget.active++;
        if (event === "end" && budget.active > 0) budget.active--;
        if (event === "done" && budget.retrying > 0) giveBackRetry(budget);
        const before = budget.retrying;
        if (event === "retry" && hasRetryRoom(budget, 20, 3)) {
          takeRetry(budget);
          expect(before).toBeLessThan(Math.max(3, Math.floor(budget.active * 0.2)));
        }
      }
    }),
    { numRuns: 200 },
  );
});
