/** A revision that names a source and needs what that brings: it is read before the first of a controller without state is refused, and a later one comes in force with it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { document } from "../../../test/documents.ts";
import { type GitServer, hasGitServer, serveGit, WorkTree } from "../../../test/git-server.ts";
import { makeOptions, readStatus, untilStatus } from "../../../test/running.ts";
import { refusedOf } from "../../api/sources.ts";
import type { StatusBody } from "../../api/status.ts";
import { type Controller, openController } from "../controller.ts";

const service = (name: string, namespace: string) =>
  document("MeshService", name, namespace, "{ ports: [{ port: 80 }] }") +
  `---\napiVersion: regomesh.dev/v1alpha1\nkind: Workload\nmetadata: { name: ${name}, namespace: ${namespace}, labels: { of: ${namespace} } }\nspec: { service: ${name} }\n`;
const source = (name: string) =>
  document("PolicySource", name, "regomesh-system", `{ url: "${server.url(name)}", namespaces: [${name}] }`);
const mesh = (spec: string) =>
  `---\napiVersion: regomesh.dev/v1alpha1\nkind: MeshConfig\nmetadata: { name: mesh }\nspec: ${spec}\n`;
const canary = (of: string) => mesh(`{ trustDomain: td, release: { canary: { labels: { of: ${of} } } } }`);
const RULE = "package mesh.authz\n\ndefault allow := true\n";

let folder: string;
let server: GitServer;
let root: WorkTree;
let shop: WorkTree;
let controller: Controller | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-first-"));
  server = await serveGit(folder);
  [root, shop] = [new WorkTree(folder, "root"), new WorkTree(folder, "shop")];
});
afterEach(async () => {
  await controller?.close();
  controller = undefined;
  server.close();
  rmSync(folder, { recursive: true });
});

async function start(files: Readonly<Record<string, string>>): Promise<StatusBody> {
  root.commit("root", { "web.yaml": service("web", "default"), "sources.yaml": source("shop"), ...files });
  controller = await openController(makeOptions(folder));
  return await readStatus(controller);
}

/** What is the root's, and needs what the shop brings. */
const NEEDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "canaries by their labels": { "mesh.yaml": canary("shop") },
  "a service that a mandatory policy is for": {
    "binding.yaml": document(
      "PolicyBinding",
      "all",
      "regomesh-system",
      "{ unit: authz, direction: Inbound, tier: Mandatory, entrypoints: [mesh/authz/allow], selector: { namespaces: [shop], services: [cart] } }",
    ),
    "authz/a.rego": RULE,
  },
  "a service that a workload calls": {
    "web.yaml": service("web", "default").replace("{ service: web }", "{ service: web, calls: [cart.shop] }"),
  },
  "a service that a workload has a local port for": {
    "web.yaml": service("web", "default").replace(
      "{ service: web }",
      "{ service: web, localPorts: [{ service: cart.shop, servicePort: 80, port: 9000 }] }",
    ),
  },
  "a caller and a service of a test of the mesh": {
    "binding.yaml": document(
      "PolicyBinding",
      "all",
      "regomesh-system",
      '{ unit: authz, direction: Inbound, tier: Mandatory, entrypoints: [mesh/authz/allow], selector: { namespaces: ["*"] } }',
    ),
    "authz/a.rego": RULE,
    "test.yaml": document(
      "MeshTest",
      "carts",
      "regomesh-system",
      "{ caller: default/web, request: { url: http://cart.shop/ }, expect: { verdict: Allowed } }",
    ),
  },
};
test.skipIf(!hasGitServer).each(Object.entries(NEEDS))(
  "of a source that a PolicySource names: %s",
  async (_, files) => {
    shop.commit("shop", { "mesh.yaml": service("cart", "shop") });
    const { revision } = await start(files);
    expect([revision?.sequence, revision?.inputs.map((each) => each.source)]).toEqual([1, ["root", "shop"]]);
  },
);

/** What is refused, with what the shop holds; each is told whole. */
const refusals: Readonly<Record<string, { root: Record<string, string>; shop: string; says: readonly string[] }>> = {
  "what no source brings": {
    root: { "mesh.yaml": canary("nobody") },
    shop: service("cart", "shop"),
    says: ["mesh.yaml:5:", "release_canary: no workload has the labels of the canary"],
  },
  "what is wrong whatever sources bring": {
    root: { "web.yaml": service("web", "default").replace("port: 80", "prt: 80") },
    shop: service("cart", "shop"),
    says: ["web.yaml:5:"],
  },
  "a source of which there is nothing to be had without its fault": {
    root: { "mesh.yaml": canary("shop") },
    shop: service("cart", "shop").replace("port: 80", "prt: 80"),
    says: ["mesh.yaml:5:", "release_canary: ", "shop:mesh.yaml:5:"],
  },
};
test.skipIf(!hasGitServer).each(Object.entries(refusals))(
  "refused, with its reasons: %s",
  async (_, { root: own, shop: other, says }) => {
    shop.commit("shop", { "mesh.yaml": other });
    const error = await start(own).catch((thrown: Error) => thrown);
    const head = root.git("rev-parse", "HEAD").slice(0, 7);
    expect((error as Error).message).toMatch(
      new RegExp(`^commit ${head} cannot be put in force, and there is no earlier`),
    );
    for (const part of says) expect((error as Error).message).toContain(part);
  },
);

test.skipIf(!hasGitServer)(
  "a source that cannot be read keeps no revision waiting that is whole without it",
  async () => {
    server.fail = 503;
    const { revision } = await start({});
    expect(revision?.inputs.map((each) => each.source)).toEqual(["root"]);
  },
);

test.skipIf(!hasGitServer)("a source that cannot be read is named beside what is refused for want of it", async () => {
  server.fail = 503;
  const error = await start({ "mesh.yaml": canary("shop") }).catch((thrown: Error) => thrown);
  expect((error as Error).message).toContain("no workload has the labels of the canary");
  expect((error as Error).message).toContain(`\nsource shop is not read: ${server.url("shop")} cannot be fetched: `);
});

test.skipIf(!hasGitServer)(
  "a state folder that has lost what was in force has its sources read before a loss is told",
  async () => {
    shop.commit("shop", { "mesh.yaml": ["cart", "desk", "till"].map((name) => service(name, "shop")).join("") });
    await start({});
    await controller?.close();
    controller = undefined;
    const snapshots = join(folder, "state/snapshots");
    rmSync(join(snapshots, "last-good.json"));
    const known = ["cart", "desk", "till"].map((name) => ({
      workload: `shop/${name}`,
      instance: "1",
      principal: `spiffe://regomesh.local/ns/shop/sa/${name}`,
      heardMs: 1,
    }));
    writeFileSync(join(snapshots, "proxies.json"), JSON.stringify(known));
    const { revision } = await start({});
    expect(revision?.inputs.map((each) => each.source)).toEqual(["root", "shop"]);
  },
);

const until = (isTrue: (status: StatusBody) => boolean) => untilStatus(controller, isTrue);
const inForce = ({ revision }: StatusBody) => revision?.inputs.map(({ source, id }) => [source, id]);

test.skipIf(!hasGitServer)(
  "a later commit that names a source, and needs what that brings, comes in force with it",
  async () => {
    const cart = shop.commit("shop", { "mesh.yaml": service("cart", "shop") });
    await start({ "sources.yaml": "" });
    const needs = { "sources.yaml": source("shop"), ...NEEDS["a service that a workload calls"] };
    const commit = root.commit("needs the cart", needs);
    const status = await until(({ revision }) => revision?.inputs.length === 2);
    expect([status.revision?.sequence, inForce(status)]).toEqual([
      2,
      [
        ["root", commit],
        ["shop", cart],
      ],
    ]);
  },
);

test.skipIf(!hasGitServer)(
  "a source that only a refused commit names is read, changes nothing, and is left with it",
  async () => {
    shop.commit("shop", { "mesh.yaml": service("cart", "shop") });
    const before = inForce(await start({ "sources.yaml": "" }));
    const calls = (NEEDS["a service that a workload calls"]?.["web.yaml"] ?? "").replace("cart.shop", "desk.shop");
    const refused = root.commit("needs what there is not", { "sources.yaml": source("shop"), "web.yaml": calls });
    const isShop = ({ name }: { readonly name: string }) => name === "shop";
    const read = await until(({ sources }) => sources.find(isShop)?.newest !== undefined);
    expect([refusedOf(read)?.commit, inForce(read)]).toEqual([refused, before]);
    const later = root.commit("needs nothing", { "sources.yaml": "", "web.yaml": service("web", "default") });
    const last = await until(({ sources }) => !sources.some(isShop) && sources[0]?.inForce?.id === later);
    expect(inForce(last)).toEqual([["root", later]]);
  },
);
