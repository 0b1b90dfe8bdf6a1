import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asciiBytes, textOf } from "../http1/characters.ts";
import { PathNormaliser, PathOutcome } from "./normalise-path.ts";
import type { PathLevel } from "./path-level.ts";
import { refusedPath } from "./refused-path.ts";

/** The result as text, or 400. A margin on both sides shows that only the span is read. */
function normalised(level: PathLevel, path: string): string {
  const normaliser = new PathNormaliser();
  const bytes = asciiBytes(`?#/.${path}/..#?`);
  const outcome = normaliser.normalise(level, bytes, 4, 4 + path.length);
  if (outcome === PathOutcome.refused) return "400";
  if (outcome === PathOutcome.unchanged) return path;
  return textOf(normaliser.bytes, normaliser.start, normaliser.end);
}

describe("paths are normalised", () => {
  const rows: readonly (readonly [level: PathLevel, path: string, result: string])[] = [
    ["NONE", "/a/../b//c%2e\\d", "/a/../b//c%2e\\d"],
    ["BASE", "/", "/"],
    ["BASE", "", ""],
    ["BASE", "?q", "/?q"],
    ["BASE", "/a/.", "/a/"],
    ["BASE", "/a/..", "/"],
    ["BASE", "/a/b/../../../../c", "/c"],
    ["BASE", "/a/...", "/a/..."],
    ["BASE", "/.a/..b/c.", "/.a/..b/c."],
    ["BASE", "/a//b/..", "/a//"],
    ["BASE", "/%7Eu%73er%2Fx%zz%", "/~user%2Fx%zz%"],
    ["BASE", "/%252e%252e/x", "/%252e%252e/x"],
    ["BASE", "/a/../b?c/../d#e", "/b?c/../d"],
    ["BASE", "/a?%2e/..", "/a?%2e/.."],
    ["BASE", "/a%00b", "400"],
    ["MERGE_SLASHES", "///a//b//?c//d", "/a/b/?c//d"],
    ["MERGE_SLASHES", "/a//../b", "/a/b"],
    ["DECODE_AND_MERGE_SLASHES", "/a%2f%5C..%2Fb", "/a/b"],
    ["DECODE_AND_MERGE_SLASHES", "/a%252fb", "/a%252fb"],
  ];
  for (const [level, path, result] of rows) {
    test(`${level} ${path}`, () => expect(normalised(level, path)).toBe(result));
  }
});

test("a path that is not refused is normal after one normalisation", () => {
  const path = fc.string({
    unit: fc.constantFrom("/", ".", "%2e", "%2F", "\\", "a", "?", "%", "%32", "e", "%25", "//"),
  });
  const level = fc.constantFrom<PathLevel>("BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES");
  fc.assert(
    fc.property(level, path, (level, path) => {
      const bytes = asciiBytes(`/${path}`);
      fc.pre(refusedPath(level, bytes, 0, bytes.length) === undefined);
      const once = normalised(level, `/${path}`);
      expect(normalised(level, once)).toBe(once);
      expect(once.split("?")[0]).not.toMatch(/\/(\.|%2e){1,2}(\/|$)|\\/i);
    }),
    { numRuns: 2000 },
  );
});

describe("paths are refused", () => {
  const rows: readonly (readonly [path: string, atBase: boolean, whereDecoded: boolean])[] = [
    ["/a/b?c=%2F%5C\\%00", false, false],
    ["/a%2fb", true, false],
    ["/a%5Cb", true, false],
    ["/a\\b", true, false],
    ["/a%00b", true, true],
    ["/a\0b", true, true],
    ["/a#b", true, true],
    ["/a?b#c", true, true],
    ["/a%2", true, true],
    ["/a%%32e", true, true],
    ["/a%zz?%zz", true, true],
    ["/a%252f", false, false],
  ];
  for (const [path, atBase, whereDecoded] of rows) {
    test(path, () => {
      const bytes = asciiBytes(path);
      expect(refusedPath("BASE", bytes, 0, bytes.length) !== undefined).toBe(atBase);
      expect(refusedPath("DECODE_AND_MERGE_SLASHES", bytes, 0, bytes.length) !== undefined).toBe(whereDecoded);
    });
  }
});
