import { expect, test } from "vitest";
import { loadRuntime } from "../node.ts";
import { toUnit } from "../unit/unit.ts";
import { explainRules } from "./rules.ts";

const runtime = await loadRuntime();

const POLICY = `package mesh.authz

default allow := false

allow if {
  input.path == "/health"
}

allow if {
  input.method == "GET"
  may["orders"]
}

allow if {
  not blocked
  input.method == "POST"
  is_even(count(input.path))
}

may contains service if some service in data.roles[input.user]

blocked if input.user in data.blocked

is_even(n) if n % 2 == 0
`;
const DATA = "roles:\n  alice: [orders]\n  bob: [refunds]\nblocked: [eve]\n";

function explain(input: object) {
  const files = [
    { name: "authz/a.rego", text: POLICY },
    { name: "authz/data.yaml", text: DATA },
  ];
  const { unit } = toUnit({ name: "authz", directory: "authz", files });
  return explainRules({ unit, entrypoint: "mesh/authz/allow", input: JSON.stringify(input), runtime });
}

test("the rule that held comes first, with the data that it read", () => {
  expect(explain({ method: "GET", path: "/x", user: "alice" })).toEqual([
    {
      path: "data.mesh.authz.allow",
      file: "authz/a.rego",
      row: 9,
      endRow: 12,
      kind: "fired",
      isDefault: false,
      reads: [],
    },
    {
      path: "data.mesh.authz.may",
      file: "authz/a.rego",
      row: 20,
      endRow: 20,
      kind: "fired",
      isDefault: false,
      reads: [["roles"]],
    },
    {
      path: "data.mesh.authz.allow",
      file: "authz/a.rego",
      row: 5,
      endRow: 7,
      kind: "failed",
      isDefault: false,
      failure: {
        row: 6,
        text: 'input.path == "/health"',
        isNegated: false,
        values: [{ text: "input.path", value: '"/x"' }],
      },
      reads: [],
    },
  ]);
});

test("of a refusal every rule says the expression that failed, with its values", () => {
  const found = explain({ method: "POST", path: "/abc", user: "eve" });
  expect(
    found.map(({ kind, row, failure }) => [kind, row, failure?.text, failure?.values.map(({ value }) => value)]),
  ).toEqual([
    ["fired", 3, undefined, undefined],
    ["fired", 22, undefined, undefined],
    ["failed", 5, 'input.path == "/health"', ['"/abc"']],
    ["failed", 9, 'input.method == "GET"', ['"POST"']],
    ["failed", 14, "not blocked", ["true"]],
  ]);
});

test("a function's expression is named, though its arguments are not known any more", () => {
  const found = explain({ method: "POST", path: "/abcd", user: "bob" });
  expect(found.map(({ kind, path, failure }) => [kind, path, failure?.text])).toContainEqual([
    "failed",
    "data.mesh.authz.is_even",
    "n % 2 == 0",
  ]);
});
