import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Source } from "@regomesh/base";
import { expect, test } from "vitest";
import { build } from "../../build/build.ts";
import { ALL_RIGHTS } from "../../index/rights.ts";
import { loadTools } from "./compiler.ts";

const root = join(import.meta.dirname, "../../../..");
const demo: readonly Source[] = ["policies/mesh", "examples/authz", "examples/mesh"].flatMap((folder) =>
  readdirSync(join(root, folder)).map((file) => ({
    name: relative(root, join(root, folder, file)),
    text: readFileSync(join(root, folder, file), "utf8"),
  })),
);
const tools = await loadTools();

/** Message and row of each test that fails; undefined where the commit is taken. */
function failures(...specs: readonly string[]): readonly string[] | undefined {
  return failuresIn("default", ...specs);
}

function failuresIn(namespace: string, ...specs: readonly string[]): readonly string[] | undefined {
  const text = specs
    .map(
      (spec, at) =>
        `apiVersion: regomesh.dev/v1alpha1\nkind: MeshTest\nmetadata: { name: t${at}, namespace: ${namespace} }\nspec:\n${spec.replace(/^/gm, "  ")}\n`,
    )
    .join("---\n");
  const tree = { path: "", files: [...demo, { name: "tests.yaml", text }] };
  const { plan, failedTests, diagnostics } = build([tree], { rights: ALL_RIGHTS, trustDomain: "cluster.local" }, tools);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(plan === undefined).toBe(failedTests.length > 0);
  return plan === undefined ? failedTests.map(({ file, row, message }) => `${file}:${row}: ${message}`) : undefined;
}

test("what the demo's policies say together, over sender, route, receivers and tiers", () => {
  const passing = [
    'request: { url: "http://web/orders", headers: { x-user: alice } }\nexpect: { verdict: Allowed, rule: data.mesh.authz.allow, targets: [{ service: web }], limits: [{ key: "user:alice", limit: 1200, window: 1m }] }',
    'request: { url: "http://web/refunds", headers: { x-user: alice } }\nexpect: { verdict: Denied, status: 403 }',
    'caller: web\nrequest: { url: "http://orders/" }\nexpect: { verdict: Allowed, targets: [{ service: orders, subset: v1, weight: 90 }, { service: orders, subset: v2 }] }',
    'caller: default/payments\nrequest: { url: "http://orders/" }\nexpect: { verdict: Denied }',
    'caller: web\nrequest: { url: "http://nobody/" }\nexpect: { verdict: Broken }',
    'caller: web\nrequest: { method: GET, url: "http://orders/", headers: { x-version: v2 } }\nexpect: { verdict: Allowed, targets: [{ service: orders, subset: v2 }] }',
  ];
  expect(failures(...passing)).toBeUndefined();
});

test.each([
  [
    'request: { url: "http://web/refunds", headers: { x-user: alice } }\nexpect: { verdict: Allowed }',
    "tests.yaml:6: it is Denied inbound at default/web, not Allowed: examples/authz/orders.rego:14 data.mesh.authz.allow held",
  ],
  [
    'request: { url: "http://web/refunds" }\nexpect: { verdict: Denied, status: 401 }',
    "tests.yaml:6: inbound at default/web it gets 403, not 401",
  ],
  [
    'caller: web\nrequest: { url: "http://orders/" }\nexpect:\n  verdict: Allowed\n  targets: [{ service: orders }]',
    "tests.yaml:9: it is routed to orders.default subset v1 weight 90, orders.default subset v2 weight 10",
  ],
  [
    'caller: web\nrequest: { url: "http://orders/" }\nexpect: { verdict: Allowed, rule: data.mesh.authz.deny }',
    "tests.yaml:7: data.mesh.authz.deny: it did not hold at default/orders-v1",
  ],
  [
    'caller: web\nrequest: { url: "http://orders/" }\nexpect: { verdict: Allowed, limits: [] }',
    "tests.yaml:7: default/orders-v1 asks for workload:spiffe://cluster.local/ns/default/sa/web: 60000 in 60000 ms",
  ],
  [
    'caller: nobody\nrequest: { url: "http://orders/" }\nexpect: { verdict: Allowed }',
    "tests.yaml:5: the mesh has no workload, service or service account default/nobody",
  ],
  [
    'caller: web\nrequest: { url: "http://nobody/" }\nexpect: { verdict: Allowed }',
    "tests.yaml:7: it is Broken, not Allowed: no_such_service: nobody",
  ],
])("a commit by which a test fails is refused, with what came out: %s", (spec, message) => {
  expect(failures(spec)).toEqual([message]);
});

test("who asks an edge of another namespace by a longer name is told nothing of it", () => {
  const spec = 'caller: outside\nrequest: { url: "http://web.default.x/orders" }\nexpect: { verdict: Allowed }';
  expect(failuresIn("evil", spec)).toEqual(["tests.yaml:5: its requests lead to another namespace than the test's"]);
});
