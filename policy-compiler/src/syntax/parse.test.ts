import { printPlace } from "@regomesh/base";
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { Cursor } from "./cursor.ts";
import { CLOSURES_MAX } from "./limits.ts";
import { parseModule, parseQuery } from "./parse.ts";

const parse = (text: string) => parseModule({ name: "p.rego", text });
const messages = (text: string) => parse(text).diagnostics.map((d) => d.message);

const FRAGMENTS = [
  ...'{}[]()|:;,.#\n"`$_-=',
  ":=",
  " if ",
  " some ",
  " in ",
  " not ",
  " with ",
  " as ",
  " every ",
  " else ",
  " contains ",
  "default ",
  "import future.keywords\n",
  "x",
  "data.a",
  "1",
  '"s"',
  '$"{',
  " and ",
  " or ",
  "# METADATA\n",
  "\\",
];

test("parseModule and parseQuery never throw on arbitrary text", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 60 }).map((parts) => parts.join("")),
  );
  void fc.assert(
    fc.property(text, (body) => {
      const { module, diagnostics } = parse(`package p\n${body}`);
      expect(module === undefined).toBe(diagnostics.length > 0);
      parse(body);
      parseQuery({ name: "query", text: body });
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["package p\n\n# caf\uFFFD\nx := 1\n", 16, "3:6 illegal utf-8 character"],
  ['package p\n\nx := "a\uFFFD"\n', 18, "3:8 illegal utf-8 character"],
  ["package p\n\nx := `\n\uFFFD`", 18, "4:1 illegal utf-8 character"],
  ["package p\n\ncaf\uFFFD := 1\n", 14, "3:4 illegal utf-8 character"],
  ['package p\n\nx := "\0"\ny := \uFFFD', 25, "3:7 illegal null character"],
  ["package p\n\n# \0\n", undefined, "3:3 illegal null character"],
  ["package p\n\n\uFEFFx := 1\n", undefined, "3:1 illegal byte-order mark"],
  ['package p\n\nx := "\uFEFF"\n', undefined, "3:7 illegal byte-order mark"],
  ['\uFEFFpackage p\n\nx := "\uFFFD\\ufeff\\u0000"\n', undefined, undefined],
] as const)("characters that no text may have: %j", (text, illegalAt, says) => {
  const source = { name: "p.rego", text, ...(illegalAt === undefined ? {} : { illegalAt }) };
  const { module, diagnostics } = parseModule(source);
  expect(module === undefined).toBe(says !== undefined);
  const places = diagnostics.map(({ at, message }) => `${printPlace(at).slice("p.rego:".length)} ${message}`);
  expect(places).toEqual(says === undefined ? [] : [says]);
});

test("several statements report several errors", () => {
  expect(messages('package p\n\na := 1 1\n\nb if {\n  input.x y\n}\n\nc := "\n\nd := 1\n')).toEqual([
    "unexpected number token",
    "unexpected identifier token: expected \\n or ; or }",
    "non-terminated string",
  ]);
});

test.each([
  ["arrays", (n: number) => `${"[".repeat(n)}${"]".repeat(n)}`],
  ["parentheses", (n: number) => `${"(".repeat(n)}1${")".repeat(n)}`],
  ["objects", (n: number) => `${'{"a":'.repeat(n)}1${"}".repeat(n)}`],
  ["references", (n: number) => `${"input[".repeat(n)}1${"]".repeat(n)}`],
  ["calls", (n: number) => `${"f(".repeat(n)}1${")".repeat(n)}`],
  ["unions", (n: number) => `${"{a | ".repeat(n)}b${", c}".repeat(n)}`],
])("%s may nest, but not without end", (_, make) => {
  expect(messages(`package p\nx := ${make(999)}`)).toEqual([]);
  expect(messages(`package p\nx := ${make(100_000)}`)).toHaveLength(1);
});

test.each([
  ["comprehensions", (n: number) => `${"[x | x = ".repeat(n)}1${"]".repeat(n)}`],
  ["templates", (n: number) => `${'$"{'.repeat(n)}1${'}"'.repeat(n)}`],
])("%s may nest less deeply", (_, make) => {
  expect(messages(`package p\nx := ${make(CLOSURES_MAX / 2)}`)).toEqual([]);
  expect(messages(`package p\nx := ${make(2 * CLOSURES_MAX)}`)).toEqual([
    `max nesting depth of ${CLOSURES_MAX} comprehensions and bodies exceeded`,
  ]);
});

test.each([
  ["unions in sets, which are no comprehensions,", (n: number) => `${"{a | ".repeat(n)}b${", c}".repeat(n)}`],
  ["unions in arrays and calls", (n: number) => `${"[a | f({a | x[".repeat(n)}b${"], c}), c]".repeat(n)}`],
])("%s are read once", (_, make) => {
  const takenOf = (levels: number): number => {
    const takes = vi.spyOn(Cursor.prototype, "take");
    expect(messages(`package p\nx := ${make(levels)}`)).toEqual([]);
    const { length } = takes.mock.calls;
    takes.mockRestore();
    return length;
  };
  expect(takenOf(200)).toBeLessThan(2.1 * takenOf(100));
});

test("an object's entries are walked once where a key stands twice", () => {
  expect(messages(`package p\nx := ${'{"a": 1, "a": '.repeat(500)}1${"}".repeat(500)}`)).toEqual([]);
});

test("operands inside one another are walked once", () => {
  const text = (n: number) => `package p\nimport rego.v2\nx if ${"not {".repeat(n)}1${"} or b".repeat(n)}`;
  expect(messages(text(60))).toEqual([]);
  expect(messages(text(5_000))).toHaveLength(1);
});

test("what takes no longer than it is long: zeros inside of a number that is a key", () => {
  const zeros = "0".repeat(400_000);
  const text = `package p\nq := {1${zeros}1: "a", 1${zeros}1.0: "b", 1${zeros}: "c"}`;
  const value = parseModule({ name: "p.rego", text }).module?.rules[0]?.head.value;
  expect(value?.kind === "object" && value.entries.map(([, each]) => each.kind === "string" && each.value)).toEqual([
    "b",
    "c",
  ]);
});

test("an operator chain is as deep as it is long", () => {
  expect(messages(`package p\nx := 1${" + 1".repeat(2_000)}`)).toEqual([]);
  expect(messages(`package p\nx := 1${" + 1".repeat(60_000)}`)).toHaveLength(1);
});
