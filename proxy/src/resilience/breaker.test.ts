import { expect, test } from "vitest";
import { abandon, admit, type Breaker, makeBreaker, REFUSED, settle } from "./breaker.ts";

const settings = { failuresMax: 2, openMs: 100, openMaxMs: 150 };

type Step = readonly [atMs: number, event: "failure" | "success" | "ask" | "leave", then: string];

const PLAYS: Readonly<Record<string, readonly Step[]>> = {
  "one trial at a time; a failed trial waits twice as long, up to the limit": [
    [0, "failure", "closed"],
    [0, "failure", "open"],
    [99, "ask", "refused"],
    [100, "ask", "half-open"],
    [101, "ask", "refused"],
    [110, "failure", "open"],
    [259, "ask", "refused"],
    [260, "ask", "half-open"],
    [270, "success", "closed"],
  ],
  "a success between failures starts the count anew": [
    [0, "failure", "closed"],
    [1, "success", "closed"],
    [2, "failure", "closed"],
    [3, "failure", "open"],
  ],
  "a trial whose client left may be repeated at once": [
    [0, "failure", "closed"],
    [0, "failure", "open"],
    [100, "ask", "half-open"],
    [101, "leave", "open"],
    [101, "ask", "half-open"],
  ],
};

test.each(Object.entries(PLAYS))("%s", (_, steps) => {
  const breaker = makeBreaker();
  const seen = steps.map(([atMs, event]) => [atMs, event, play(breaker, event, atMs)]);
  expect(seen).toEqual(steps);
});

test("the outcome of a request admitted earlier is not taken for the trial's", () => {
  const breaker = makeBreaker();
  const early = admit(breaker, 0);
  settle(breaker, settings, early, false, 0);
  settle(breaker, settings, early, false, 0);
  admit(breaker, 100);
  settle(breaker, settings, early, true, 101);
  expect(breaker.kind).toBe("half-open");
});

function play(breaker: Breaker, event: Step[1], atMs: number): string {
  if (event === "ask") return admit(breaker, atMs) === REFUSED ? "refused" : breaker.kind;
  if (event === "leave") abandon(breaker, breaker.generation, atMs);
  else settle(breaker, settings, breaker.generation, event === "success", atMs);
  return breaker.kind;
}
