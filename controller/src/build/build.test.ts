import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { printRecord, type Source } from "@regomesh/base";
import { CAPABILITIES } from "@regomesh/policy-runtime";
import { checkSnapshot, SNAPSHOT_FORMAT } from "@regomesh/protocol";
import { describe, expect, test } from "vitest";
import { makeTools } from "../../test/make-tools.ts";
import type { HostOwners } from "../index/hosts.ts";
import { ALL_RIGHTS, type SourceRights } from "../index/rights.ts";
import { outboundOf, type WorkloadPlan } from "../snapshot/outbound.ts";
import { build, type MeshPlan } from "./build.ts";

const nothing = makeTools();

const root = join(import.meta.dirname, "../../..");
const demo: readonly Source[] = ["policies/mesh", "examples/authz", "examples/mesh"].flatMap((folder) =>
  readdirSync(join(root, folder)).map((file) => ({
    name: relative(root, join(root, folder, file)),
    text: readFileSync(join(root, folder, file), "utf8"),
  })),
);
const unit: Source = { name: "authz/a.rego", text: "package mesh.authz\n\nallow := true\n" };

function buildText(yaml: string, options: { rights?: SourceRights; files?: readonly Source[] } = {}) {
  const files = [{ name: "mesh.yaml", text: yaml }, ...(options.files ?? [unit])];
  return build([{ path: "", files }], { rights: options.rights ?? ALL_RIGHTS, trustDomain: "cluster.local" }, nothing);
}

const resource = (kind: string, name: string, spec: string, namespace = "default") =>
  `---\napiVersion: regomesh.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: ${spec}\n`;
const web =
  resource("MeshService", "web", "{ ports: [{ port: 80 }] }") + resource("Workload", "web", "{ service: web }");
const binding = (name: string, spec: string, namespace = "default") =>
  resource(
    "PolicyBinding",
    name,
    `{ unit: authz, direction: Inbound, entrypoints: [mesh/authz/allow], ${spec} }`,
    namespace,
  );

const route = (name: string, of: string, spec = "", namespace = "default") =>
  resource(
    "PolicyBinding",
    name,
    `{ unit: ${of}, direction: Outbound, entrypoints: [mesh/routing/route], ${spec} }`,
    namespace,
  );

test("a workload that names what it calls is told of no other service; a name that is none refuses", () => {
  const orders = resource("MeshService", "orders", "{ ports: [{ port: 80 }] }");
  const far = resource("MeshService", "pay", "{ ports: [{ port: 80 }] }", "far");
  const caller = (calls: string) => resource("Workload", "caller", `{ service: web, calls: [${calls}] }`);
  const toldOf = (yaml: string) => {
    const { plan } = buildText(web + orders + far + yaml);
    const workload = plan?.workloads.find(({ name }) => name === "caller");
    return workload && plan && outboundOf(plan, workload).map(({ hosts }) => hosts[0]);
  };
  expect(toldOf(caller("orders, pay.far"))).toEqual(["orders", "pay.far"]);
  expect(toldOf(caller(""))).toEqual([]);
  expect(toldOf(resource("Workload", "caller", "{ service: web }"))).toEqual(["orders", "pay.far", "web"]);
  const { diagnostics } = buildText(web + orders + caller("order"));
  expect(diagnostics.map(printRecord).join()).toMatch(/reference_unknown: namespace default has no service order/);
});

test("a workload is told the ports that are for one service each, by its key", () => {
  const orders = resource("MeshService", "orders", "{ ports: [{ port: 80 }, { name: more, port: 81 }] }", "shop");
  const caller = "{ service: web, localPorts: [{ service: orders.shop, servicePort: 81, port: 15101 }] }";
  const { plan, diagnostics } = buildText(web + orders + resource("Workload", "caller", caller));
  expect(diagnostics).toEqual([]);
  expect(plan?.workloads.map(({ name, localPorts }) => [name, localPorts])).toEqual([
    ["caller", [{ port: 15_101, service: "orders.shop", servicePort: 81 }]],
    ["web", undefined],
  ]);
});

describe("the demo's mesh", () => {
  const built = build([{ path: "", files: demo }], { rights: ALL_RIGHTS }, nothing);

  test("builds without a word", () => {
    expect(built.diagnostics).toEqual([]);
    expect(built.plan?.workloads.map(({ name }) => name)).toEqual(["orders-v1", "orders-v2", "payments", "web"]);
  });

  test("gives snapshots that pass the protocol's checks", () => {
    const plan = built.plan as MeshPlan;
    for (const planned of plan.workloads) {
      const { calls: _, ...workload } = planned;
      const snapshot = {
        format: SNAPSHOT_FORMAT,
        revision: { epoch: "e", sequence: 1, name: "r" },
        issuedAtMs: 0,
        expiresAtMs: 1,
        mesh: { ...plan.mesh, explainDenials: false },
        workloads: [{ ...workload, outbound: outboundOf(plan, planned) }],
      };
      expect(checkSnapshot(snapshot).problems).toEqual([]);
    }
  });

  test("shares a module between workloads of the same units, one for each direction", () => {
    const workloads = built.plan?.workloads ?? [];
    expect(new Set(workloads.map(({ policies }) => policies.inbound?.module)).size).toBe(1);
    expect(built.plan?.modules).toHaveLength(2);
  });

  test("lets web be reached from outside on its edge alone, and from the mesh on its port", () => {
    const [orders, , , edge] = built.plan?.workloads ?? [];
    expect(edge?.inbound.map(({ name, mode }) => [name, mode])).toEqual([
      ["http", "strict"],
      ["edge", "edge"],
    ]);
    const plan = built.plan as MeshPlan;
    expect(outboundOf(plan, orders as WorkloadPlan).find(({ name }) => name === "web")).toMatchObject({
      hosts: ["web", "web.default", "web.default.svc", "web.default.svc.cluster.local"],
      port: 80,
      portName: "http",
      principals: ["spiffe://cluster.local/ns/default/sa/web"],
    });
  });

  test("binds the guardrail before the shop's own policy", () => {
    const [orders] = built.plan?.workloads ?? [];
    expect(orders?.policies.inbound?.entrypoints.map(({ name, tier, kind }) => [name, tier, kind])).toEqual([
      ["policies/mesh/mesh/authz/allow", "mandatory", "authz"],
      ["policies/mesh/mesh/ratelimit/limits", "namespace", "limits"],
      ["examples/authz/mesh/authz/allow", "namespace", "authz"],
    ]);
  });
});

describe("composition", () => {
  const tiers = (bindings: string) =>
    buildText(web + bindings, { files }).plan?.workloads[0]?.policies.inbound?.entrypoints.map(
      ({ binding }) => binding,
    );

  const files = ["d", "n", "w", "m"].map((name) => ({ ...unit, name: `${name}/a.rego` }));
  const of = (name: string, spec: string, namespace?: string) =>
    binding(name, spec, namespace).replace("unit: authz", `unit: ${name}`);

  test("of the tiers beside mandatory, the most specific decides", () => {
    const all =
      of("d", "tier: Default") +
      of("n", "") +
      of("w", "tier: Workload") +
      of("m", "tier: Mandatory, selector: { namespaces: [default] }", "regomesh-system");
    expect(tiers(all)).toEqual(["regomesh-system/m", "default/w"]);
    expect(tiers(of("d", "tier: Default") + of("n", ""))).toEqual(["default/n"]);
  });

  test("a tier ranks units of its own namespace and no other's", () => {
    const root = (name: string, tier: string) =>
      of(name, `tier: ${tier}, selector: { namespaces: ["*"] }`, "regomesh-system");
    expect(tiers(of("w", "tier: Workload") + root("n", "Namespace") + root("d", "Default"))).toEqual([
      "default/w",
      "regomesh-system/n",
    ]);
    expect(tiers(of("d", "tier: Default") + root("w", "Workload"))).toEqual(["regomesh-system/w", "default/d"]);
  });

  test("a shadow comes along and displaces nothing", () => {
    expect(tiers(of("w", "tier: Workload, mode: Shadow") + of("n", ""))).toEqual(["default/w", "default/n"]);
  });

  test("a workload without a binding has no policy, and the mesh's default verdict", () => {
    const [workload] = buildText(web).plan?.workloads ?? [];
    expect(workload?.policies).toEqual({});
    expect(workload?.defaultVerdict).toBe("deny");
  });
});

const team: SourceRights = [{ path: "", namespaces: ["default"] }];
const refusals: Record<
  string,
  { yaml: string; rights?: SourceRights; files?: readonly Source[]; says: readonly string[] }
> = {
  "a name with two owners": {
    yaml: web + resource("Workload", "web", "{ service: web }"),
    says: ["mesh.yaml:14:19: resource_duplicate: Workload default/web is defined twice"],
  },
  "a service that is not there": {
    yaml: web + resource("Workload", "w", "{ service: wbe }"),
    says: ["mesh.yaml:15:18: reference_unknown: namespace default has no service wbe"],
  },
  "local ports of a service that is not there, of a port that it lacks, and twice": {
    yaml:
      web +
      resource(
        "Workload",
        "w",
        "{ service: web, localPorts: [{ service: wbe, port: 1 }, { service: web, servicePort: 8, port: 1 }] }",
      ),
    says: [
      "mesh.yaml:15:47: reference_unknown: namespace default has no service wbe",
      "mesh.yaml:15:92: reference_unknown: MeshService web has no port 8",
      "mesh.yaml:15:101: service_port: 1 cannot be a local port: it is that of wbe",
    ],
  },
  "a local port for a service that its workload does not call": {
    yaml: web + resource("Workload", "w", "{ service: web, calls: [], localPorts: [{ service: web, port: 1 }] }"),
    says: ["mesh.yaml:15:58: reference_unknown: spec.calls does not name web: the proxy would not know it"],
  },
  "a unit that is not there": {
    yaml: web + resource("PolicyBinding", "b", "{ unit: auth, direction: Inbound, entrypoints: [mesh/authz/allow] }"),
    says: ["mesh.yaml:15:15: reference_unknown: no directory auth with Rego in the source"],
  },
  "a selector that matches nothing is a warning": {
    yaml: web + binding("b", "selector: { labels: { version: v9 } }"),
    says: ["mesh.yaml:15:85: reference_unused: binding b matches no workload"],
  },
  "a mandatory binding outside the root namespace": {
    yaml: web + binding("b", "tier: Mandatory"),
    says: ["mesh.yaml:15:81: binding_tier: only a binding of namespace regomesh-system may be mandatory"],
  },
  "a binding that reaches another namespace": {
    yaml: web + binding("b", 'selector: { namespaces: ["*", default] }'),
    says: ["mesh.yaml:15:100: binding_namespace: a binding of namespace default may not reach all namespaces"],
  },
  "a resource of a namespace that its path may not speak for": {
    yaml: web + binding("b", "", "kube-system"),
    rights: team,
    says: ["mesh.yaml:14:33: resource_namespace: this file may not speak for namespace kube-system"],
  },
  "the mesh's settings in a path that may not speak for the root namespace": {
    yaml: "apiVersion: regomesh.dev/v1alpha1\nkind: MeshConfig\nmetadata: { name: m }\nspec: {}\n",
    rights: team,
    says: ["mesh.yaml:2:7: resource_namespace: only a path that may speak for regomesh-system may hold a MeshConfig"],
  },
  "a root binding for a namespace that has no workload is a warning": {
    yaml: web + binding("b", "selector: { namespaces: [default, defualt] }", "regomesh-system"),
    says: ["mesh.yaml:15:109: reference_unused: namespace defualt has no workload"],
  },
  "a host that two services own": {
    yaml:
      web +
      resource("MeshService", "a", "{ ports: [{ port: 80 }], hosts: [shop.example, web] }") +
      resource("MeshService", "b", "{ ports: [{ port: 80 }], hosts: [shop.example, b, web.default.svc] }"),
    says: [
      "mesh.yaml:15:54: service_host: web is the own name of web.default",
      "mesh.yaml:20:40: service_host: shop.example names a.default already",
      "mesh.yaml:20:54: service_host: b is this service's own name already",
      "mesh.yaml:20:57: service_host: web.default.svc is the own name of web.default",
    ],
  },
  "a host that is the own name of several services": {
    yaml:
      web +
      resource("MeshService", "web", "{ ports: [{ port: 80 }] }", "other") +
      resource("MeshService", "c", "{ ports: [{ port: 80 }], hosts: [web] }", "other"),
    says: [
      "mesh.yaml:20:40: service_host: web is the own name of web.default",
      "mesh.yaml:20:40: service_host: web is the own name of web.other",
    ],
  },
  "a host that two namespaces claim at once": {
    yaml:
      web +
      resource("MeshService", "a", "{ ports: [{ port: 80 }], hosts: [shop.example] }", "one") +
      resource("MeshService", "a", "{ ports: [{ port: 80 }], hosts: [shop.example] }", "two"),
    says: ["mesh.yaml:20:40: service_host: shop.example names a.one already"],
  },
  "a unit bound twice to one entrypoint": {
    yaml: web + binding("a", "") + binding("b", "tier: Workload"),
    says: ["mesh.yaml:19:19: binding_twice: mesh/authz/allow of authz is bound to default/web twice"],
  },
  "a unit bound by the root namespace and by its own": {
    yaml:
      web +
      binding("all", 'selector: { namespaces: ["*"] }, tier: Mandatory', "regomesh-system") +
      binding("b", "mode: Shadow"),
    says: ["mesh.yaml:19:19: binding_twice: mesh/authz/allow of authz is bound to default/web twice"],
  },
  "two routes on one workload and tier": {
    yaml: web + route("a", "authz") + route("b", "routes"),
    files: [unit, { ...unit, name: "routes/a.rego" }],
    says: ["mesh.yaml:19:19: binding_twice: default/web has two routes of tier Namespace; none is more specific"],
  },
  "routes of two namespaces on one workload": {
    yaml:
      web +
      route("a", "authz", "tier: Workload") +
      route("b", "routes", 'selector: { namespaces: ["*"] }', "regomesh-system"),
    files: [unit, { ...unit, name: "routes/a.rego" }],
    says: [
      "mesh.yaml:14:19: binding_twice: default/web has routes of two namespaces; no tier ranks one namespace over another",
    ],
  },
  "an entrypoint in the wrong direction": {
    yaml: web + resource("PolicyBinding", "b", "{ unit: authz, direction: Outbound, entrypoints: [mesh/authz/allow] }"),
    says: ["mesh.yaml:15:57: binding_entrypoint: mesh/authz/allow is asked Inbound, not Outbound"],
  },
  "an entrypoint that says nothing": {
    yaml: web + resource("PolicyBinding", "b", "{ unit: authz, direction: Inbound, entrypoints: [my/own] }"),
    says: ["mesh.yaml:15:56: binding_entrypoint: my/own is not an entrypoint of the mesh"],
  },
  "a default route to no subset, and weights that come to nothing": {
    yaml: resource("MeshService", "web", "{ ports: [{ port: 80 }], defaultRoute: [{ subset: v1, weight: 0 }] }"),
    says: [
      "mesh.yaml:5:46: service_route: every weight is 0",
      "mesh.yaml:5:57: reference_unknown: web has no subset v1",
    ],
  },
  "another trust domain than identities have": {
    yaml: "apiVersion: regomesh.dev/v1alpha1\nkind: MeshConfig\nmetadata: { name: m }\nspec: { trustDomain: example.org }\n",
    says: ["mesh.yaml:4:22: trust_domain: the trust domain is cluster.local and cannot become example.org"],
  },
  "one fault in YAML hides no other file's, and makes none of what it names": {
    yaml: `${web.replace("port: 80", "prot: 80")}`,
    says: [
      "mesh.yaml:5:17: resource_missing: spec.ports[0].port is missing",
      "mesh.yaml:5:19: resource_field: unknown field prot in spec.ports[0]",
    ],
  },
};

test.each([
  ["mesh/ratelimit/limit", "Inbound", "did you mean mesh/ratelimit/limits?"],
  ["mesh/routing/routes", "Outbound", "did you mean mesh/routing/route?"],
  ["my/own", "Inbound", "say what it answers: { name: my/own, kind: Authz } or { name: my/own, kind: Limits }"],
  ["my/own", "Outbound", "say what it answers: { name: my/own, kind: Route } or { name: my/own, kind: Limits }"],
])("the way out of the unknown entrypoint %s, asked %s", (entrypoint, direction, hint) => {
  const spec = `{ unit: authz, direction: ${direction}, entrypoints: [${entrypoint}] }`;
  const { diagnostics } = buildText(web + resource("PolicyBinding", "b", spec));
  expect(diagnostics.map((each) => each.hint)).toEqual([hint]);
});

test("a binding that says nothing of fuel has what its role gives", () => {
  const { plan } = buildText(web + binding("b", ""));
  expect(JSON.stringify(plan?.workloads)).toContain(`"fuel":${CAPABILITIES.inbound.fuel},`);
});

describe("refusals", () => {
  for (const [name, { yaml, says, ...options }] of Object.entries(refusals)) {
    test(name, () => {
      const built = buildText(yaml, options);
      expect(built.diagnostics.map(printRecord)).toEqual(says);
      expect(built.plan === undefined).toBe(built.diagnostics.some(({ severity }) => severity === "error"));
    });
  }
});

describe("a host has one owner", () => {
  const claim = (name: string, namespace: string, ...hosts: readonly string[]) =>
    resource("MeshService", name, `{ ports: [{ port: 80 }], hosts: [${hosts.join(", ")}] }`, namespace);
  const buildAfter = (hosts: HostOwners, ...parts: readonly string[]) =>
    build(
      [{ path: "", files: [{ name: "mesh.yaml", text: web + parts.join("") }] }],
      { rights: ALL_RIGHTS, hosts },
      nothing,
    );
  const said = ({ diagnostics }: ReturnType<typeof build>) =>
    diagnostics.map(({ severity, message, row }) => `${severity} ${row}: ${message}`);

  test("who has it in force keeps it, whatever another namespace claims, and the commit goes in force", () => {
    const [owner, squatter] = [claim("pay", "b", "pay.example"), claim("fake", "a", "pay.example", "fake.example")];
    const built = buildAfter([["pay.example", "pay.b"]], squatter, owner);
    expect(said(built)).toEqual(["warning 15: pay.example names pay.b already"]);
    const hosts = built.plan?.outbound.map(({ name, hosts: all }) => [
      name,
      all.filter((one) => one.endsWith("example")),
    ]);
    expect(hosts).toEqual([
      ["fake", ["fake.example"]],
      ["pay", ["pay.example"]],
      ["web", []],
    ]);
    expect(built.plan?.inventory?.hosts).toEqual([
      ["fake.example", "fake.a"],
      ["pay.example", "pay.b"],
    ]);
  });

  test("a service's own names are its own, also those that another namespace had before there was the service", () => {
    const built = buildAfter([["web.default", "fake.a"]], claim("fake", "a", "web.default", "web"));
    expect(said(built)).toEqual([
      "warning 15: web.default is the own name of web.default",
      "warning 15: web is the own name of web.default",
    ]);
    expect(built.plan?.inventory?.hosts).toEqual([]);
  });

  test("two of one namespace refuse the commit, whoever has it in force", () => {
    const built = buildAfter(
      [["pay.example", "pay.b"]],
      claim("also", "b", "pay.example"),
      claim("pay", "b", "pay.example"),
    );
    expect(said(built)).toEqual(["error 15: pay.example names pay.b already"]);
    expect(built.plan).toBeUndefined();
  });

  test("what its owner has given up is free", () => {
    const built = buildAfter([["pay.example", "pay.b"]], claim("fake", "a", "pay.example"), claim("pay", "b"));
    expect([said(built), built.plan?.inventory?.hosts]).toEqual([[], [["pay.example", "fake.a"]]]);
  });
});

describe("how a revision comes in force", () => {
  const config = (canary: string) =>
    `apiVersion: regomesh.dev/v1alpha1\nkind: MeshConfig\nmetadata: { name: m }\nspec: { release: { bake: 1m, canary: ${canary} } }\n`;

  test("canaries are named by their labels, or are so many of a hundred", () => {
    const labelled = resource("Workload", "web2", "{ service: web }").replace(
      "name: web2",
      "name: web2, labels: { track: canary }",
    );
    const { plan } = buildText(config("{ labels: { track: canary } }") + web + labelled);
    expect(plan?.rules).toMatchObject({ bakeMs: 60_000, canary: { kind: "workloads", workloads: ["default/web2"] } });
    expect(buildText(config("{ percent: 10 }") + web).plan?.rules?.canary).toEqual({ kind: "percent", percent: 10 });
    expect(buildText(web).plan?.rules?.canary).toBeUndefined();
  });

  test.each([
    ["{ labels: { track: canary } }", "no workload has the labels of the canary"],
    ["{}", "by its labels or by a percentage"],
    ["{ percent: 10, labels: { app: web } }", "by its labels or by a percentage"],
  ])("a canary of %s is refused", (canary, message) => {
    const { plan, diagnostics } = buildText(config(canary) + web);
    expect(plan).toBeUndefined();
    expect(diagnostics.map((each) => [each.code, each.row])).toEqual([["release_canary", 4]]);
    expect(diagnostics[0]?.message).toContain(message);
  });

  test("a proxy is told for how long it may be behind where it is to deny then, and status knows it in any case", () => {
    const stale = (more: string) =>
      buildText(
        `apiVersion: regomesh.dev/v1alpha1\nkind: MeshConfig\nmetadata: { name: m }\nspec: { maxStaleness: 1h${more} }\n${web}`,
      ).plan;
    expect(stale("")?.mesh).not.toHaveProperty("behindMaxMs");
    expect(stale("")?.staleness).toEqual({ maxMs: 3_600_000, onStale: "serve" });
    expect(stale(", onStale: Deny")?.mesh.behindMaxMs).toBe(3_600_000);
    expect(stale(", onStale: Deny")?.staleness?.onStale).toBe("deny");
  });

  test("rules alone change nothing of what proxies can act upon", () => {
    expect(buildText(config("{ percent: 10 }") + web).plan?.meaning).toBe(
      buildText(config("{ percent: 20 }") + web).plan?.meaning,
    );
  });
});
