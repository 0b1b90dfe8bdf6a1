import { expect, test } from "vitest";
import { clip, copyText } from "./clip.ts";

test.each([
  ["short", 5, "short"],
  ["longer", 4, "long"],
  ["", 4, ""],
  ["a\u{1f600}", 2, "a\ud83d"],
])("clip %j to %i units is %j", (text, lengthMax, clipped) => {
  expect(clip(text, lengthMax)).toBe(clipped);
});

test("a copy is the same text", () => {
  const text = 'quotes "and" \\ \n \u0000 ö \ud800';
  expect(copyText(text)).toBe(text);
});
