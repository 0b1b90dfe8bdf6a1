import { expect, test } from "vitest";
import { parseIgnore } from "./load-flags.ts";

/** Names that each pattern matches, and some that it does not: Go's path.Match says the same of all of them. */
const rows: readonly (readonly [globs: readonly string[], matched: readonly string[], others: readonly string[]])[] = [
  [["*.json"], ["a.json", ".json"], ["a.json5", "ajson"]],
  [["testdata"], ["testdata"], ["testdata2", "Testdata"]],
  [["*_test.rego,lib"], ["a_test.rego", "lib"], ["a.rego", "_test.regox"]],
  [
    ["a?c", "x*y*z"],
    ["abc", "aÿc", "xyz", "x1y2z"],
    ["ac", "abbc", "xzy"],
  ],
  [
    ["[a-c]x", "[^0-9]y"],
    ["ax", "cx", "zy"],
    ["dx", "1y"],
  ],
  [
    ["a\\*b", "[\\-x]", "[\\]]"],
    ["a*b", "-", "x", "]"],
    ["aab", "b"],
  ],
  [
    ["a.b", "(c)", "$d^", "e|f"],
    ["a.b", "(c)", "$d^", "e|f"],
    ["axb", "c", "e"],
  ],
];

test.each(rows)("--ignore %j passes over %j", (globs, matched, others) => {
  const isIgnored = parseIgnore(globs);
  expect([...matched, ...others].filter((name) => isIgnored?.(name))).toEqual(matched);
});

test.each(["[a", "a[", "[]", "[z-a]", "a\\", ""])("--ignore %j is no pattern", (glob) => {
  expect(() => parseIgnore([glob])).toThrow("no pattern of file names");
});

test("without patterns nothing is passed over", () => {
  expect(parseIgnore()).toBeUndefined();
});
