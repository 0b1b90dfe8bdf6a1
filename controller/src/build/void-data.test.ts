import { expect, test } from "vitest";
import { voidOf, wayOutOf } from "./void-data.ts";

test.each([
  ["", "is empty"],
  [" \n\n", "is empty"],
  ["# roles\n#\n", "holds nothing but comments"],
  ["---\n# x\n---\n", "holds nothing but comments"],
  ["null\n", "is null"],
  ["~ # later", "is null"],
  ["--- null\n", "is null"],
  ["version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "is a pointer of Git LFS, not the data"],
  ["../../.git/annex/objects/Xx/1/SHA256E-s3--abc", "is a pointer of git-annex, not the data"],
  ["{}", undefined],
  ["roles: {}\n", undefined],
  ["[]", undefined],
  ["a: null\n", undefined],
  ["version: https://git-lfs.github.com/spec/v1\n", undefined],
])("%j %s", (text, why) => {
  expect(voidOf(text)).toBe(why);
});

test("what points elsewhere is to be committed itself, not to be emptied", () => {
  expect(wayOutOf("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n")).toContain("git lfs");
  expect(wayOutOf("/annex/objects/SHA256E-s3--abc")).toContain("git annex");
  expect(wayOutOf("")).toContain("{}");
});
