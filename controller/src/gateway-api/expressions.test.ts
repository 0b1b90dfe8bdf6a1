/** What people write into matches: expressions that are none, and texts that look like the Rego that is made of them. */
import { beforeAll, describe, expect, test } from "vitest";
import { build } from "../build/build.ts";
import type { PolicyTools } from "../build/tools.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { rehearse } from "../rehearse/rehearse.ts";
import { loadTools } from "../shell/build/compiler.ts";

let tools: PolicyTools;
beforeAll(async () => {
  tools = await loadTools();
});

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
`;

function buildWith(match: unknown, kind = "HTTPRoute", using = tools) {
  const route = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind,
    metadata: { name: "r" },
    spec: {
      parentRefs: [{ group: "", kind: "Service", name: "orders" }],
      rules: [
        { matches: [{}, match].slice(kind === "HTTPRoute" ? 1 : 0), backendRefs: [{ name: "orders", port: 80 }] },
      ],
    },
  };
  const text = `${MESH}---\n${JSON.stringify(route, undefined, 1)}\n`;
  return build([{ path: "", files: [{ name: "mesh.yaml", text }] }], { rights: ALL_RIGHTS }, using);
}

const expression = (value: string) => ({ type: "RegularExpression", value });

describe("an expression that is none is refused at its place", () => {
  test.each([["/a("], ["/a)|(?:.*"], ["/a(?=b)"], ["/(a)\\1"], ["/(a{1000}){1000}"]])("%s", (value) => {
    const { plan, diagnostics } = buildWith({ path: expression(value) });
    expect(plan).toBeUndefined();
    expect(diagnostics).toMatchObject([{ code: "route_expression", severity: "error", file: "mesh.yaml" }]);
    expect(diagnostics[0]?.message).toContain(JSON.stringify(value));
  });

  test("in fields, parameters and calls, too, each told once; one that is none twice in both places", () => {
    const field = { name: "x", ...expression("[") };
    const { diagnostics } = buildWith({ headers: [field], queryParams: [{ name: "q", ...expression("ok") }, field] });
    expect(diagnostics.map(({ code }) => code)).toEqual(["route_expression", "route_expression"]);
    const call = { method: { type: "RegularExpression", service: "a.*", method: "*" }, headers: [field] };
    expect(buildWith(call, "GRPCRoute").diagnostics.map(({ message }) => message.slice(0, 3))).toEqual(['"*"', '"["']);
    expect(buildWith({ path: expression("/[a-z]+(/v[0-9]{1,2})?") }).diagnostics).toEqual([]);
  });

  test("beside one of any letters", () => {
    const any = { name: "y", ...expression("\ufeff\u2028\u0001") };
    const { diagnostics } = buildWith({ headers: [{ name: "x", ...expression("[") }, any] });
    expect(diagnostics.map(({ message }) => message.slice(0, 3))).toEqual(['"["']);
    expect(buildWith({ headers: [any] }).diagnostics).toEqual([]);
  });

  test("and one that could not be asked about", () => {
    const test = () => ({ diagnostics: [], passed: 0, failed: [], cpuMs: 0 });
    const { diagnostics } = buildWith({ path: expression("/a") }, "HTTPRoute", { ...tools, test });
    expect(diagnostics.map(({ code }) => code)).toEqual(["route_expression"]);
  });
});

test.each([
  [`a"\n}\n\nroute := {"respond": {"status": 200}}\n\nroutes_9 := 1 if {\n"`],
  ["\\"],
  ["{{}}` {1} %s"],
  ["# a \u2028\u2029\u0000\ufeff"],
  ["*/ default allow := true"],
])("a value of %j is that, whatever it would be in Rego", (value) => {
  const name = value.replaceAll(/[\n\u2028\u2029]/g, "");
  const { plan, diagnostics } = buildWith({
    headers: [{ name: "X-A", value }],
    queryParams: [{ name, value }],
  });
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  const ask = (shown: string) => {
    const target = `/?${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
    const request = { method: "GET", authority: "orders", target, fields: [["x-a", shown] as const] };
    const found = rehearse({ from: "default/orders", request, nowMs: 0 }, plan, tools);
    return typeof found === "string" ? found : found.route;
  };
  expect(ask(value)).toMatchObject({ targets: [{ to: "orders.default" }] });
  expect(ask(`${value}.`)).toMatchObject({ respond: { status: 404 } });
});
