/** A function that stands where it was called answers as it did: the module without the pass, and the interpreter, say the same. */
import { describe, expect, test } from "vitest";
import { expectSameWithout, planOf } from "../../test/same-without.ts";
import { coreOf } from "../core/from-ir.ts";
import { codesOf } from "../core/module.ts";
import { calleesOf, eachOp } from "../core/walk.ts";
import { inlineFunctions } from "./inline.ts";

/** Functions that are called by name before and behind the pass. */
function calledIn(text: string): readonly [before: number, behind: number] {
  const module = coreOf(planOf(text));
  const count = () => {
    const called = new Set<unknown>();
    for (const { body } of codesOf(module))
      eachOp(body, (op) => {
        for (const callee of calleesOf(op)) called.add(callee);
      });
    return called.size;
  };
  const before = count();
  inlineFunctions(module);
  expect(new Set(codesOf(module)).size).toBe(codesOf(module).length);
  return [before, count()];
}

const POLICIES: Readonly<Record<string, string>> = {
  "a rule that another asks for": "p := q\nq := input.a + 1",
  "one that may be undefined": "p := 1 if q\nq if input.a == 1",
  "one that is false": "p := 1 if q\nq := input.a == 1",
  "one whose absence is asked for": "p if not q\nq if input.a == 1",
  "rules in rules": "p := [q, 1]\nq := [r, 2]\nr := input.a",
  "a function, whose argument is a constant": "p := f(1)\nf(x) := x + input.a",
  "a function, whose argument is undefined": "p := f(input.nothing)\nf(x) := [x]",
  "a function that fails for some arguments": "p := f(input.a)\nf(x) := 1 if x == 1\nf(x) := 2 if x > 1",
  "a default": "p := q\ndefault q := 7\nq := input.a if input.a > 1",
  "links of an else": "p := q\nq := 1 if input.a == 1\nelse := 2 if input.a == 2\nelse := input.l",
  "a conflict inside": "p := q\nq := input.a if input.a\nq := input.b if input.b",
  "a modifier around it": 'p := x if { x := q with input as {"a": 5} }\nq := input.a',
  "a modifier inside of it": "p := [q, input.a]\nq := r if { r := input.a with input.a as 3 }",
  "a value that is returned inside of a modifier": "p := q\nq := x if { x := count(input.l) with input.l as [1] }",
  "a set and an object": "p := [q, r]\nq contains x if some x in input.l\nr[k] := v if some k, v in input.l",
  "one that is asked in an iteration": "p := [y | some x in input.l; y := f(x)]\nf(x) := y if { y := x + 1; y > 2 }",
  "one that two ask": "p := [q, r]\nq := s\nr := s\ns := input.a",
  "errors of built-ins": "p := [q | q]\nq := to_number(input.a)",
  "a comprehension": "p := q\nq := [x | some x in input.l; x != input.a]",
};

const INPUTS = [
  "{}",
  '{"a": 1, "b": 1, "l": [1, 2, 3]}',
  '{"a": 2, "b": 3, "l": [5, 1]}',
  '{"a": "x", "l": [[1], {"y": 2}]}',
  '{"a": false, "l": []}',
];

test.each(Object.entries(POLICIES))("%s", (_, text) => {
  expectSameWithout(planOf(text), new Set(["inline"] as const), INPUTS, !text.includes("to_number"));
});

describe("stands where it was called", () => {
  test.each<[string, string, readonly [number, number]]>([
    ["a chain of rules", "p := q\nq := r\nr := input.a", [3, 0]],
    ["a function", "p := f(input.a)\nf(x) := x + 1", [2, 0]],
    ["but what two ask", "p := [q, r]\nq := s\nr := s\ns := input.a", [4, 1]],
    ["but what an iteration asks", "p := [y | some x in input.l; y := f(x)]\nf(x) := x + 1", [2, 1]],
    [
      "but what is kept for a function",
      "p := [y | some x in input.l; y := f(x)]\nf(x) := x + q\nq := input.a + 1",
      [3, 2],
    ],
  ])("%s", (_, text, counts) => {
    expect(calledIn(text)).toEqual(counts);
  });

  test("a chain longer than the stack of whoever would follow it call by call", () => {
    const links = Array.from({ length: 5000 }, (_, i) => `r${i} := r${i + 1}`);
    const [before, behind] = calledIn(["p := r0", ...links, "r5000 := input.a"].join("\n"));
    expect(before).toBe(5002);
    expect(behind).toBeLessThan(before / 2);
  });
});
