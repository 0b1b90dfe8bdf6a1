import { expect, test } from "vitest";
import { toOpaJson } from "./opa-json.ts";
import { parseModule } from "./parse.ts";

const v = (name: string) => ({ type: "var", value: name });
const s = (value: string) => ({ type: "string", value });
const ref = (root: string, ...path: object[]) => ({ type: "ref", value: [v(root), ...path] });
const TRUE = { type: "boolean", value: true };
const IMPLICIT = [{ generated: true, index: 0, terms: TRUE }];

function shown(text: string): unknown {
  const { module, diagnostics } = parseModule({ name: "a.rego", text });
  if (module === undefined) throw new Error(diagnostics[0]?.message);
  return JSON.parse(JSON.stringify(toOpaJson(module)));
}

test("a module has its package, imports, and comments with their places", () => {
  expect(shown('package a["b c"]\nimport data.x as y # é\nimport input.z')).toEqual({
    package: { path: [v("data"), s("a"), s("b c")] },
    imports: [{ path: ref("data", s("x")), alias: "y" }, { path: ref("input", s("z")) }],
    comments: [{ Text: "IMOp", Location: { file: "a.rego", row: 2, col: 20 } }],
  });
});

// As OPA 1.22.2 prints them.
const rules: Record<string, object> = {
  "default p := 1": {
    default: true,
    head: { name: "p", ref: [v("p")], value: { type: "number", value: 1 }, assign: true },
    body: IMPLICIT,
  },
  "p contains 1": { head: { name: "p", ref: [v("p")], key: { type: "number", value: 1 } }, body: IMPLICIT },
  "p[x] if true": { head: { ref: [v("p"), v("x")], key: v("x"), value: TRUE }, body: [{ index: 0, terms: TRUE }] },
  'p["x"] := 1.50': {
    head: {
      name: "p",
      ref: [v("p"), s("x")],
      key: s("x"),
      value: { type: "number", value: 1.5 },
      assign: true,
    },
    body: IMPLICIT,
  },
  "p[1] = 2 if true": {
    head: { name: "p", ref: [v("p"), { type: "number", value: 1 }], value: { type: "number", value: 2 } },
    body: [{ index: 0, terms: TRUE }],
  },
  "f(_) = x if input else := 2": {
    head: { name: "f", ref: [v("f")], args: [v("$0")], value: v("x") },
    body: [{ index: 0, terms: ref("input") }],
    else: {
      head: { name: "f", ref: [v("f")], args: [v("$1")], value: { type: "number", value: 2 }, assign: true },
      body: IMPLICIT,
    },
  },
  "p if not data.q[_] with input.a as 1": {
    head: { name: "p", ref: [v("p")], value: TRUE },
    body: [
      {
        index: 0,
        negated: true,
        terms: ref("data", s("q"), v("$0")),
        with: [{ target: ref("input", s("a")), value: { type: "number", value: 1 } }],
      },
    ],
  },
  "p if some k, x in input": {
    head: { name: "p", ref: [v("p")], value: TRUE },
    body: [
      {
        index: 0,
        terms: { symbols: [{ type: "call", value: [ref("internal", s("member_3")), v("k"), v("x"), ref("input")] }] },
      },
    ],
  },
  "p if every x in [] { x }": {
    head: { name: "p", ref: [v("p")], value: TRUE },
    body: [
      {
        index: 0,
        terms: { key: null, value: v("x"), domain: { type: "array", value: [] }, body: [{ index: 0, terms: v("x") }] },
      },
    ],
  },
  'p := {y, "a", 2, 1, 2, null}': {
    head: {
      name: "p",
      ref: [v("p")],
      assign: true,
      value: {
        type: "set",
        value: [
          { type: "null", value: {} },
          { type: "number", value: 1 },
          { type: "number", value: 2 },
          s("a"),
          v("y"),
        ],
      },
    },
    body: IMPLICIT,
  },
  'p := $"a{x}{1}"': {
    head: {
      name: "p",
      ref: [v("p")],
      assign: true,
      value: {
        type: "templatestring",
        value: { multi_line: false, parts: [s("a"), { index: 0, terms: v("x") }, { type: "number", value: 1 }] },
      },
    },
    body: IMPLICIT,
  },
};

test.each(Object.entries(rules))("%s", (text, rule) => {
  expect(shown(`package a\n${text}`)).toMatchObject({ rules: [rule] });
});
