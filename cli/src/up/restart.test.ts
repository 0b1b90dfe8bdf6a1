import { expect, test } from "vitest";
import { afterDeath } from "./restart.ts";

const PLAYS: Readonly<Record<string, readonly (readonly [livedMs: number, pauseMs: number])[]>> = {
  "the pause doubles with each death, up to half a minute": [
    [10, 500],
    [10, 1000],
    [10, 2000],
    [10, 4000],
    [10, 8000],
    [10, 16_000],
    [10, 30_000],
    [10, 30_000],
  ],
  "a long life forgives": [
    [10, 500],
    [59_999, 1000],
    [60_000, 500],
    [10, 1000],
  ],
};

test.each(Object.entries(PLAYS))("%s", (_, play) => {
  let deaths = 0;
  for (const [livedMs, pauseMs] of play) {
    const after = afterDeath(deaths, livedMs);
    expect(after.pauseMs).toBe(pauseMs);
    deaths = after.deaths;
  }
});
