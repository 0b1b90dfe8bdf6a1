/** Which rules share a body, and what each gives it. That they answer as before: ../rule-index.test.ts. */
import { expect, test } from "vitest";
import { planRequest } from "../../compile.ts";
import { coreOf } from "../../core/from-ir.ts";
import { codesOf } from "../../core/module.ts";
import type { Rule } from "../../core/op.ts";
import { eachOp } from "../../core/walk.ts";
import { indexRules } from "../rule-index.ts";

const EIGHT = Array.from({ length: 8 }, (_, i) => i);

/** The rules of the one set that the policy's rules become. */
function rulesOf(rules: readonly string[]): readonly Rule[] {
  const text = ["package p", ...rules].join("\n");
  const unit = { name: "u", modules: [{ name: "p.rego", text }], data: {} };
  const { policy, diagnostics } = planRequest({ units: [unit], entrypoints: [{ unit: "u", name: "p/r" }] });
  if (policy === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  const module = coreOf(policy);
  indexRules(module);
  const found: Rule[] = [];
  for (const { body } of codesOf(module)) {
    eachOp(body, (op) => {
      if (op.kind === "rules") found.push(...op.rules);
    });
  }
  return found;
}

/** For each body its rules, as what they are given. */
function sharesOf(rules: readonly string[]): readonly (readonly string[])[] {
  const bodies = new Map<unknown, string[]>();
  for (const { body, constants } of rulesOf(rules)) {
    const given = bodies.get(body) ?? [];
    given.push(constants.map(({ text }) => text).join(" "));
    bodies.set(body, given);
  }
  return [...bodies.values()];
}

const SHARED: Readonly<Record<string, readonly [rule: (i: number) => string, given: (i: number) => string]>> = {
  "compared strings": [(i) => `r if { input.a == "a${i}"; input.b == "b" }`, (i) => `a${i} ${i}`],
  "parts of an array": [(i) => `r if input.path == ["s${i}", input.user]`, (i) => `s${i} ${i}`],
  "values of rules": [(i) => `r := ${i * 10} if input.a == "a${i}"`, (i) => `a${i} ${i} ${i * 10}`],
  "operands of startswith": [
    (i) => `r if { input.a == "a${i}"; startswith(input.b, "/${i}") }`,
    (i) => `a${i} /${i} ${i}`,
  ],
  "members of a set": [(i) => `r contains "m${i}" if input.a == "a${i}"`, (i) => `a${i} ${i} m${i}`],
};

for (const [name, [rule, given]] of Object.entries(SHARED)) {
  test(`rules share a body that differ in ${name}`, () => {
    expect(sharesOf(EIGHT.map(rule)).map((body) => body.map(unordered))).toEqual([EIGHT.map(given).map(unordered)]);
  });
}

function unordered(given: string): string {
  return given.split(" ").sort().join(" ");
}

const APART: Readonly<Record<string, (i: number) => string>> = {
  "keys below input": (i) => `r if { input.a == "a${i}"; input["b${i}"] == "b" }`,
  "members of a constant set": (i) => `r if { input.a == "a${i}"; input.b in {"x", "b${i}"} }`,
  patterns: (i) => `r if { input.a == "a${i}"; regex.match("^${i}", input.b) }`,
  "the kind of a constant": (i) => `r if { input.a == "a${i}"; input.b == ${["true", "null", '"x"', "1.5"][i % 4]} }`,
  "which local is read": (i) =>
    `r if { input.a == "a${i}"; x := input.b; y := input.c; ${["x == x", "x == y", "y == x", "y == y"][i % 4]} }`,
};

for (const [name, rule] of Object.entries(APART)) {
  test(`rules that differ in ${name} have bodies of their own`, () => {
    expect(sharesOf(EIGHT.map(rule))).toHaveLength(8);
  });
}

test("rules of two kinds, in turn, share a body each", () => {
  const rules = EIGHT.map((i) => `r if { input.a == "a${i}"${i % 2 === 0 ? "" : "; input.b"} }`);
  expect(sharesOf(rules).map((body) => body.length)).toEqual([4, 4]);
});

test("rules of nine kinds that call different built-ins share a body each", () => {
  const names = [
    "startswith",
    "endswith",
    "contains",
    "split",
    "trim",
    "trim_left",
    "trim_right",
    "trim_prefix",
    "trim_suffix",
  ];
  const rules = names.flatMap((name, k) =>
    [0, 1, 2, 3].map((i) => `r if { input.a == "a${k}-${i}"; ${name}(input.b, "x") }`),
  );
  expect(sharesOf(rules).map((body) => body.length)).toEqual(names.map(() => 4));
});

test("three that are alike are left as they are", () => {
  const rules = EIGHT.map((i) => `r if { input.a == "a${i}"${"; input.b".repeat(i < 3 ? 0 : i)} }`);
  expect(rulesOf(rules).every(({ constants }) => constants.length === 0)).toBe(true);
});

test("a rule beside those that share a body is given nothing, as a rule that is asked once", () => {
  const own = 'r if { input.a == "own"; count(input.c) > 1 }';
  const rules = rulesOf([...EIGHT.map((i) => `r if { input.a == "a${i}"; input.b == "b" }`), own]);
  expect(rules.map(({ constants, body }) => [constants.length, body.params.length])).toEqual([
    ...EIGHT.map(() => [2, 4]),
    [0, 2],
  ]);
});

test("a set whose rules share no body has nothing to give", () => {
  expect(sharesOf(EIGHT.map((i) => `r if { input.a == "a${i}"; input.c["k${i}"] }`))).toHaveLength(8);
});
