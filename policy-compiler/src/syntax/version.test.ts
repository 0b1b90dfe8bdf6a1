import { positionAt } from "@regomesh/base";
import { expect, test } from "vitest";
import { checkUnit } from "../compile.ts";
import type { RegoVersion } from "./version.ts";

/** `row: message` of what is wrong with a module of the version. */
function check(version: RegoVersion, text: string, strict = false): readonly string[] {
  const unit = { name: "u", modules: [{ name: "p.rego", text: `package p\n${text}`, version }], data: {} };
  return checkUnit(unit, { strict }).map(({ at, message }) => {
    return `${positionAt(at.source, at.span.start).row}: ${message}`;
  });
}

const OF_V0: Record<string, string> = {
  "bodies without if": "q { true } { false }\nr = 1 { true } else = 2 { true }\nf(x) = y { y := x }",
  "sets without contains": 'q[x] { x := 1 }\nr["a"]\ns.a { true }',
  "names that are keywords in v1": "if { true }\ncontains := 1\nq { in := 1; every := in; every == 1 }",
  "a rule without a body of three segments": "a.b.c\nd.e[input.x]",
  "input and data hidden": "input = 7 { true }\nq { data := 1; data == 1 }\nr := input",
  "an import twice": "import data.a\nimport data.b.a\nq := a",
  "deprecated built-ins": "q { any([true]); re_match(`a`, input.x); set_diff({1}, {2}) }",
  "keywords that are imported":
    "import future.keywords.every\nq { every x in [1] { x == 1 } }\nr { 1 in [1] }\nif := 1",
  "all keywords imported": "import future.keywords\nq contains 1 if { true }\nr[1] { true }\ns { true }",
};

test.each(Object.entries(OF_V0))("v0 has %s, v1 has not", (_, text) => {
  expect(check("v0", text)).toEqual([]);
  expect(check("v1", text)).not.toEqual([]);
});

const FAULTS: Record<string, readonly [text: string, ...faults: string[]]> = {
  "a keyword before its import": ["q if true", "2: var cannot be used for rule name"],
  "a rule of one name without a value": ["q", "2: var cannot be used for rule name"],
  "else of a set": ["q[x] { x := 1 } else { true }", "2: else keyword cannot be used on multi-value rules"],
  "v1's rules, where imported": [
    "import rego.v1\nq { true }\nr[x] { x := 1 }\nimport data.a\nimport data.b.a",
    "3: `if` keyword is required before rule body",
    "4: `if` keyword is required before rule body",
    "4: `contains` keyword is required for partial set rules",
  ],
  "names that v1 refuses, where imported": [
    "import rego.v1\nq if { input := 1; input == 1 }\nr := any([true])",
    "3: variables must not shadow input (use a different variable name)",
  ],
};

test.each(Object.entries(FAULTS))("v0 refuses %s", (_, [text, ...faults]) => {
  expect(check("v0", text)).toEqual(faults);
});

test("what is strict holds v0 to v1's names, too", () => {
  expect(check("v0", "import data.a\nimport data.b.a\nq := a", true)).not.toEqual([]);
  expect(check("v0", "q { re_match(`a`, input.x) }", true)).not.toEqual([]);
});

test("what imports a language has no alias", () => {
  expect(check("v1", "import rego.v1 as x")).toEqual(["2: `rego` imports cannot be aliased"]);
  expect(check("v1", "import future.keywords.if as x")).toEqual(["2: `future` imports cannot be aliased"]);
});

test("modules of both versions make one unit", () => {
  const modules = [
    { name: "old.rego", text: "package p\nxs[x] { x := input.xs[_] }", version: "v0" },
    { name: "new.rego", text: "package p\nq if { some x in xs; x > 1 }" },
  ] as const;
  expect(checkUnit({ name: "u", modules, data: {} })).toEqual([]);
});

test("parentheses with nothing in them make no function", () => {
  expect(check("v1", "f() := 1\ng if f == 1\ndefault h() := 2")).toEqual([]);
  expect(check("v1", "f() := 1\ng if f() == 1")).toEqual(["3: undefined function data.p.f"]);
});
