/** Whatever has changed since, a build that remembers says what one says that does not. */
import type { Source } from "@regomesh/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeTools } from "../../../test/make-tools.ts";
import { type BuildRules, build, type MeshPlan } from "../../build/build.ts";
import type { SourceTree } from "../../build/source-tree.ts";
import type { PolicyTools } from "../../build/tools.ts";
import { remember } from "./remember.ts";

/** Modules that differ where the texts of their units do. */
function makeTextTools(): PolicyTools {
  const tools = makeTools();
  return {
    ...tools,
    compile(units, entrypoints, role) {
      const made = tools.compile(units, entrypoints, role);
      if (made.module === undefined) return made;
      const wasm = new TextEncoder().encode(JSON.stringify([role, units, entrypoints]));
      return { ...made, module: { ...made.module, wasm } };
    },
  };
}

const resource = (kind: string, name: string, spec: string, metadata = "") =>
  `apiVersion: regomesh.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name}${metadata} }\nspec: ${spec}\n`;
const service = (name: string, of: string, workload: string, metadata = "") =>
  `${resource("MeshService", name, of)}---\n${resource("Workload", name, workload, metadata)}`;
const binding = (name: string, spec: string, metadata = "") =>
  resource("PolicyBinding", name, `{ direction: Inbound, entrypoints: [mesh/authz/allow], ${spec} }`, metadata);
const rego = (value: string) => `package mesh.authz\n\nallow := ${value}\n`;

/** Of each file what it may be; "": it is not there. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  "mesh.yaml": [
    "",
    resource("MeshConfig", "m", "{ pathLevel: Base }"),
    resource("MeshConfig", "m", "{ pathLevel: MergeSlashes, defaultVerdict: Allow }"),
  ],
  "web.yaml": [
    service("web", "{ ports: [{ port: 80 }] }", "{ service: web }"),
    service("web", "{ ports: [{ port: 80 }, { name: admin, port: 81 }] }", "{ service: web, calls: [orders] }"),
    service("web", "{ ports: [{ port: 80 }], hosts: [shop.example] }", "{ service: web }", ", labels: { tier: front }"),
    service("web", "{ ports: [{ port: 80 }] }", "{ service: none }"),
  ],
  "orders.yaml": [
    "",
    service("orders", "{ ports: [{ port: 80 }], hosts: [shop.example] }", "{ service: orders }"),
    service("orders", "{ ports: [{ port: 80 }], selector: { tier: front } }", "{ service: orders }"),
  ],
  "bound.yaml": [
    "",
    binding("bound", "unit: a"),
    binding("bound", "unit: b, selector: { services: [orders] }"),
    binding("bound", "unit: a, mode: Shadow"),
    binding("bound", "policy: inline"),
  ],
  "root.yaml": [
    "",
    binding("root", "unit: b, tier: Mandatory, selector: { namespaces: ['*'] }", ", namespace: regomesh-system"),
    binding("root", "unit: b, tier: Default"),
  ],
  "policy.yaml": [
    "",
    resource("Policy", "inline", "{ modules: { a.rego: 'package mesh.authz' } }"),
    resource("Policy", "inline", "{ modules: { a.rego: 'package mesh.other' } }"),
  ],
  "traffic.yaml": ["", resource("TrafficPolicy", "slow", "{ services: [web] }")],
  "more-traffic.yaml": ["", resource("TrafficPolicy", "quick", "{ services: [web] }")],
  "a/a.rego": [rego("true"), rego("false"), ""],
  "b/a.rego": [rego("true"), rego("1"), ""],
  "b/data.json": ["", "{}", '{"a": 1}'],
};
const NAMES = Object.keys(FILES);

const anyEdit = fc.record({
  name: fc.constantFrom(...NAMES),
  variant: fc.nat(10),
  isFresh: fc.boolean(),
  isOtherSource: fc.integer({ min: 0, max: 9 }).map((drawn) => drawn === 0),
  hasHosts: fc.boolean(),
});

function treesOf(files: ReadonlyMap<string, Source>, fresh: ReadonlySet<string>, isOther: boolean): SourceTree[] {
  const there = [...files.values()].filter(({ text }) => text !== "");
  const own: SourceTree = { path: "", files: there, ...(fresh.size === 0 ? {} : { fresh: [...fresh] }) };
  const foreign = { name: "web.yaml", text: FILES["web.yaml"]?.[0] ?? "" };
  return isOther ? [own, { source: "team", path: "", files: [foreign], inPieces: true }] : [own];
}

test("a build that remembers says what one says that does not", () => {
  let [accepted, refused] = [0, 0];
  fc.assert(
    fc.property(fc.array(anyEdit, { minLength: 1, maxLength: 12 }), (edits) => {
      const [plain, remembering] = [makeTextTools(), remember(makeTextTools())];
      const files = new Map(NAMES.map((name) => [name, { name, text: FILES[name]?.[0] ?? "" }]));
      let inForce: MeshPlan | undefined;
      for (const { name, variant, isFresh, isOtherSource, hasHosts } of edits) {
        const variants = FILES[name] ?? [];
        files.set(name, { name, text: variants[variant % variants.length] ?? "" });
        const trees = treesOf(files, new Set(isFresh ? [name] : []), isOtherSource);
        const rules: BuildRules = {
          rights: [],
          sources: { team: [{ path: "", namespaces: ["default"] }] },
          hosts: hasHosts ? inForce?.inventory?.hosts : undefined,
        };
        const expected = build(trees, rules, plain);
        expect(build(trees, rules, remembering)).toEqual(expected);
        if (expected.plan === undefined) refused++;
        else {
          accepted++;
          inForce = expected.plan;
        }
      }
    }),
    { numRuns: 60 },
  );
  expect(Math.min(accepted, refused)).toBeGreaterThan(20);
});

test("a commit that changes a policy makes anew what is of that alone", () => {
  const tools = remember(makeTextTools());
  let hosts: BuildRules["hosts"];
  const of = (text: string, web: number, fresh: readonly string[]) => {
    const files = [
      { name: "web.yaml", text: FILES["web.yaml"]?.[web] ?? "" },
      { name: "orders.yaml", text: service("orders", "{ ports: [{ port: 80 }] }", "{ service: orders }") },
      { name: "bound.yaml", text: binding("bound", "unit: a, selector: { services: [orders] }") },
      { name: "a/a.rego", text },
    ];
    const { plan } = build([{ path: "", files, fresh }], { rights: [], hosts }, tools);
    hosts = plan?.inventory?.hosts;
    return plan;
  };
  of(rego("true"), 0, []);
  // Also right after one that has brought a host: its file is no longer fresh, and that host in force.
  const [one, other] = [of(rego("true"), 2, ["web.yaml"]), of(rego("false"), 2, ["a/a.rego"])];
  const isSame = one?.workloads.map((workload, at) => [workload.name, workload === other?.workloads[at]]);
  expect(isSame).toEqual([
    ["orders", false],
    ["web", true],
  ]);
  expect(one?.outbound).toBe(other?.outbound);
  expect(one?.meaning).not.toBe(other?.meaning);
});

test("who has a host in force is asked for each build", () => {
  const tools = remember(makeTextTools());
  const files = ["default", "shop"].map((namespace) => {
    const spec = "{ ports: [{ port: 80 }], hosts: [shop.example] }";
    const text = resource("MeshService", "web", spec, `, namespace: ${namespace}`);
    return { name: `${namespace}.yaml`, text };
  });
  const workload = { name: "web.yaml", text: resource("Workload", "web", "{ service: web }") };
  const ownerBy = (hosts: BuildRules["hosts"]) => {
    const { plan } = build([{ path: "", files: [...files, workload] }], { rights: [], hosts }, tools);
    return plan?.inventory?.hosts?.map(([, service]) => service);
  };
  const asked = [undefined, "web.default", "web.shop"].map((owner) =>
    ownerBy(owner === undefined ? undefined : [["shop.example", owner]]),
  );
  expect(asked).toEqual([undefined, ["web.default"], ["web.shop"]]);
});
