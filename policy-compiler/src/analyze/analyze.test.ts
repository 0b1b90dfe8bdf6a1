import { positionAt } from "@regomesh/base";
import { expect, test } from "vitest";
import { parseModule } from "../syntax/parse.ts";
import { type AnalyzeOptions, analyze } from "./analyze.ts";

/** `row: code: message` of each diagnostic; several modules are told apart by their package lines. */
function check(text: string, options: Partial<AnalyzeOptions> = {}): readonly string[] {
  const texts = text.split(/^(?=package )/m);
  const modules = texts.map((part, i) => {
    const { module, diagnostics } = parseModule({ name: `m${i}.rego`, text: part });
    expect(diagnostics).toEqual([]);
    if (module === undefined) throw new Error("the module does not parse");
    return module;
  });
  return analyze({ modules, ...options }).diagnostics.map(
    ({ code, message, at }) => `${positionAt(at.source, at.span.start).row}: ${code}: ${message}`,
  );
}

const UNSAFE: Record<string, readonly [text: string, ...expected: string[]]> = {
  "a head that nothing binds": ["package p\nq := x if true", "2: rego_unsafe_var_error: var x is unsafe"],
  "an expression whose closures lack nothing, which OPA forgets to refuse": [
    "package p\nq if {\n some x in [1]\n y < [1 | z := x; z == 1]\n}",
    "4: rego_unsafe_var_error: var y is unsafe",
  ],
  "an expression that iterates what its closures use": [
    "package p\nq if {\n some x in [1]\n input.a[x] in {x | true}\n}",
    "4: rego_unsafe_var_error: var x is unsafe",
  ],
  "a negated binding": ["package p\nq if {\n not x = 1\n}", "3: rego_unsafe_var_error: var x is unsafe"],
  "a negation that a later line makes safe": ["package p\nq if {\n not x == 1\n x = 2\n}"],
  "a comprehension that needs an outer variable": [
    "package p\nq if {\n xs := [y | y := x + 1]\n count(xs) > 0\n x = 1\n}",
  ],
  "a comprehension with a variable of its own": [
    "package p\nq := [y | y > 1]",
    "2: rego_unsafe_var_error: var y is unsafe",
  ],
  "two comprehensions with a name each": ["package p\nq := [x | x = 1]\nr := {x | x = 2} if [x | x = 3] == [3]"],
  "an every body": ["package p\nq if {\n every x in [1] { x > y }\n}", "3: rego_unsafe_var_error: var y is unsafe"],
  "= in both directions": ["package p\nq if {\n [x, 1] = [2, y]\n x < y\n}"],
  "objects unify by key": ['package p\nq if {\n {"a": x, "b": 1} = {"a": 1, "b": y}\n x == y\n}'],
  ":= only to the left": ["package p\nq if {\n x := y\n x = 7\n}", "3: rego_unsafe_var_error: var y is unsafe"],
  "a call's extra argument": ["package p\nq := x if plus(1, 2, x)"],
  "references iterate in calls": ["package p\nq contains i if count(input.xs[i]) > 1"],
  "references iterate in the head": ["package p\nq contains input.xs[_].name"],
  "a wildcard where no expression iterates": ["package p\nq if _ == 1", "2: rego_unsafe_var_error: var _ is unsafe"],
  "the cause, not what is assigned from it": [
    'package p\nq := z if {\n x := ["a", y]\n z := x[0]\n}',
    "3: rego_unsafe_var_error: var y is unsafe",
  ],
  "both sides of a plain equation": [
    "package p\nq if {\n x = y\n}",
    "3: rego_unsafe_var_error: var x is unsafe",
    "3: rego_unsafe_var_error: var y is unsafe",
  ],
  "the value of with": ["package p\nq if input.a with input as x", "2: rego_unsafe_var_error: var x is unsafe"],
};

test.each(Object.entries(UNSAFE))("safety: %s", (_, [text, ...expected]) => {
  expect(check(text)).toEqual(expected);
});

const COMPILE: Record<string, readonly [text: string, ...expected: string[]]> = {
  "assigned twice": ["package p\nq if {\n x := 1\n x := 2\n}", "4: rego_compile_error: var x assigned above"],
  "assigned after use": ["package p\nq if {\n x == 1\n x := 1\n}", "4: rego_compile_error: var x referenced above"],
  "declared twice": ["package p\nq if {\n some x\n x := 1\n}", "4: rego_compile_error: var x declared above"],
  "an argument assigned": ["package p\nf(x) if x := 1", "2: rego_compile_error: arg x redeclared"],
  "declared and unused": ["package p\nq if {\n some x\n true\n}", "3: rego_compile_error: declared var x unused"],
  "an inner scope may assign again": ["package p\nq := [x | y := 1; x := y] if {\n x := 2\n x > 1\n}"],
  "a local may hide a rule": ["package p\nx := 1\nq if {\n x := 2\n x == 2\n}"],
  "a constant assigned to": [
    "package p\nq if {\n [1, x] := [1, 2]\n x > 1\n}",
    "3: rego_compile_error: cannot assign to number",
  ],
  "input may not be assigned": [
    "package p\nq if {\n input := 1\n}",
    "3: rego_compile_error: variables must not shadow input (use a different variable name)",
  ],
  "an import twice": [
    "package p\nimport data.a.x\nimport data.b.x\nq := x",
    "3: rego_compile_error: import must not shadow import data.a.x",
  ],
  "assignment to a reference": ["package p\nq if input.x := 1", "2: rego_compile_error: cannot assign to ref"],
};

test.each(Object.entries(COMPILE))("names: %s", (_, [text, ...expected]) => {
  expect(check(text)).toEqual(expected);
});

const RULES: Record<string, readonly [text: string, ...expected: string[]]> = {
  "complete and partial": ["package p\nq := 1\nq contains 2", "2: rego_type_error: conflicting rules data.p.q found"],
  "two packages of one name": [
    "package p\ndefault q := 1\npackage p\ndefault q := 2",
    "1: rego_type_error: multiple default rules data.p.q found at m0.rego:2, m1.rego:2",
  ],
  "a rule where a package is": [
    "package a\nb := 1\npackage a.b\nc := 1",
    "1: rego_type_error: package a.b conflicts with rule b defined at m0.rego:2",
    "2: rego_type_error: rule data.a.b conflicts with: rule data.a.b.c at m1.rego:2",
  ],
  "a rule below a value": [
    "package p\nq := 1\nq.r := 2",
    "2: rego_type_error: rule data.p.q conflicts with: rule data.p.q.r at m0.rego:3",
  ],
  "an unknown function": ["package p\nq := foo(1)", "2: rego_type_error: undefined function foo"],
  "a function of another package": ["package a\nf(x) := x\npackage p\nimport data.a\nq := a.f(1)"],
  "a deprecated built-in": [
    "package p\nq if any([true])",
    "2: rego_type_error: deprecated built-in function calls in expression: any",
  ],
  "a rule through itself": [
    "package p\nq if r\nr if s\ns if q",
    "2: rego_recursion_error: rule data.p.q is recursive: data.p.q -> data.p.r -> data.p.s -> data.p.q",
    "3: rego_recursion_error: rule data.p.r is recursive: data.p.r -> data.p.s -> data.p.q -> data.p.r",
    "4: rego_recursion_error: rule data.p.s is recursive: data.p.s -> data.p.q -> data.p.r -> data.p.s",
  ],
  "a rule through a variable": [
    "package p\nq[x] := 1 if data.p[x] == 2",
    "2: rego_recursion_error: rule data.p.q[x] is recursive: data.p.q[x] -> data.p.q[x]",
  ],
  "a function through itself": [
    "package p\nf(x) := f(x - 1)",
    "2: rego_recursion_error: rule data.p.f is recursive: data.p.f -> data.p.f",
  ],
  "with below a rule": [
    "package p\nq := {}\nr if true with data.p.q.x as 1",
    "3: rego_compile_error: with keyword cannot partially replace virtual document(s)",
  ],
  "with of nothing known": [
    "package p\nr if true with foo as 1",
    "2: rego_type_error: with keyword target must reference existing input, data, or a function",
  ],
};

test.each(Object.entries(RULES))("rules: %s", (_, [text, ...expected]) => {
  expect(check(text)).toEqual(expected);
});

const TYPES: Record<string, readonly [text: string, ...expected: string[]]> = {
  "scalars that differ": [
    'package p\nq if 1 == "1"',
    "2: rego_type_error: match error: left is number, right is string",
  ],
  "through rules": [
    'package p\na := {"n": 1}\nq if a.n == "x"',
    "3: rego_type_error: match error: left is number, right is string",
  ],
  "through variables and calls": [
    'package p\nq if {\n x := count(input.xs)\n x == "a"\n}',
    "4: rego_type_error: match error: left is number, right is string",
  ],
  "an argument of the wrong kind": [
    "package p\nq := upper(1)",
    "2: rego_type_error: upper: invalid argument(s): have (number), want (string)",
  ],
  "a union overlaps": ['package p\na := 1 if input.x\nelse := "s"\nq if a == "s"'],
  "nothing is known of input": ['package p\nq if {\n x := input.a\n x == 1\n upper(x) == "A"\n}'],
  "a replacement may be of any type": ['package p\na := 1\nq if a == "x" with data.p.a as "x"'],
  "an empty collection says nothing": ["package p\nq if {\n some x in set()\n x == 1\n}"],
};

test.each(Object.entries(TYPES))("types: %s", (_, [text, ...expected]) => {
  expect(check(text)).toEqual(expected);
});

test.each<readonly [string, (i: number) => string, string]>([
  ["nest a type", (i) => `a${i} := [a${i + 1}]`, "a2000 := 1"],
  ["make a wide union", (i) => `a contains {"k${i}": ${i}} if input.x == ${i}`, "b if some x in a"],
  ["make a wide object", (i) => `a[${i}] := {"k${i}": ${i}} if input.x == ${i}`, "b := a[input.y].z"],
])("rules that %s stay bounded", (_, make, last) => {
  const rules = Array.from({ length: 2000 }, (__, i) => make(i));
  expect(check(`package p\n${rules.join("\n")}\n${last}`)).toEqual([]);
});

test("rules that double a type stay bounded", () => {
  const rules = Array.from({ length: 60 }, (_, i) => `a${i} := {"x": a${i + 1}, "y": a${i + 1}}`);
  expect(check(`package p\n${rules.join("\n")}\na60 := 1`)).toEqual([]);
});

test("strict analysis refuses what is unused", () => {
  const text = "package p\nimport data.a\nf(x, y) := x if {\n z := 1\n}";
  expect(check(text)).toEqual([]);
  expect(check(text, { strict: true })).toEqual([
    "2: rego_compile_error: import data.a unused",
    "3: rego_compile_error: unused argument y",
    "4: rego_compile_error: assigned var z unused",
  ]);
});
