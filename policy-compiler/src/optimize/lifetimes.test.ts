import { openEvaluator } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { compile } from "../compile.ts";
import { loadRuntime } from "../shell/runtime-file.ts";

const runtime = await loadRuntime();

function compileText(text: string) {
  const units = [{ name: "u", modules: [{ name: "u.rego", text: `package t\n${text}` }], data: {} }];
  const { module, diagnostics } = compile({ units, entrypoints: [{ unit: "u", name: "t/p" }], runtime });
  expect(diagnostics).toEqual([]);
  return module as NonNullable<typeof module>;
}

/** Each of them had a local of its own: more than V8 takes, and long before that an engine's first call took seconds. */
test("values that are used once need few locals, however many there are", () => {
  const lines = Array.from({ length: 1_500 }, (_, i) => `  x${i + 1} := x${i} + 1${" + 1 - 1".repeat(20)}`);
  const evaluator = openEvaluator(compileText(`p := x1500 if {\n  x0 := input.x\n${lines.join("\n")}\n}`));
  expect(evaluator.evaluate(0, '{"x": 1}')).toMatchObject({ text: '[{"result":1501}]' });
});

/** A value that is read again later keeps its place, in whatever blocks lie between. */
const KEPT: Record<string, readonly [text: string, result: unknown]> = {
  "behind an iteration": [
    "p := [a, b, n] if { a := input.x + 1; n := count([y | some y in input.l; y > a]); b := a + n }",
    [2, 4, 2],
  ],
  "in an iteration's turns": ["p := [y | a := input.x + 1; some z in input.l; b := z + 0; y := a * b]", [4, 6, 8]],
  "behind a negation": ["p := [a, c] if { a := input.x + 1; not f(a + 1); c := a + 3 }\nf(v) if v > 5", [2, 5]],
  "in a membership test": [
    "p := [a, b, c] if { a := input.x + 1; b := input.x + 2; c := input.x + 3; (c - 1) in [a, b, c] }",
    [2, 3, 4],
  ],
  "behind a modifier": [
    "p := [a, b, a + b] if { a := input.x + 1; b := q with input.x as a + 5 }\nq := input.x * 2",
    [2, 14, 16],
  ],
  "in every turn of every": [
    "p := a if { a := input.x + 1; every z in input.l { z + 1 > a; b := z * a; b >= 2 * a } }",
    2,
  ],
  "of an iteration that takes no turn": ["p := [a, [k | some k, v in input.none]] if { a := input.x + 1 }", [2, []]],
};

test.each(Object.entries(KEPT))("%s", (_, [text, result]) => {
  const evaluator = openEvaluator(compileText(text));
  expect(evaluator.evaluate(0, '{"x": 1, "l": [2, 3, 4], "none": []}')).toMatchObject({
    text: JSON.stringify([{ result }]),
  });
});
