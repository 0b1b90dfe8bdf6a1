/** A Policy is a unit as a directory is: it is bound, compiled, tested, and named where it is at fault. */
import { beforeAll, expect, test } from "vitest";
import { ALL_RIGHTS } from "../index/rights.ts";
import { loadTools } from "../shell/build/compiler.ts";
import { build } from "./build.ts";
import type { PolicyTools } from "./tools.ts";

let tools: PolicyTools;
beforeAll(async () => {
  tools = await loadTools();
});

const document = (kind: string, name: string, spec: string, namespace = "shop") =>
  `---\napiVersion: regomesh.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: ${spec}\n`;
const mesh =
  document("MeshService", "orders", "{ ports: [{ port: 80 }] }") +
  document("Workload", "orders", "{ service: orders }");
const bound = (unit: string) =>
  document("PolicyBinding", "orders", `{ ${unit}, direction: Inbound, entrypoints: [mesh/authz/allow] }`);
const policy = (name: string, rego: string, more: object = {}, namespace = "shop") =>
  document("Policy", name, JSON.stringify({ modules: { "authz.rego": rego }, ...more }), namespace);

const RULE = "package mesh.authz\n\ndefault allow := false\n\nallow if input.source.serviceAccount in data.callers\n";
const DATA = { callers: ["web"] };
const tests = (principal: string) => ({
  "authz_test.rego": `package t\n\nimport data.mesh.authz\n\ntest_may if authz.allow with input.source.serviceAccount as "${principal}"\n`,
});

function buildOf(text: string, path = "") {
  const built = build(
    [{ path, files: [{ name: `${path === "" ? "" : `${path}/`}mesh.yaml`, text: mesh + text }] }],
    { rights: ALL_RIGHTS },
    tools,
  );
  return {
    isGood: built.plan !== undefined,
    said: [
      ...built.diagnostics.map(({ file, row, column, code }) => `${file}:${row}:${column}: ${code}`),
      ...built.failedTests.map(({ file, name }) => `${file}: ${name}`),
    ],
    messages: built.diagnostics.map(({ message, hint }) => [message, hint]),
    verdicts: built.verdicts.map(({ kind, name }) => `${kind} ${name}`),
    passed: built.passedTests,
    units: built.plan?.services.flatMap(({ policies }) => policies.map(({ unit }) => unit)),
  };
}

test.each(["", "mesh"])("a Policy is bound, with its data and its tests, from %j", (path) => {
  const found = buildOf(policy("authz", RULE, { data: DATA, tests: tests("web") }) + bound("policy: authz"), path);
  expect(found).toMatchObject({ isGood: true, said: [], passed: 1, units: ["Policy/shop/authz"] });
});

test("a fault of its Rego stands at the line of its own file, and is the Policy's", () => {
  const found = buildOf(policy("authz", "package mesh.authz\n\nallow if undefined_thing\n") + bound("policy: authz"));
  expect(found).toMatchObject({
    isGood: false,
    said: ["Policy/shop/authz/authz.rego:3:10: rego_unsafe_var_error"],
    verdicts: ["Policy authz"],
  });
});

test("a test of it that fails refuses it", () => {
  const found = buildOf(policy("authz", RULE, { data: DATA, tests: tests("mallory") }) + bound("policy: authz"));
  expect(found).toMatchObject({ isGood: false, verdicts: ["Policy authz"] });
  expect(found.said).toEqual(["Policy/shop/authz/authz_test.rego: data.t.test_may"]);
});

test("what is wrong with a Policy is said before anything binds it", () => {
  const unbound = buildOf(policy("authz", "package mesh.authz\n\nallow if undefined_thing\n"));
  expect(unbound).toMatchObject({ isGood: false, verdicts: ["Policy authz"] });
  const failing = buildOf(policy("authz", RULE, { data: DATA, tests: tests("mallory") }));
  expect(failing).toMatchObject({ isGood: false, verdicts: ["Policy authz"] });
});

test("a binding names a Policy of its own namespace alone, and says which there are", () => {
  const elsewhere = policy("authz", RULE, { data: DATA }, "team");
  expect(buildOf(elsewhere + policy("authy", RULE) + bound("policy: authz")).messages).toContainEqual([
    "no Policy authz in namespace shop",
    "did you mean authy?",
  ]);
  expect(buildOf(elsewhere + bound("unit: Policy/team/authz")).messages).toEqual([
    ["Policy/team/authz is a Policy's unit", "write policy: NAME, for a Policy of the binding's own namespace"],
  ]);
});

test("a binding names a unit or a Policy, and one of them", () => {
  const either = ["spec must name either unit or policy", undefined];
  expect(buildOf(bound("unit: a, policy: b")).messages).toContainEqual(either);
  expect(
    buildOf(document("PolicyBinding", "orders", "{ direction: Inbound, entrypoints: [mesh/authz/allow] }")).messages,
  ).toContainEqual(either);
});
