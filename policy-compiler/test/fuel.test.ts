/** Fuel measures work: what takes more time takes more of it, whether in one turn of a loop or in many. */
import { openEvaluator } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { compile, type JsonObject } from "../src/index.ts";
import { loadRuntime } from "../src/node.ts";

const runtime = await loadRuntime();

const NUMBERS = Array.from({ length: 1_000 }, (_, i) => i);

/** Units that the rule `p` took. */
function fuelOf(text: string, data: JsonObject = { xs: NUMBERS }): number {
  const units = [{ name: "u", modules: [{ name: "u.rego", text: `package t\n${text}` }], data }];
  const { module, diagnostics } = compile({ units, entrypoints: [{ unit: "u", name: "t/p" }], runtime });
  expect(diagnostics).toEqual([]);
  const evaluation = openEvaluator(module as NonNullable<typeof module>).evaluate(0, undefined);
  expect(evaluation.kind).toBe("results");
  return evaluation.kind === "results" ? evaluation.fuelUsed : 0;
}

const conditions = (count: number) => Array.from({ length: count }, (_, i) => `x != ${-i - 1}`).join("; ");

/** Each pair does the same, the second one many times as much of it. */
const PAIRS: Record<string, readonly [less: string, more: string, times: number]> = {
  "conditions of a turn": [
    `p if { some x in data.xs; ${conditions(4)}; x == -1 }`,
    `p if { some x in data.xs; ${conditions(400)}; x == -1 }`,
    20,
  ],
  "conditions of a rule that is no loop": [
    "p if data.xs[0] == 1",
    `p if { x := data.xs[1]; ${conditions(2_000)} }`,
    100,
  ],
  "conditions of a function": [
    "f(x) if x == -1\np if { some x in data.xs; f(x) }",
    `f(x) if { ${conditions(200)}; x == -1 }\np if { some x in data.xs; f(x) }`,
    5,
  ],
  "alternatives of a function": [
    "f(x) if x == -1\np if { some x in data.xs; f(x) }",
    `${Array.from({ length: 200 }, (_, i) => `f(x) if { x == ${-i - 1}; true }`).join("\n")}\np if { some x in data.xs; f(x) }`,
    5,
  ],
  "sums of a turn": [
    "p if { some x in data.xs; sum([x]) == -1 }",
    "p if { some x in data.xs; sum(data.xs) == x; x == -1 }",
    50,
  ],
  "digests of a turn": ['p if crypto.sha256("a") == ""', `p if crypto.sha256("${"a".repeat(10_000)}") == ""`, 20],
};

test.each(Object.entries(PAIRS))("%s", (_, [less, more, times]) => {
  expect(fuelOf(more)).toBeGreaterThan(times * fuelOf(less));
});

const LONG = 60_000;
const TEXTS: JsonObject = {
  ascii: "a".repeat(LONG),
  umlauts: "ä".repeat(LONG / 2),
  emoji: "😀".repeat(LONG / 4),
  digits: "7".repeat(LONG),
  quotes: '"'.repeat(LONG),
  controls: "\u0001".repeat(LONG),
  blanks: " ".repeat(LONG),
};

/**
 * Built-ins that go through a text of 60,000 bytes, and units that one call takes at least: a tenth of its
 * nanoseconds (`node conformance/bin/fuel.mjs`). Each took so little that a request could have a thread for
 * ten times and more of its limit.
 */
const WHOLE_TEXTS: readonly (readonly [call: string, units: number])[] = [
  ["substring(data.ascii, 59000, 10)", 30_000],
  ["substring(data.emoji, 14000, 10)", 10_000],
  ['concat("", [data.ascii, data.ascii, data.ascii])', 20_000],
  ["upper(data.umlauts)", 50_000],
  ["strings.reverse(data.emoji)", 50_000],
  ["trim_space(data.blanks)", 20_000],
  ['contains(data.ascii, "aaab")', 50_000],
  [`contains(data.ascii, "${"a".repeat(40)}b")`, 50_000],
  ["net.cidr_is_valid(data.digits)", 20_000],
  ["to_number(data.ascii)", 20_000],
  ["json.marshal(data.quotes)", 200_000],
  ["json.marshal(data.controls)", 500_000],
  ['sprintf("%x", [data.ascii])', 200_000],
  ['sprintf("%s", [data.ascii])', 10_000],
  ['sprintf("%q", [data.controls])', 500_000],
  ['sprintf("%200000d", [1])', 100_000],
];

test.each(WHOLE_TEXTS)("%s takes fuel for the whole text", (call, units) => {
  expect(fuelOf(`p if { y := ${call}; count([y]) == 2 }`, TEXTS)).toBeGreaterThan(units);
});

test("comparing numbers takes fuel for all their digits", () => {
  const digits = "7".repeat(30_000);
  expect(fuelOf(`p if max([${digits}1, ${digits}2]) < 5`, {})).toBeGreaterThan(15_000);
});

test("intersecting many sets takes fuel for each", () => {
  const data = { xs: NUMBERS };
  expect(fuelOf("sets := {{x} | some x in data.xs}\np if count(intersection(sets)) == 1", data)).toBeGreaterThan(
    fuelOf("sets := {{x} | some x in data.xs}\np if count(sets) == 1", data) + 40 * NUMBERS.length,
  );
});

test("a condition that fails first does not pay for those behind it", () => {
  const rest = `; ${conditions(4_000)}`;
  const first = fuelOf("p if { some x in data.xs; x == -1 }");
  expect(fuelOf(`p if { some x in data.xs; x == -1${rest} }`)).toBeLessThan(40 * first);
});
