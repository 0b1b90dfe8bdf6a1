import { expect, test } from "vitest";
import { parseDuration } from "./duration.ts";

const rows: readonly (readonly [string, number | undefined])[] = [
  ["2s", 2000],
  ["500ms", 500],
  ["1h30m", 5_400_000],
  ["0s", 0],
  ["1.5s", undefined],
  ["2", undefined],
  ["", undefined],
  ["100000s", undefined],
  ["1s1s1s1s1s", undefined],
];

test.each(rows)("parseDuration(%j) is %j", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});
