import { expect, test } from "vitest";
import { readYaml } from "../yaml/read.ts";
import { isYaml, marshalYaml, unmarshalYaml } from "./yaml.ts";

test("YAML is read as OPA reads it", () => {
  expect(unmarshalYaml("a: yes\nb: 0o17\nc: [1, 2.5, ~]\nd: 2001-01-01")).toEqual({
    ...{ a: "yes", b: 15, c: [1, 2.5, null], d: "2001-01-01" },
  });
  expect(JSON.stringify(unmarshalYaml("a: 9007199254740993"))).toBe('{"a":9007199254740993}');
  expect(unmarshalYaml("")).toBe(null);
  expect(isYaml("a: [1")).toBe(false);
  expect(isYaml(1)).toBe(false);
});

test("aliases that unfold without end are refused", () => {
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`);
  expect(isYaml(`l0: &l0 x\n${levels.join("\n")}`)).toBe(false);
  expect(isYaml("a: &a [*a]")).toBe(false);
});

test("what is written is read back, with sorted keys", () => {
  const value = { b: [1, "yes", null, { d: "2001-01-01" }], a: { c: "x\ny" } };
  expect(unmarshalYaml(marshalYaml(value))).toEqual(value);
  expect(marshalYaml({ b10: 1, b9: [1] })).toBe("b9:\n  - 1\nb10: 1\n");
});

test("control characters, unknown directives and tabs alone are refused, as by go-yaml", () => {
  for (const text of ["\0", "a: \x7f", "# \x80", "%a", "# c\n%foo b\n---\na", "\t"])
    expect([text, isYaml(text)]).toEqual([text, false]);
  for (const text of ["\x85", "a: b%c", "%YAML 1.1\n---\na", "%TAG ! x\n---\na", "a\tb"]) {
    expect([text, isYaml(text)]).toEqual([text, true]);
  }
  expect(() => marshalYaml({ a: ["\x7f"] })).toThrow("control characters are not allowed");
  expect(() => marshalYaml({ "\x9f": 1 })).toThrow("control characters are not allowed");
});

test("what takes no longer than it is long: blanks that no line end follows, and an error for each three letters", () => {
  const blanks = " ".repeat(250_000);
  const folded = unmarshalYaml(`- "b${blanks}c\u2028 d\\ \t\n  \n e"\n- 'b${blanks}c \u2029 d'`) as readonly string[];
  expect(folded.map((each) => each.replace(blanks, "…"))).toEqual(["b…c\u2028d \ne", "b…c\u2029d"]);
  expect(marshalYaml(`a${blanks}b  \u0085 c`).replace(blanks, "…")).toBe("a…b c\n");
  for (const each of ["&a ", "! ", "*a "]) {
    expect(readYaml(`b: 1\nc: ${each.repeat(100_000)}`)).toMatchObject({
      fault: expect.stringMatching(/ at line 2, column \d$/),
    });
  }
});

test("a block that the text ends in has no line end of its own", () => {
  expect(unmarshalYaml("a: |\n  t\n  u")).toEqual({ a: "t\nu" });
  expect(unmarshalYaml("a: >\n  t\n  u")).toEqual({ a: "t u" });
  expect(unmarshalYaml("- |+\n  t")).toEqual(["t"]);
  expect(unmarshalYaml("a: |\n  t\n")).toEqual({ a: "t\n" });
});

test("what is put deeper is read a few times only, and faults stand where they stood", () => {
  const lines = Array.from({ length: 40 }, (_, i) => `k${i}: "a\nb"\n`);
  expect(isYaml(lines.slice(0, 12).join(""))).toBe(true);
  expect(isYaml(lines.join(""))).toBe(false);
  expect(readYaml('k: "a\nb"\nk: 1\n')).toMatchObject({ duplicates: [{ key: "k", offset: 9 }] });
  expect(readYaml('k: [\n1,\n"a\nb"]\nl: *none\n')).toMatchObject({ offset: 18 });
});
