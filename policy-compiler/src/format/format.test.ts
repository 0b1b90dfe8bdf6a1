import { expect, test } from "vitest";
import { type FormatOptions, formatModule } from "./format.ts";

function format(text: string, version: "v0" | "v1" = "v1", options: FormatOptions = {}): string {
  const { text: formatted, diagnostics } = formatModule({ name: "p.rego", text, version }, options);
  expect(diagnostics).toEqual([]);
  return formatted ?? "";
}

/** As `opa fmt` of OPA 1.22.2 has it, but where the name says otherwise. */
const V1: Record<string, readonly [text: string, formatted: string]> = {
  "blanks, bodies and blank lines": [
    "package p\nq   if { x:=1;x==1 }\n\n\n\nr := 1\ns := 2\n",
    "package p\n\nq if {\n\tx := 1\n\tx == 1\n}\n\nr := 1\ns := 2\n",
  ],
  "comments where they were": [
    "package p # head\n\n# of q\nq if { # begins\n # inner\n\n x # beside\n # last\n}\n# end",
    "package p # head\n\n# of q\nq if { # begins\n\t# inner\n\n\tx # beside\n\t# last\n}\n\n# end\n",
  ],
  "a term that a comment breaks stays as it was": [
    'package p\nq := {"a": 1,\n   # why\n  "b":   [2, # two\n 3]}\n',
    'package p\n\nq := {\n\t"a": 1,\n\t# why\n\t"b": [\n\t\t2, # two\n\t\t3,\n\t],\n}\n',
  ],
  "calls as operators": [
    "package p\nq if { plus(1, 2, x); equal(x, 3); x in [3]; (1 + 2) * 3 > x }",
    "package p\n\nq if {\n\tx = 1 + 2\n\tx == 3\n\tx in [3]\n\t(1 + 2) * 3 > x\n}\n",
  ],
  "keys and keywords in references": [
    'package p\nq := input["a"].if["with"]["b-c"][`d`]',
    'package p\n\nq := input.a.if["with"]["b-c"].d\n',
  ],
  "else links": [
    "package p\nq := 1 if { x } else := 2 if { y }\nelse := 3",
    "package p\n\nq := 1 if x\n\nelse := 2 if y\n\nelse := 3\n",
  ],
  "an else whose value is of several lines has a body in braces": [
    "package p\nq := 1 if { x } else := f([\n\t1,\n]) if y\n\nr := f([\n\t1,\n]) if y\n",
    "package p\n\nq := 1 if x\n\nelse := f([\n\t1,\n]) if {\n\ty\n}\n\nr := f([\n\t1,\n]) if y\n",
  ],
  "membership keeps the parentheses it needs, which opa fmt drops": [
    "package p\nq if { x in (y in z); a, (b in c) in d; (e in f) in g }",
    "package p\n\nq if {\n\tx in (y in z)\n\ta, (b in c) in d\n\te in f in g\n}\n",
  ],
  "a comment behind the brace of a function's else": [
    "package p\nf(x) := 1 if {\n\tx\n\tx\n} else := 2 if {\n\ty\n\ty\n} # why\nr := 1",
    "package p\n\nf(x) := 1 if {\n\tx\n\tx\n} else := 2 if {\n\ty\n\ty\n} # why\n\nr := 1\n",
  ],
  "a union that a body begins with": [
    "package p\nq if {\n\t(a | b) == c\n\t(a | b) == c\n}\nr if {\n\t(a | b) with input as 1\n\tx\n}",
    "package p\n\nq if {\n\t(a | b) == c\n\ta | b == c\n}\n\nr if {\n\t(a | b) with input as 1\n\tx\n}\n",
  ],
  "members of a set that are the same": [
    'package p\nq := {{1, 2}, {2, 1}, {{x}, {x}}, {"a": 1, "b": 2}, {"b": 2, "a": 1.0}}',
    'package p\n\nq := {{1, 2}, {{x}}, {"a": 1, "b": 2}}\n',
  ],
  "logical operators": [
    "package p\nimport rego.v2\nq if (x or y) and (not {a; b} and (c with input as 1))",
    "package p\n\nimport rego.v2\n\nq if (x or y) and (not { a; b } and (c with input as 1))\n",
  ],
  "what analysis refuses of operands": [
    "package p\nimport rego.v2\nq if { x := 1 and y; not z := 1 }",
    "package p\n\nimport rego.v2\n\nq if {\n\tx := 1 and y\n\tnot z := 1\n}\n",
  ],
  "a key and a member as operands": [
    'package p\nimport rego.v2\nq if { not "a", x in {1}; not ({x}, 1 in y); true and "a", x in {1} }',
    'package p\n\nimport rego.v2\n\nq if {\n\tnot "a", x in {1}\n\tnot ({x}, 1 in y)\n\ttrue and "a", x in {1}\n}\n',
  ],
};

test.each(Object.entries(V1))("fmt: %s", (_, [text, formatted]) => {
  expect(format(text)).toBe(formatted);
  expect(format(formatted)).toBe(formatted);
});

test("fmt leaves as it is what a comment would break", () => {
  const text = "package p\n\nq if {\n\tx in { # e1\nx, y, 1} # c2\n\tinput.c\n}\n";
  const { text: formatted, diagnostics } = formatModule({ name: "p.rego", text });
  expect(formatted).toBe(text);
  expect(diagnostics.map(({ code, severity }) => `${severity} ${code}`)).toEqual(["warning fmt_comment_misplaced"]);
});

test.each([
  ["v1", 'package p\n\nq if {\n  default.foo|"a"\n}\n'],
  ["v0", "package p q.a\nimport future.keywords\nb contains 2 if true\n"],
] as const)("fmt leaves as it is what opa fmt makes unreadable, %s", (version, text) => {
  const { text: formatted, diagnostics } = formatModule({ name: "p.rego", text, version });
  expect(formatted).toBe(text);
  expect(diagnostics.map(({ code, severity }) => `${severity} ${code}`)).toEqual(["warning fmt_unreadable"]);
});

const OLD = `package p

import future.keywords.in

p[x] { x := 1 }
q { x in [1] } else = 2 { true }
default r = 1
f(x) = y { y := x }
a.b.c { input.y }
`;

test.each([
  ["p if input.a", []],
  ["p if input.a or input.b", ["or"]],
  ["p if (input.a or input.b) and input.c", ["and", "or"]],
  ["p if not input.a", ["not"]],
  ["p if not (input.a and input.b)", ["and", "not"]],
  ["p if not { input.a } or input.b", ["not", "or"]],
  ["p if every x in [1] { x == 1 or x == 2 }", ["or"]],
])("of the words that are imported those stay that a module has a use for: %s", (rule, words) => {
  const lines = (names: readonly string[]): string => names.map((name) => `import future.keywords.${name}\n`).join("");
  const text = `package p\n\n${lines(["and", "not", "or"])}\n${rule}\n`;
  const imports = words.length === 0 ? "" : `${lines(words)}\n`;
  expect(format(text, "v1", { dropV0Imports: true })).toBe(`package p\n\n${imports}${rule}\n`);
  // Behind the rows of those that were there: in front of the rule all the same.
  expect(format(text, "v1", { target: "v0-v1" })).toBe(`package p\n\n${lines(words)}import rego.v1\n\n${rule}\n`);
});

test("v0 stays v0, becomes v1, or becomes what both read", () => {
  const rest = `p contains x if x := 1

q if x in [1]

else := 2

default r := 1

f(x) := y if y := x
a.b.c if input.y
`;
  expect(format(OLD, "v0", { target: "v0-v1" })).toBe(`package p\n\nimport rego.v1\n\n${rest}`);
  expect(format(OLD, "v0", { target: "v1", dropV0Imports: true })).toBe(`package p\n\n${rest}`);
  const kept = format(OLD, "v0");
  expect(kept).toContain("p[x] {\n\tx := 1\n}\n");
  expect(format(kept, "v0")).toBe(kept);
});

test.each([
  ["q { re_match(`a`, input.x) }", "deprecated built-in function calls in expression: re_match"],
  ["import data.a\nimport data.b.a", "import must not shadow import data.a"],
  ["q { input := 1; input == 1 }", "variables must not shadow input (use a different variable name)"],
  ["f(data) { data == 1 }", "args must not shadow data (use a different variable name)"],
])("no layout makes v1 of %j", (text, message) => {
  const source = { name: "p.rego", text: `package p\n${text}`, version: "v0" } as const;
  expect(formatModule(source).text).toBeDefined();
  const { text: formatted, diagnostics } = formatModule(source, { target: "v1" });
  expect([formatted, ...diagnostics.map((each) => each.message)]).toEqual([undefined, message]);
});

test("what does not parse gives diagnostics, and no text", () => {
  const { text, diagnostics } = formatModule({ name: "p.rego", text: "package p\nq {" });
  expect([text, diagnostics.length]).toEqual([undefined, 1]);
});

test("what takes no longer than it is long: line ends inside of a raw string", () => {
  const text = `package p\n\nq := \`${"\n".repeat(400_000)}\`\n`;
  expect(format(`${text}\n\n`) === text).toBe(true);
});
