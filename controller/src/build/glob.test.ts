import { expect, test } from "vitest";
import { matchesGlob, parseGlob } from "./glob.ts";

const match = (pattern: string, path: string): boolean => matchesGlob(parseGlob(pattern), path.split("/"), () => {});

test.each([
  ["*a*b", "xxaxxb", true],
  ["*a*b", "xxaxx", false],
  ["a*", "a", true],
  ["?", "", false],
  ["a/**/b", "a/b", true],
  ["a/**/b", "a/x/y/b", true],
  ["a/**/b/**/c", "a/b/b/x/c", true],
  ["a/**", "a", false],
  ["a/**", "a/b/c", true],
  ["**/a", "a", true],
  ["a**b", "axb", true],
  ["a**b", "a/b", false],
  ["[!a-c]x", "dx", true],
  ["[^a-c]x", "bx", false],
  ["[]]x", "]x", true],
  ["[z-a]", "m", false],
  ["[a", "[a", true],
  ["[\\]]", "]", true],
  ["\\*", "*", true],
  ["\\*", "a", false],
  ["a.b", "axb", false],
  ["a-[", "a-[", true],
])("%s matches %s: %s", (pattern, path, expected) => {
  expect(match(pattern, path)).toBe(expected);
});

test.each([
  ["wildcards in a name", `${"*a".repeat(100)}*b`, "a".repeat(2000)],
  ["wildcards over folders", `${"**/a/".repeat(100)}b`, "a/".repeat(1000)],
])("%s take steps that grow with pattern times path", (_, pattern, path) => {
  let steps = 0;
  const parts = path.split("/");
  expect(matchesGlob(parseGlob(pattern), parts, () => void steps++)).toBe(false);
  expect(steps).toBeLessThan(3 * pattern.length * path.length);
});
