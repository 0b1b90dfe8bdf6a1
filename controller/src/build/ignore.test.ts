import { expect, test } from "vitest";
import { parseIgnore } from "./ignore.ts";

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
