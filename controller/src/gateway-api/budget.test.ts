import { beforeAll, expect, test } from "vitest";
import { build } from "../build/build.ts";
import type { PolicyTools } from "../build/tools.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { loadTools } from "../shell/build/compiler.ts";

let tools: PolicyTools;
beforeAll(async () => {
  tools = await loadTools();
});

const SERVICES = ["shop", "team", "evil"].map((namespace) => ({
  name: `MeshService/${namespace}/x.yaml`,
  text: `
apiVersion: regomesh.dev/v1alpha1
kind: MeshService
metadata: { name: x, namespace: ${namespace} }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: regomesh.dev/v1alpha1
kind: Workload
metadata: { name: x, namespace: ${namespace} }
spec: { service: x }
`,
}));

/** A route of some `characters` of Rego, and an eighth of them in its own text: what is done stands beside each match. */
function route(place: string, made: number, characters: number) {
  const [namespace, name] = place.split("/");
  const matches = Array.from({ length: 8 }, (_, at) => ({ path: { value: `/${name}/${at}` } }));
  const value = "y".repeat(characters / (16 * 8 * 16));
  const set = Array.from({ length: 16 }, (_, at) => ({ name: `x-${at}`, value }));
  const rules = Array.from({ length: 16 }, () => ({
    matches,
    filters: [{ type: "RequestHeaderModifier", requestHeaderModifier: { set } }],
    backendRefs: [{ name: "x", port: 80 }],
  }));
  const spec = { parentRefs: [{ group: "", kind: "Service", name: "x", port: 80 }], rules };
  const metadata = { name, namespace, creationTimestamp: new Date(made).toISOString() };
  const text = JSON.stringify({ apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata, spec });
  return { name: `HTTPRoute/${namespace}/${name}.yaml`, text };
}

const MILLION = 1_000_000;

test.each([
  ["all that fits is taken", [route("evil/a", 0, 3 * MILLION), route("shop/a", 1, MILLION)], []],
  [
    "of a namespace that says more than is left the newest goes, and of no other",
    [
      ...[4, 3, 2, 1, 0].map((made) => route(`evil/h${made}`, made, 3 * MILLION)),
      route("shop/a", 9, MILLION),
      route("team/a", 9, 100_000),
    ],
    ["evil/h3", "evil/h4"],
  ],
])("%s", (_, files, refused) => {
  const { plan, verdicts } = build([{ path: "", files: [...SERVICES, ...files] }], { rights: ALL_RIGHTS }, tools);
  expect(verdicts.map(({ namespace, name }) => `${namespace}/${name}`).sort()).toEqual(refused);
  expect([plan !== undefined, ...verdicts.map(({ reason }) => reason)]).toEqual([
    refused.length === 0,
    ...refused.map(() => "route_length"),
  ]);
});
