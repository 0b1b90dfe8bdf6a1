import { expect, test } from "vitest";
import { IgnoreError, parseIgnore } from "./ignore.ts";

const TEXT = `# fixtures
fixtures/
/vendor
*.lock.json
!keep.lock.json
charts/**/templates
docs/*.yaml
a?c.yaml
[0-9]x.yaml
\\#odd.yaml
build/
!build/mesh.yaml
`;

test.each([
  ["fixtures/a.yaml", true],
  ["deep/fixtures/a.yaml", true],
  ["fixtures.yaml", false],
  ["vendor/a.yaml", true],
  ["deep/vendor/a.yaml", false],
  ["x/package.lock.json", true],
  ["keep.lock.json", false],
  ["charts/web/sub/templates/a.yaml", true],
  ["charts/templates/a.yaml", true],
  ["charts/web/a.yaml", false],
  ["docs/a.yaml", true],
  ["docs/deep/a.yaml", false],
  ["abc.yaml", true],
  ["abbc.yaml", false],
  ["7x.yaml", true],
  ["ax.yaml", false],
  ["#odd.yaml", true],
  ["build/mesh.yaml", true],
  ["mesh.yaml", false],
])("%s is left out: %s", (path, isIgnored) => {
  expect(parseIgnore(TEXT)(path)).toBe(isIgnored);
});

test("an empty file leaves nothing out", () => {
  expect(parseIgnore("\n  \n#\n/\n")("a/b.yaml")).toBe(false);
});

test("space at the end of a line counts only behind a backslash, a return never", () => {
  const isIgnored = parseIgnore("a.yaml  \r\nb.yaml\\ \r\n");
  expect(["a.yaml", "b.yaml", "b.yaml "].map(isIgnored)).toEqual([true, false, true]);
  expect(parseIgnore(`x${" ".repeat(500_000)}y`)("x")).toBe(false);
});

test("a set whose range is turned round holds nothing, and breaks nothing", () => {
  expect(["m.yaml", "n.yaml"].map(parseIgnore("[z-a].yaml\nn.yaml"))).toEqual([false, true]);
});

test("patterns that would take for ever are given up with a word", () => {
  const isIgnored = parseIgnore(`*${"a".repeat(500)}b*\n`.repeat(1000));
  expect(() => isIgnored("a".repeat(4000))).toThrow(IgnoreError);
});
