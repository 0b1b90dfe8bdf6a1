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

test("a condition that fails first does not pay for those behind it", () => {
  const rest = `; ${conditions(4_000)}`;
  const first = fuelOf("p if { some x in data.xs; x == -1 }");
  expect(fuelOf(`p if { some x in data.xs; x == -1${rest} }`)).toBeLessThan(40 * first);
});
