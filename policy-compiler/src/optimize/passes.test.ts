/** What is kept of a function's ops is what a new look at them would find, however far the passes have come. */
import { expect, test } from "vitest";
import { planOf } from "../../test/same-without.ts";
import { coreOf } from "../core/from-ir.ts";
import { codesOf } from "../core/module.ts";
import { surveyOf } from "../core/survey.ts";
import { optimize, PASS_NAMES } from "./passes.ts";

const POLICIES: Readonly<Record<string, string>> = {
  "rules that an index tells apart": Array.from({ length: 12 }, (_, i) => `p := ${i} if { input.a == ${i}; q }`)
    .join("\n")
    .concat("\nq if r\nr if input.b"),
  "a comprehension that is gathered": "p := [n | some x in input.l; n := count([y | some y in input.l; y == x])]",
  "data that is iterated": "p if { some x in data.grants; x.a == input.a; f(x) }\nf(x) if x.b == 1",
  "what is never reached": "p := 1 if not 1 == 1\np := 2 if { q; 1 == 1 }\nq if not r\nr if input.a",
  "functions in functions": "p := f(input.a)\nf(x) := g(x)\ng(x) := h(x) + 1\nh(x) := x * 2",
  "a membership": 'p if input.a in {"a", "b"}\np if { some x in input.l; x in [1, 2] }',
};

test.each(Object.entries(POLICIES))("%s", (_, text) => {
  for (let run = 0; run <= PASS_NAMES.length; run++) {
    const module = coreOf(planOf(text));
    optimize(module, () => true, new Set(PASS_NAMES.slice(run)));
    for (const code of codesOf(module)) {
      const { calls, marks } = surveyOf(code);
      const fresh = surveyOf({ ...code, survey: undefined });
      expect({ calls, marks }, `${code.name} behind ${PASS_NAMES[run - 1]}`).toEqual({
        calls: fresh.calls,
        marks: fresh.marks,
      });
    }
  }
});
