import { openEvaluator } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { type CompileRequest, checkUnit, compile, compileQuery } from "./compile.ts";
import { loadRuntime } from "./node.ts";
import type { JsonObject } from "./unit/json.ts";
import type { Unit } from "./unit/unit.ts";

const runtime = await loadRuntime();

function makeUnit(name: string, text: string, data: JsonObject = {}): Unit {
  return { name, modules: [{ name: `${name}.rego`, text }], data };
}

function compileOk(units: readonly Unit[], entrypoints: CompileRequest["entrypoints"]) {
  const { module, diagnostics } = compile({ units, entrypoints, runtime });
  expect(diagnostics).toEqual([]);
  if (module === undefined) throw new Error("no module");
  return module;
}

const authz = `package envoy.authz
default allow := false
allow if input.user in data.users`;

test("units of one module see their own data and rules only", () => {
  const module = compileOk(
    [makeUnit("a", authz, { users: ["alice"] }), makeUnit("team/b", authz, { users: ["bob"] })],
    [
      { unit: "a", name: "envoy/authz/allow" },
      { unit: "team/b", name: "envoy/authz/allow" },
    ],
  );
  expect(module.meta.entrypoints).toEqual([
    { name: "a/envoy/authz/allow", unit: "a", rules: [[2, 4]] },
    { name: "team/b/envoy/authz/allow", unit: "team/b", rules: [[0, 2]] },
  ]);
  expect(JSON.parse(module.data)).toEqual({ a: { users: ["alice"] }, "team/b": { users: ["bob"] } });
  const evaluator = openEvaluator(module);
  const ask = (entrypoint: number, user: string) => evaluator.evaluate(entrypoint, JSON.stringify({ user }));
  expect(ask(0, "alice")).toMatchObject({ text: '[{"result":true}]' });
  expect(ask(0, "bob")).toMatchObject({ text: '[{"result":false}]' });
  expect(ask(1, "bob")).toMatchObject({ text: '[{"result":true}]' });
});

test("one unit keeps plain names and its data as it is", () => {
  const module = compileOk([makeUnit("a", authz, { users: ["alice"] })], [{ unit: "a", name: "envoy/authz/allow" }]);
  expect(module.meta.entrypoints).toEqual([{ name: "envoy/authz/allow", unit: "a", rules: [[0, 2]] }]);
  expect(module.data).toBe('{"users":["alice"]}');
});

test("the rules that fired are known by file and place, the default among them", () => {
  const module = compileOk([makeUnit("a", authz, { users: ["alice"] })], [{ unit: "a", name: "envoy/authz/allow" }]);
  const evaluator = openEvaluator(module);
  evaluator.evaluate(0, '{"user": "alice"}');
  expect(evaluator.firedRules()).toEqual([
    { unit: "a", path: "data.envoy.authz.allow", file: "a.rego", row: 3, column: 1 },
  ]);
  evaluator.evaluate(0, '{"user": "eve"}');
  expect(evaluator.firedRules()).toEqual([
    { unit: "a", path: "data.envoy.authz.allow", file: "a.rego", row: 2, column: 1 },
  ]);
});

test("a rule whose body holds and whose head has no value has not fired", () => {
  const text = `package p
limits contains object.union({"key": input.user}, data.limits) if input.user
route := {"to": data.nowhere} if input.user
by[input.user] := data.nowhere if input.user
f(x) := data.nowhere if x
call if f(input.user)
all := [limits, by, [x | x := route], [x | x := call]]`;
  const module = compileOk([makeUnit("a", text)], [{ unit: "a", name: "p/all" }]);
  const evaluator = openEvaluator(module);
  evaluator.evaluate(0, '{"user": "alice"}');
  expect(evaluator.firedRules().map(({ path }) => path)).toEqual(["data.p.all"]);
});

test("each entrypoint knows the rules that it can reach, through functions and other rules", () => {
  const text = `package p
allow if f(1)
limits contains {"key": shared}
f(x) if x == other
other := 1
shared := "k"`;
  const entrypoints = ["p/allow", "p/limits"].map((name) => ({ unit: "a", name }));
  const { meta } = compileOk([makeUnit("a", text)], entrypoints);
  const reached = meta.entrypoints.map(({ rules }) =>
    rules.flatMap(([from, to]) => meta.rules.slice(from, to).map(({ path }) => path)).sort(),
  );
  expect(reached).toEqual([
    ["data.p.allow", "data.p.f", "data.p.other"],
    ["data.p.limits", "data.p.shared"],
  ]);
});

test("an entrypoint that no rule answers names the rules beside it", () => {
  const { module, diagnostics } = compile({
    units: [makeUnit("a", "package a\ndeny := true")],
    entrypoints: [{ unit: "a", name: "a/allow" }],
    runtime,
  });
  expect(module).toBeUndefined();
  expect(diagnostics).toMatchObject([
    {
      code: "entrypoint_missing",
      message: "entrypoint a/allow: unit a has no rule data.a.allow",
      hint: "define it, or name a rule that is there: a/deny",
    },
  ]);
});

test.each(["b.c[x] := 1 if x := 2", "b.c(x) := x"])("a base document at a rule's path is refused: %s", (rule) => {
  const diagnostics = checkUnit(makeUnit("a", `package a\n${rule}`, { a: { b: { c: {} } } }));
  expect(diagnostics).toMatchObject([
    {
      code: "rego_compile_error",
      message: "conflicting rule for data path a/b/c: the unit's data has a value there too",
    },
  ]);
});

const reads: readonly (readonly [rule: string, body: boolean, query: boolean])[] = [
  ["p if input.parsed_body.a", true, false],
  ["p if input.attributes.request.http.body", true, false],
  ["p if input.attributes.request.http.rawBody", true, false],
  ["p if input.truncated_body", true, false],
  ["p if input.parsed_query.a[_] == 1", false, true],
  ["p if http.body\nhttp := input.attributes.request.http", true, false],
  ["p if f(input.attributes.request.http)\nf(http) if http.body", true, false],
  ["p if f(input)\nf(x) if g(x.attributes)\ng(x) if x.request.http.body", true, false],
  ["p if not input.parsed_query", false, true],
  ["p if input.attributes.request.http.method", false, false],
  ["p if input.attributes.request.body", false, false],
  ["p if input == {}", false, false],
  ["p := 1\nq if input.parsed_body", false, false],
  ["p if input.parsed_path with input.parsed_body as 1", false, false],
];

test.each(reads)("what is read by %j", (rule, body, query) => {
  const module = compileOk([makeUnit("a", `package a\n${rule}`)], [{ unit: "a", name: "a/p" }]);
  expect(module.meta.reads).toMatchObject({ body, query });
});

/** What OPA 1.22.2 gives for `data.p` of each. */
const DOCUMENTS: Record<string, readonly [text: string, document: object]> = {
  "a default at a constant key": ["default c[true] := 1\nc.a := 2", { c: { a: 2, true: 1 } }],
  "a default that another rule of its key replaces": [
    "default c[1].b := 1\nc[1].b := 2 if input.x\nc[2].b := 3\nd := c[1]",
    { c: { 1: { b: 1 }, 2: { b: 3 } }, d: { b: 1 } },
  ],
  "no default at a key of a document with variable keys": ["default c[1] := 1\nc[x] := 3 if x := input.x", { c: {} }],
  "a default below constant keys": ["a[1].b := 1\ndefault a.c := 2", { a: { 1: { b: 1 }, c: 2 } }],
  "keys of an argument's objects are evaluated": [
    'k := "a"\nf({data.p.k: 1}) := 1\nq := f({"a": 1})\ng({[x | x := 1]: 1}) := 2\nr := g(data.none)',
    { k: "a", q: 1 },
  ],
  "a key of an argument's object that holds a call is none": [
    'h({count([1]): 1}) := 3\ns := h({1: 1})\ni({[count([1])]: 1}) := 4\nt := i({object.get({}, "a", [1]): 1})',
    {},
  ],
  "what could be a comprehension is one": ["q if { {1} | {2} == {3} }\nr if { 1 | 1 }", { q: true, r: true }],
};

test.each(Object.entries(DOCUMENTS))("documents: %s", (_, [text, document]) => {
  const modules = [{ name: "p.rego", text: `package p\n${text}` }];
  const { module, diagnostics } = compileQuery({ modules, query: { name: "query", text: "x = data.p" }, runtime });
  expect(diagnostics).toEqual([]);
  const given = module && openEvaluator(module).evaluate("eval", undefined);
  expect(given?.kind === "results" && JSON.parse(given.text)).toEqual([{ x: document }]);
});
