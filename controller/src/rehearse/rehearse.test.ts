import { expect, test } from "vitest";
import { build } from "../build/build.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { loadTools } from "../shell/build/compiler.ts";
import { rehearse } from "./rehearse.ts";

const service = (name: string, more = "") => `---
apiVersion: regomesh.dev/v1alpha1
kind: MeshService
metadata: { name: ${name} }
spec: { ports: [{ port: 80 }] }
---
apiVersion: regomesh.dev/v1alpha1
kind: Workload
metadata: { name: ${name} }
spec: { service: ${name}${more} }
`;
const BINDING = `---
apiVersion: regomesh.dev/v1alpha1
kind: PolicyBinding
metadata: { name: routing }
spec: { unit: routing, selector: { services: [web] }, direction: Outbound, entrypoints: [{ name: team/route, kind: Route }] }
`;
const ROUTE = `package team

route := {"to": "payments"} if input.attributes.request.http.path == "/pay"

route := {"to": "nowhere"} if input.attributes.request.http.path == "/lost"
`;
const MESH = service("web", ", calls: [orders]") + service("orders") + service("payments") + BINDING;

test.each([
  ["a service that the sender may not call", "http://payments/", "no_such_service", "payments.default"],
  ["a route to one", "http://orders/pay", "no_route", "payments.default"],
])("%s is named with the place that would allow it", async (_, url, reason, uncalled) => {
  const { host, pathname } = new URL(url);
  expect(await ask(host, pathname)).toEqual({
    reason,
    detail: `spec.calls of workload default/web does not name ${uncalled}: its proxy does not know it`,
  });
});

test("what the mesh has not is told to be none of its services", async () => {
  expect(await ask("nowhere", "/")).toEqual({ reason: "no_such_service", detail: "nowhere" });
  const lost = { reason: "no_route", detail: "the route names no service of the mesh" };
  expect(await ask("orders", "/lost")).toEqual(lost);
  expect(await ask("orders", "/")).toEqual({ reason: undefined, detail: undefined });
});

async function ask(authority: string, target: string): Promise<object> {
  const tools = await loadTools();
  const files = [
    {
      name: "mesh.yaml",
      text: `${MESH}---
apiVersion: regomesh.dev/v1alpha1
kind: MeshConfig
metadata: { name: m }
spec: { trustDomain: td, defaultVerdict: Allow }
`,
    },
    { name: "routing/route.rego", text: ROUTE },
  ];
  const { plan, diagnostics } = build([{ path: "", files }], { rights: ALL_RIGHTS }, tools);
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  const request = { method: "GET", authority, target, fields: [] };
  const found = rehearse({ from: "web", request, nowMs: 0 }, plan, tools);
  if (typeof found === "string") throw new Error(found);
  return { reason: found.reason, detail: found.detail };
}
