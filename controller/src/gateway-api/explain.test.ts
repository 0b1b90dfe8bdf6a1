import { expect, test } from "vitest";
import { build } from "../build/build.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { explain } from "../rehearse/explanation.ts";
import { loadTools } from "../shell/build/compiler.ts";

const MESH = `
apiVersion: regomesh.dev/v1alpha1
kind: MeshService
metadata: { name: orders }
spec: { ports: [{ port: 80 }] }
---
apiVersion: regomesh.dev/v1alpha1
kind: Workload
metadata: { name: orders }
spec: { service: orders }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: versions }
spec:
  parentRefs: [{ group: "", kind: Service, name: orders }]
  rules:
    - name: second
      matches: [{ path: { value: /v2 }, method: POST }]
      backendRefs: [{ name: orders, port: 80 }]
`;

test("an explanation shows the rule of a route, and the condition that failed with its values", async () => {
  const tools = await loadTools();
  const trees = [{ path: "", files: [{ name: "mesh.yaml", text: MESH }] }];
  const { plan } = build(trees, { rights: ALL_RIGHTS }, tools);
  if (plan === undefined) throw new Error("it does not build");
  const explained = (method: string) =>
    explain(
      { kind: "way", from: "orders", method, url: "http://orders/v2/a", fields: [] },
      { trees, plan, tools, nowMs: 0 },
    );
  const asked = (method: string) => {
    const found = explained(method);
    return found.kind === "way" ? found.way.outbound?.asked[0] : undefined;
  };
  expect(explained("POST")).toMatchObject({ way: { targets: [{ service: "orders.default" }] } });
  expect(asked("GET")).toMatchObject({ binding: "gateway-api/routes", unit: "gateway-api:mesh", outcome: "defined" });
  const texts = asked("GET")?.rules.map(({ path, kind, lines, failure }) => [path, kind, lines.file, failure?.text]);
  expect(texts).toContainEqual([
    "data.mesh.routing.routes_1",
    expect.any(String),
    "gateway-api:mesh/routing.rego",
    'http.method == "POST"',
  ]);
  expect(plan.routes?.[0]?.text).toContain("# HTTPRoute default/versions, rule 1 (second)");
});

test("what receivers are asked is the request as route and target have changed it", async () => {
  const tools = await loadTools();
  const set = (name: string) =>
    `{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: ${name}, value: a }] } }`;
  const rewrite = "{ type: URLRewrite, urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: /all } } }";
  const rewriting = MESH.replace(
    "backendRefs: [{ name: orders, port: 80 }]",
    `filters: [${rewrite}, ${set("x-rule")}]\n      backendRefs: [{ name: orders, port: 80, filters: [${set("x-backend")}] }]`,
  );
  const authz = `---
apiVersion: regomesh.dev/v1alpha1
kind: PolicyBinding
metadata: { name: seen }
spec: { unit: seen, direction: Inbound, entrypoints: [mesh/authz/allow] }
`;
  const rego = `package mesh.authz

import input.attributes.request.http

allow if {
	http.path == "/all/a?q"
	http.headers["x-rule"] == "a"
	http.headers["x-backend"] == "a"
}
`;
  const files = [
    { name: "mesh.yaml", text: `${rewriting}${authz}` },
    { name: "seen/authz.rego", text: rego },
  ];
  const trees = [{ path: "", files }];
  const { plan, diagnostics } = build(trees, { rights: ALL_RIGHTS }, tools);
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  const question = { kind: "way", from: "orders", method: "POST", url: "http://orders/v2/a?q", fields: [] } as const;
  const found = explain(question, { trees, plan, tools, nowMs: 0 });
  expect(found).toMatchObject({ way: { targets: [{ stages: [{ verdict: "allowed" }] }] } });
});
