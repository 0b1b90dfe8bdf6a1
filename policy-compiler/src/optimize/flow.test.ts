/** What exits and flow leave out is seen by nobody: the module without them, and the interpreter, answer the same. */
import { test } from "vitest";
import { expectSameWithout, planOf } from "../../test/same-without.ts";

const POLICIES: Readonly<Record<string, string>> = {
  "a negation of what never holds": "p := 1 if not true == false",
  "a negation of what always holds": "p := 1 if not 1 == 1\np := 2 if input.a",
  "a modifier around what never holds": "p := 1 if { input.a == 1 with input.a as 2 }\np := 2 if not q\nq if 1 == 2",
  "every, whose elements fail at several places": "p if every x in input.l { x > 0; x.y != 2; not x == 5 }",
  "every in every": "p if every x in input.l { every y in input.l { x <= y + 2 } }",
  "every of what is no collection": "p := [1 | every x in input.a { x == 1 }]",
  "a negation of an iteration": "p if not big\nbig if { some x in input.l; not x < 3 }",
  "every in a modifier": "p if { every x in input.l { x == 1 } with input.l as [1, 1] }\np if input.a == 7",
  "links behind links": "p := 1 if input.a == 1\nelse := 2 if input.a == 2\nelse := 3 if input.l\np := 2 if input.b",
  "a conflict of two rules": "p := input.a if input.a\np := input.b if input.b",
  "a default behind rules": "default p := 0\np := 1 if input.a == 1\np := 1 if some x in input.l",
  "a function of one value": "p := [f(x) | some x in input.l]\nf(1) := 1\nf(x) := 2 if x > 1",
  "a body that holds by itself": "p := x if { true; x := input.a; null == null; x != 3 }",
};

const INPUTS = [
  "{}",
  '{"a": 1, "b": 1, "l": [1, 2, 3]}',
  '{"a": 2, "b": 3, "l": [5, 1]}',
  '{"a": [1, 1], "l": [{"y": 2}, 4]}',
  '{"a": 7, "b": 7, "l": []}',
  '{"a": 3, "l": [1, 1]}',
];

test.each(Object.entries(POLICIES))("%s", (_, text) => {
  expectSameWithout(planOf(text), new Set(["exits", "flow"] as const), INPUTS);
});
