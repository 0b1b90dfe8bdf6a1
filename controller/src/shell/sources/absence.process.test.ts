/** What is missing of one source among several is never read as a wish, however little of the mesh it is. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { document, service } from "../../../test/documents.ts";
import { type GitServer, hasGitServer, serveGit, signWithSsh, WorkTree } from "../../../test/git-server.ts";
import { makeOptions, post, untilStatus } from "../../../test/running.ts";
import type { SourceStateBody } from "../../api/sources.ts";
import type { StatusBody } from "../../api/status.ts";
import { type Controller, openController } from "../controller.ts";

const bound = (name: string, namespace: string) =>
  service(name, namespace) +
  document("PolicyBinding", name, namespace, "{ unit: authz, direction: Inbound, entrypoints: [mesh/authz/allow] }");
const RULE = "package mesh.authz\n\ndefault allow := false\n";
const source = (name: string, more = "") =>
  document(
    "PolicySource",
    name,
    "regomesh-system",
    `{ url: "${server.url(name)}", namespaces: [${name}], interval: 1s${more} }`,
  );

let folder: string;
let server: GitServer;
let root: WorkTree;
let shop: WorkTree;
let bank: WorkTree;
let controller: Controller | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-absence-"));
  server = await serveGit(folder);
  [root, shop, bank] = ["root", "shop", "bank"].map((name) => new WorkTree(folder, name)) as [
    WorkTree,
    WorkTree,
    WorkTree,
  ];
});
afterEach(async () => {
  await controller?.close();
  server.close();
  rmSync(folder, { recursive: true });
});

async function start(shopMore = ""): Promise<void> {
  root.commit("root", {
    "mesh.yaml": bound("a", "default") + ["b", "c", "d", "e"].map((name) => service(name, "default")).join(""),
    "authz/a.rego": RULE,
    "sources.yaml": source("shop", shopMore) + source("bank"),
  });
  controller = await openController(makeOptions(folder));
}
const until = (isTrue: (status: StatusBody) => boolean) => untilStatus(controller, isTrue);
const of = (status: StatusBody, name: string): SourceStateBody | undefined =>
  status.sources.find((each) => each.name === name);
const workloads = (status: StatusBody) => status.proxies.map(({ namespace, workload }) => `${namespace}/${workload}`);
const ALL = ["bank/teller", "default/a", "default/b", "default/c", "default/d", "default/e", "shop/cart"];
const confirm = async (hash: string) => (await post(controller, folder, `/api/confirm/${hash}`)).status;
const hashOf = (status: StatusBody, name: string) =>
  /regomesh confirm ([0-9a-f]+)/.exec(of(status, name)?.refused?.diagnostics[0]?.hint ?? "")?.[1] ?? "";

test.skipIf(!hasGitServer)(
  "two that are emptied at once are refused, others go on, and each is confirmed by its own hash, in any order",
  async () => {
    shop.commit("shop", { "mesh.yaml": bound("cart", "shop"), "authz/a.rego": RULE });
    bank.commit("bank", { "mesh.yaml": bound("teller", "bank"), "authz/a.rego": RULE });
    await start();
    await until((each) => workloads(each).join() === ALL.join());
    const emptied = [shop, bank].map((tree) => {
      tree.git("rm", "-q", "-r", ".");
      return tree.commit("empty");
    });
    const waits = await until(
      (each) => of(each, "shop")?.refused?.commit === emptied[0] && of(each, "bank")?.refused?.commit === emptied[1],
    );
    expect(workloads(waits)).toEqual(ALL);
    expect(of(waits, "shop")?.refused?.diagnostics[0]).toMatchObject({
      code: "source_loss",
      message: "the commit takes away 1 of 1 workloads of source shop: shop/cart",
    });
    const own = root.commit("the mesh goes on", { "authz/a.rego": `${RULE}\nallow if input.x\n` });
    await until((each) => of(each, "root")?.inForce?.id === own);
    for (const [name, commit] of [
      ["shop", emptied[0]],
      ["bank", emptied[1]],
    ] as const) {
      expect(await confirm(hashOf(await until((each) => hashOf(each, name) !== ""), name))).toBe(202);
      await until((each) => of(each, name)?.inForce?.id === commit);
    }
    expect(workloads(await until(() => true))).toEqual(ALL.slice(1, -1));
  },
);

test.skipIf(!hasGitServer)("a directory that is away is confirmed once, not with each commit of others", async () => {
  shop.commit("shop", { "policies/mesh.yaml": bound("cart", "shop"), "policies/authz/a.rego": RULE });
  bank.commit("bank", { "mesh.yaml": bound("teller", "bank"), "authz/a.rego": RULE });
  await start(", path: policies");
  await until((each) => workloads(each).join() === ALL.join());
  shop.git("mv", "policies", "elsewhere");
  const moved = shop.commit("moved");
  const waits = await until((each) => of(each, "shop")?.refused?.commit === moved);
  expect(workloads(waits)).toEqual(ALL);
  expect(await confirm(hashOf(waits, "shop"))).toBe(202);
  await until((each) => of(each, "shop")?.inForce?.id === moved);
  const later = bank.commit("later", { "authz/a.rego": `${RULE}\nallow if input.x\n` });
  const isJudged = ({ inForce, refused }: SourceStateBody) => [inForce?.id, refused?.commit].includes(later);
  const status = await until((each) => each.sources.some(isJudged));
  expect(of(status, "bank")?.inForce?.id).toBe(later);
});

test.skipIf(!hasGitServer)("what was read before signatures were asked for is not taken once they are", async () => {
  const good = shop.commit("shop", { "mesh.yaml": bound("cart", "shop"), "authz/a.rego": RULE });
  bank.commit("bank", { "mesh.yaml": bound("teller", "bank"), "authz/a.rego": RULE });
  await start();
  await until((each) => workloads(each).join() === ALL.join());
  const unsigned = shop.commit("needs more than it may", { "more.yaml": service("till", "bank") });
  await until((each) => of(each, "shop")?.refused?.commit === unsigned);
  const key = await signWithSsh(root, join(folder, "key"));
  const strict = root.commit("ask for signatures, and let the shop speak for the bank", {
    "sources.yaml": source("shop", `, verify: { keys: ["${key}"] }`).replace("[shop]", "[shop, bank]") + source("bank"),
  });
  await until((each) => of(each, "root")?.inForce?.id === strict);
  const asked = await until(
    (each) => of(each, "shop")?.troubles.some(({ reason }) => reason === "unverified") === true,
  );
  const later = root.commit("later", { "authz/a.rego": `${RULE}\nallow if input.x\n` });
  const status = await until((each) => of(each, "root")?.inForce?.id === later);
  expect([asked, status].map((each) => of(each, "shop")?.inForce?.id)).toEqual([good, good]);
});
