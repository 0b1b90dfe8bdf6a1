import { expect, test } from "vitest";
import { admit, answer, type Breaker, makeBreaker, settle, UNCOUNTED } from "./breaker.ts";

const settings = { failuresMax: 2, openMs: 100, openMaxMs: 150 };

type Step = readonly [
  atMs: number,
  event: "failure" | "success" | "ask" | "leave" | "answer" | "last-healthy fails",
  then: string,
];

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
  "a request whose client left says nothing of the endpoint": [
    [0, "failure", "closed"],
    [1, "leave", "closed"],
    [2, "failure", "open"],
  ],
  "an answer that begins closes it, so that a long one keeps nobody out": [
    [0, "failure", "closed"],
    [0, "failure", "open"],
    [100, "ask", "half-open"],
    [101, "answer", "closed"],
  ],
  "an answer that begins is no success yet: it may still break off": [
    [0, "failure", "closed"],
    [1, "answer", "closed"],
    [2, "failure", "open"],
  ],
  "the last healthy endpoint stays, and is ejected once it no longer is the last": [
    [0, "failure", "closed"],
    [1, "last-healthy fails", "closed"],
    [2, "last-healthy fails", "closed"],
    [3, "failure", "open"],
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
  settle(breaker, settings, early, "failure", 0, always);
  settle(breaker, settings, early, "failure", 0, always);
  admit(breaker, 100);
  settle(breaker, settings, early, "success", 101, always);
  expect(breaker.kind).toBe("half-open");
});

test.each([
  ["no time to be open", { failuresMax: 1, openMs: 0, openMaxMs: 0 }, "closed", 0],
  ["no bound of the doubling", { failuresMax: 1, openMs: 100, openMaxMs: 0 }, "open", 200],
])("a breaker with %s", (_, unbounded, kind, backoffMs) => {
  const breaker = makeBreaker();
  settle(breaker, unbounded, admit(breaker, 0), "failure", 0, always);
  if (breaker.kind === "open") settle(breaker, unbounded, admit(breaker, 100), "failure", 100, always);
  expect([breaker.kind, breaker.backoffMs]).toEqual([kind, backoffMs]);
});

function always(): boolean {
  return true;
}

function play(breaker: Breaker, event: Step[1], atMs: number): string {
  const { generation } = breaker;
  if (event === "ask") return admit(breaker, atMs) === UNCOUNTED ? "refused" : breaker.kind;
  if (event === "answer") answer(breaker, generation);
  else if (event === "leave") settle(breaker, settings, generation, "nothing", atMs, always);
  else if (event === "success") settle(breaker, settings, generation, "success", atMs, always);
  else settle(breaker, settings, generation, "failure", atMs, event === "failure" ? always : () => false);
  return breaker.kind;
}
