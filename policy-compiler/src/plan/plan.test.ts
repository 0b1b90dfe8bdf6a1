import { printDiagnostic } from "@regomesh/base";
import { openEvaluator } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { compileQuery } from "../compile.ts";
import { loadRuntime } from "../node.ts";
import type { JsonObject } from "../unit/json.ts";

const runtime = await loadRuntime();

type Row = {
  readonly policy: string;
  readonly query?: string;
  readonly data?: JsonObject;
  readonly input?: unknown;
  /** Answers of the query, in any order; or the code of the error. */
  readonly want: readonly unknown[] | string;
};

function answer({ policy, query = "x = data.t.p", data = {}, input }: Row): unknown {
  const modules = policy.split("\n---\n").map((text, i) => ({ name: `m${i}.rego`, text }));
  const { module, diagnostics } = compileQuery({ modules, query: { name: "query", text: query }, data, runtime });
  if (module === undefined) throw new Error(diagnostics.map(printDiagnostic).join("\n"));
  const evaluator = openEvaluator(module);
  const given = evaluator.evaluate("eval", input === undefined ? undefined : JSON.stringify(input));
  return given.kind === "fault" ? given.code : JSON.parse(given.text);
}

const rows: Record<string, Row> = {
  "input keeps its value after with, in an iteration too": {
    policy: `package t
p := [x, y, z] if {
  x = input with input as "a"
  some z in [1, 2] with input as "b"
  z == 2
  y = input
}`,
    input: "c",
    want: [{ x: ["a", "c", 2] }],
  },
  "with that iterates puts data back for what follows": {
    policy: `package t
p contains [x, y] if { x = data.b[_] with data.b as {"k": 1, "l": 2}; y = data.b[_] }`,
    data: { b: [9] },
    want: [
      {
        x: [
          [1, 9],
          [2, 9],
        ],
      },
    ],
  },
  "rules are hidden at and below replaced data": {
    policy: `package t
a.b := 1
a.c := 2
p := [whole, part] if { whole := data.t.a with data.t.a as {"z": 0}; part := data.t.a with data.t.a.b as 7 }`,
    want: [{ x: [{ z: 0 }, { b: 7, c: 2 }] }],
  },
  "a replaced function sees the original": {
    policy: `package t
f(x) := x + 1
g(x) := f(x) * 10
h(x) := f(x)
p := [a, b, c, d] if {
  a := h(1)
  b := h(1) with f as g
  c := h(1) with f as 5
  d := h(1)
}`,
    want: [{ x: [2, 20, 5, 2] }],
  },
  "values that replace functions reach nested calls": {
    policy: `package t
f(x) := x
g(x) := [f(x), h(x)]
h(x) := x
p contains y if { some i in [1, 2]; y := k(0) with f as i }
k(x) := z if { z := g(x) with h as "h" }`,
    want: [
      {
        x: [
          [1, "h"],
          [2, "h"],
        ],
      },
    ],
  },
  "a key that chooses among rules evaluates that rule only": {
    policy: `package t
p := data.r[input.name].v
---
package r.good
v := 1
---
package r.bad
v := 1 if true
v := 2 if true`,
    input: { name: "good" },
    want: [{ x: 1 }],
  },
  "an unbound key enumerates rules and base documents once": {
    policy: `package t
p contains [k, v] if { v := data.r[k].v }
---
package r.a
v := "rule"
---
package r.b
w := 1`,
    data: { r: { a: { w: 0 }, c: { v: "base" } } },
    want: [
      {
        x: [
          ["a", "rule"],
          ["c", "base"],
        ],
      },
    ],
  },
  "a package is its rules over its base document": {
    policy: `package t
p := data.r
---
package r
a := 1
f(x) := x
b := 2 if false`,
    data: { r: { c: 3 } },
    want: [{ x: { a: 1, c: 3 } }],
  },
  "heads of several depths fill one object": {
    policy: `package t
p[x].n[y] := [x, y] if { some x in ["a"]; some y in ["1", "2"] } 
p.a.m := 0
p.z contains 1
p.z contains 2`,
    want: [{ x: { a: { n: { "1": ["a", "1"], "2": ["a", "2"] }, m: 0 }, z: [1, 2] } }],
  },
  "a value where another rule has an object is a conflict": {
    policy: `package t
p[x] := {"q": 1} if x := "a"
p[x].r := 2 if x := "a"`,
    want: "eval_conflict_error",
  },
  "two values for one key are a conflict": {
    policy: `package t
p[x] := y if { x := "a"; some y in [1, 2] }`,
    want: "eval_conflict_error",
  },
  "else goes on where a body fails; the chains must agree": {
    policy: `package t
f(x) := "a" if x > 10
else := "b" if x > 5
else := "c"
p := [f(11), f(6), f(1)]`,
    want: [{ x: ["a", "b", "c"] }],
  },
  "a default function answers what no body does": {
    policy: `package t
default f(_) := "other"
f(1) := "one"
f([a, {"k": b}]) := [b, a]
p := [f(1), f([1, {"k": 2}]), f({})]`,
    want: [{ x: ["one", [2, 1], "other"] }],
  },
  "patterns bind on both sides, in whatever order works": {
    policy: `package t
p := [a, b, c, d] if {
  [a, {"k": [b, c]}, d] = [1, {"k": [input.l[c], 0]}, {b | b := 1}]
}`,
    input: { l: ["x", "y"] },
    want: [{ x: [1, "x", 0, [1]] }],
  },
  "not is true where an iteration finds nothing": {
    policy: `package t
p := [a, b] if {
  a := count([1 | not has(3)])
  b := count([1 | not has(2)])
}
has(x) if { not all_differ(x) }
all_differ(x) if { not any_equals(x) }
any_equals(x) if input.l[_] == x`,
    input: { l: [1, 2] },
    want: [{ x: [1, 0] }],
  },
  "every needs a collection, and holds for an empty one": {
    policy: `package t
p contains "empty" if every x in [] { x == 1 }
p contains "all" if every k, v in {"a": 1} { k == "a"; v == 1 }
p contains "some" if every x in [1, 2] { x == 1 }
p contains "no collection" if every x in input { x }`,
    input: 7,
    want: [{ x: ["all", "empty"] }],
  },
  "walk and members of sets match patterns": {
    policy: `package t
p contains [path, value] if { walk({"a": [1]}, [path, value]); is_number(value) }
p contains x if { {[1, "x"], [2, "y"]}[[2, x]] }`,
    want: [{ x: ["y", [["a", 0], 1]] }],
  },
  "a query gives its named variables": {
    policy: "package t\nq[k] := v if some k, v in input",
    query: "data.t.q[k] = v; y := [v, v]; _ = 1",
    input: { a: 1 },
    want: [{ k: "a", v: 1, y: [1, 1] }],
  },
  "undefined is no answer": { policy: "package t\np := input.a.b", want: [] },
};

test.each(Object.entries(rows))("%s", (_, row) => {
  const given = answer(row);
  expect(typeof given === "string" ? given : new Set(given as unknown[])).toEqual(
    typeof row.want === "string" ? row.want : new Set(row.want),
  );
});
