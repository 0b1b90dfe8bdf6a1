import { expect, test } from "vitest";
import { parseGlob } from "./glob.ts";

const matches = (pattern: string, text: string): boolean | string => {
  const glob = parseGlob(pattern);
  return "fault" in glob ? glob.fault : glob.matches(text);
};

/** Pattern, what matches it, what does not. */
const rows: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
  ["", [""], ["a"]],
  ["/a.rego", ["/a.rego"], ["/a.rego/", "/axrego", "a.rego"]],
  ["/*", ["/", "/a", "/a/b"], ["", "a"]],
  ["/**/x", ["//x", "/a/b/x"], ["/x", "/a/xy"]],
  ["/a?", ["/ab", "/a/", "/a😀"], ["/a", "/abc"]],
  ["/[abc-]x", ["/ax", "/-x"], ["/dx", "/x"]],
  ["/[!ab]x", ["/cx", "/!x"], ["/ax", "/x"]],
  ["/[a-c]x", ["/bx"], ["/dx", "/-x"]],
  ["/[!a-c]x", ["/dx"], ["/bx"]],
  ["/[^a]", ["/^", "/a"], ["/b"]],
  ["/[\\]]", ["/]"], ["/\\"]],
  ["/[a\\-b]", ["/a", "/-", "/b"], ["/\\"]],
  ["/[-a]", ["/-", "/a"], ["/b"]],
  ["/[--a]", ["/-", "/0", "/a"], ["/b"]],
  ["/[]-a]", ["/]", "/^", "/a"], ["/b"]],
  ["/{a,b}c", ["/ac", "/bc"], ["/c", "/a,bc"]],
  ["/{,a}c", ["/c", "/ac"], ["/bc"]],
  ["/{a,{b,c*}d}e", ["/ae", "/bde", "/cccde"], ["/be", "/de"]],
  ["/{a}}", ["/a}"], ["/a"]],
  ["/{[a,b]}", ["/a", "/,"], ["/[a"]],
  ["/a}],", ["/a}],"], ["/a"]],
  ["/\\*\\{", ["/*{"], ["/a{"]],
];

test.each(rows)("%s matches %j and none of %j", (pattern, yes, no) => {
  expect([...yes, ...no].map((text) => matches(pattern, text))).toEqual([
    ...yes.map(() => true),
    ...no.map(() => false),
  ]);
});

test.each([
  ["/a\\", "ends with a backslash"],
  ["/{a,b", "has a { without its }"],
  ["/[a", "has a [ without its ]"],
  ["/[a\\", "has a [ without its ]"],
  ["/[", "has a [ without its ]"],
  ["/[]a", "has brackets with nothing in them"],
  ["/[!]x", "has brackets with nothing in them"],
  ["/[a-]", "has a range that is not closed by ]"],
  ["/[a-cd]", "has a range that is not closed by ]"],
  ["/[a-z0-9]", "has a range that is not closed by ]"],
  ["/[c-a]", "has a range that runs backwards"],
])("%s is none: it %s", (pattern, fault) => {
  expect(matches(pattern, "")).toBe(fault);
});

test("a pattern of many stars takes no longer than its length for each letter", () => {
  expect(matches(`${"*a".repeat(500)}b`, "a".repeat(4000))).toBe(false);
  expect(matches(`${"{,a}".repeat(500)}b`, `${"a".repeat(500)}b`)).toBe(true);
});
