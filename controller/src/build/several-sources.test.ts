/** What several sources come to together: names, units and rights, and whose fault a fault is. */
import { expect, test } from "vitest";
import { makeTools } from "../../test/make-tools.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { build } from "./build.ts";
import { sourceOf } from "./source-tree.ts";

const tools = makeTools();

const document = (kind: string, name: string, namespace: string, spec: string) =>
  `---\napiVersion: regomesh.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: ${spec}\n`;
const service = (name: string, namespace: string) =>
  document("MeshService", name, namespace, "{ ports: [{ port: 80 }] }") +
  document("Workload", name, namespace, `{ service: ${name} }`);
const binding = (name: string, namespace: string, more = "") =>
  document(
    "PolicyBinding",
    name,
    namespace,
    `{ unit: authz, direction: Inbound, entrypoints: [mesh/authz/allow]${more} }`,
  );
const source = (name: string, ...namespaces: readonly string[]) =>
  document(
    "PolicySource",
    name,
    "regomesh-system",
    `{ url: "https://git.example.org/${name}", namespaces: [${namespaces.join(", ")}] }`,
  );
const rego = { name: "authz/a.rego", text: "package mesh.authz\n\nallow := true\n" };

type Trees = Readonly<Record<string, string>>;
function buildOf(trees: Trees, sources: Readonly<Record<string, readonly string[]>> = {}) {
  const given = Object.entries(trees).map(([name, text]) => ({
    source: name,
    path: "",
    files: [{ name: "mesh.yaml", text }, rego],
  }));
  const rights = Object.entries(sources).map(([name, namespaces]) => [name, [{ path: "", namespaces }]] as const);
  return build(given, { rights: ALL_RIGHTS, sources: Object.fromEntries(rights), trustDomain: "td" }, tools);
}
const errors = (built: ReturnType<typeof build>) =>
  built.diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ file, row, message }) => `${file}:${row}: ${message}`);

test("each source's binding names a unit of its own, also of the same directory", () => {
  const { plan } = buildOf({
    root: service("web", "default") + binding("web", "default") + source("shop", "shop"),
    shop: service("cart", "shop") + binding("cart", "shop"),
  });
  const bound = plan?.workloads.map(({ name, policies }) => [name, policies.inbound?.entrypoints[0]?.unit]);
  expect(bound).toEqual([
    ["web", "authz"],
    ["cart", "shop:authz"],
  ]);
  expect(plan?.modules.map(({ wasm }) => JSON.parse(new TextDecoder().decode(wasm))[0])).toEqual([
    [["authz", "authz"]],
    [["shop:authz", "shop:authz"]],
  ]);
  expect(plan?.sources).toMatchObject([{ name: "shop", namespaces: ["shop"] }]);
});

test("a source that nobody has named is not read", () => {
  const { plan } = buildOf({ root: service("web", "default"), shop: service("cart", "shop") });
  expect(plan?.workloads.map(({ name }) => name)).toEqual(["web"]);
});

const refused: Readonly<Record<string, { trees: Trees; sources?: Record<string, readonly string[]>; says: string[] }>> =
  {
    "a namespace that it may not speak for": {
      trees: { root: source("shop", "shop"), shop: service("cart", "other") },
      says: [
        "shop:mesh.yaml:4: this file may not speak for namespace other",
        "shop:mesh.yaml:9: this file may not speak for namespace other",
      ],
    },
    "the root namespace, even where it was given": {
      trees: { root: service("web", "default"), shop: binding("all", "regomesh-system", ", tier: Mandatory") },
      sources: { shop: ["*"] },
      says: ["shop:mesh.yaml:4: only the mesh's own source may speak for namespace regomesh-system"],
    },
    "settings of the mesh": {
      trees: {
        root: service("web", "default"),
        shop: "apiVersion: regomesh.dev/v1alpha1\nkind: MeshConfig\nmetadata: { name: m }\nspec: { defaultVerdict: Allow }\n",
      },
      sources: { shop: ["shop"] },
      says: ["shop:mesh.yaml:2: only the mesh's own source may hold a MeshConfig"],
    },
    "a source of its own": {
      trees: { root: service("web", "default"), shop: source("more", "more") },
      sources: { shop: ["shop"] },
      says: ["shop:mesh.yaml:3: only the mesh's own source may hold a PolicySource"],
    },
    "a name that another source owns by name, although the root may speak for all": {
      trees: { root: service("cart", "shop") + source("shop", "shop"), shop: service("cart", "shop") },
      says: ["mesh.yaml:4: MeshService shop/cart is source shop's", "mesh.yaml:9: Workload shop/cart is source shop's"],
    },
    "a name that the root owns, where neither has it by name": {
      trees: { root: service("cart", "shop"), shop: service("cart", "shop") },
      sources: { shop: ["*"] },
      says: [
        "shop:mesh.yaml:4: MeshService shop/cart is source root's",
        "shop:mesh.yaml:9: Workload shop/cart is source root's",
      ],
    },
    "a unit of another source": {
      trees: {
        root: service("web", "default"),
        shop: binding("cart", "shop").replace("unit: authz", "unit: policies"),
      },
      sources: { shop: ["shop"] },
      says: ["shop:mesh.yaml:5: no directory shop:policies with Rego in the source"],
    },
    "an address that is a directory of the controller's machine, and a name that is taken": {
      trees: {
        root: source("shop", "shop").replace("https://git.example.org/shop", "/etc") + source("root", "x"),
      },
      says: [
        "mesh.yaml:5: a PolicySource has an address: https:// or ssh://",
        "mesh.yaml:9: root is the name of the mesh's own source",
      ],
    },
    "names that git takes for no branch and no tag": {
      trees: {
        root: [
          source("shop", "shop").replace("namespaces:", "branch: release/, namespaces:"),
          source("bank", "bank").replace("namespaces:", "tag: v1..2, namespaces:"),
          source("mint", "mint").replace("namespaces:", "branch: a.lock, namespaces:"),
        ].join(""),
      },
      says: [
        "mesh.yaml:5: release/ is not a branch's name: git takes none like it",
        "mesh.yaml:10: v1..2 is not a tag's name: git takes none like it",
        "mesh.yaml:15: a.lock is not a branch's name: git takes none like it",
      ],
    },
  };
test.each(Object.entries(refused))("is refused: %s", (_, { trees, sources, says }) => {
  const built = buildOf(trees, sources);
  expect(built.plan).toBeUndefined();
  expect(errors(built)).toEqual(says);
  for (const { file } of built.diagnostics) {
    expect(sourceOf(file, Object.keys(trees))).toBe(file.startsWith("shop:") ? "shop" : "root");
  }
});

test("a folder of the mesh's own source that is named as another source's files are is refused, and blames nobody else", () => {
  const text = service("web", "default") + source("shop", "shop");
  const files = (folder: string) => [
    { name: "mesh.yaml", text },
    { ...rego, name: `${folder}/a.rego` },
  ];
  const of = (folder: string) =>
    build([{ source: "root", path: "", files: files(folder) }], { rights: ALL_RIGHTS, trustDomain: "td" }, tools);
  expect(errors(of("shop:authz"))).toEqual([
    ".:1: shop:authz/a.rego of the mesh's own source is named as files of source shop are",
  ]);
  expect(errors(of("bank:authz"))).toEqual([]);
});
