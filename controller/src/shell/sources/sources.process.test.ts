/** Several repositories behind one controller: each team's fault is its own, and what is good goes on taking force. */

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { document, service } from "../../../test/documents.ts";
import { type GitServer, hasGitServer, serveGit, WorkTree } from "../../../test/git-server.ts";
import { TestProxy } from "../../../test/make-proxy.ts";
import { makeOptions, post, untilStatus } from "../../../test/running.ts";
import type { SourceStateBody } from "../../api/sources.ts";
import { refusedOf } from "../../api/sources.ts";
import type { StatusBody } from "../../api/status.ts";
import { type Controller, openController } from "../controller.ts";

const bound = (name: string, namespace: string) =>
  service(name, namespace) +
  document("PolicyBinding", name, namespace, "{ unit: authz, direction: Inbound, entrypoints: [mesh/authz/allow] }");
const rego = (user: string) =>
  `package mesh.authz\n\ndefault allow := false\n\nallow if input.attributes.request.http.headers["x-user"] == "${user}"\n`;
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
let controller: Controller;
let proxies: TestProxy[] = [];

const options = () => makeOptions(folder, { joinTokens: [{ workload: "web", file: join(folder, "web.token") }] });
const until = (isTrue: (status: StatusBody) => boolean) => untilStatus(controller, isTrue);
const of = (status: StatusBody, name: string): SourceStateBody | undefined =>
  status.sources.find((each) => each.name === name);
const isInForce = (status: StatusBody, name: string, commit: string) => of(status, name)?.inForce?.id === commit;
const workloads = (status: StatusBody) => [
  ...new Set(status.proxies.map(({ namespace, workload }) => `${namespace}/${workload}`)),
];

beforeAll(async () => {
  if (!hasGitServer) return;
  folder = mkdtempSync(join(tmpdir(), "regomesh-sources-"));
  server = await serveGit(folder);
  [root, shop, bank] = ["root", "shop", "bank"].map((name) => new WorkTree(folder, name)) as [
    WorkTree,
    WorkTree,
    WorkTree,
  ];
  shop.commit("shop", { "mesh.yaml": bound("cart", "shop"), "authz/a.rego": rego("ann") });
  bank.commit("bank", { "mesh.yaml": bound("teller", "bank"), "authz/a.rego": rego("bob") });
  root.commit("root", {
    "mesh.yaml": bound("web", "default"),
    "authz/a.rego": rego("root"),
    "sources.yaml": source("shop") + source("bank"),
  });
  controller = await openController(options());
  const web = await TestProxy.join("web", controller.grpc, join(folder, "web.token"));
  web.onSnapshot = (message) => web.ack(message);
  web.connect(controller.grpc);
  proxies = [web];
});
afterAll(async () => {
  if (!hasGitServer) return;
  for (const proxy of proxies) proxy.close();
  await controller.close();
  server.close();
  rmSync(folder, { recursive: true });
});

test.skipIf(!hasGitServer)("what PolicySources name comes in force beside the mesh's own", async () => {
  const status = await until(
    (each) =>
      isInForce(each, "shop", shop.git("rev-parse", "HEAD")) && isInForce(each, "bank", bank.git("rev-parse", "HEAD")),
  );
  expect(workloads(status)).toEqual(["bank/teller", "default/web", "shop/cart"]);
  expect(status.revision?.inputs.map((each) => [each.source, each.subject])).toEqual([
    ["root", "root"],
    ["bank", "bank"],
    ["shop", "shop"],
  ]);
  expect(of(status, "shop")).toMatchObject({
    follows: "branch main",
    namespaces: ["shop"],
    resources: 3,
    troubles: [],
  });
});

test.skipIf(!hasGitServer)(
  "one that is broken refuses only its own: the others' commits go on taking force",
  async () => {
    const good = shop.git("rev-parse", "HEAD");
    const broken = shop.commit("broken", { "authz/a.rego": "package mesh.authz\n\nallow := := true\n" });
    const refused = await until((each) => of(each, "shop")?.refused?.commit === broken);
    expect(of(refused, "shop")).toMatchObject({ inForce: { id: good }, newest: { id: broken } });
    expect(of(refused, "shop")?.refused?.verdicts).toMatchObject([
      {
        kind: "PolicyBinding",
        namespace: "shop",
        name: "cart",
        file: "shop:mesh.yaml",
        reason: "rego_parse_error",
        message: expect.stringMatching(/^shop:authz\/a\.rego:3:\d+: rego_parse_error: /),
      },
    ]);
    for (const user of ["eve", "joe"]) {
      const commit = bank.commit(user, { "authz/a.rego": rego(user) });
      const status = await until((each) => isInForce(each, "bank", commit));
      expect(of(status, "bank")?.refused).toBeUndefined();
      expect(isInForce(status, "shop", good)).toBe(true);
      expect(of(status, "shop")?.refused?.commit).toBe(broken);
    }
    const own = root.commit("more", { "authz/a.rego": rego("admin") });
    await until((each) => isInForce(each, "root", own) && each.revision?.enforced === 1);
  },
);

test.skipIf(!hasGitServer)(
  "a controller that starts anew keeps each source's last good, also of those that are away",
  async () => {
    const before = await until(() => true);
    await controller.close();
    server.fail = 503;
    controller = await openController(options());
    expect(of(await until(() => true), "shop")?.resources).toBeUndefined();
    const commit = root.commit("while others are away", { "authz/a.rego": rego("away") });
    const status = await until(
      (each) => isInForce(each, "root", commit) && (of(each, "bank")?.troubles.length ?? 0) > 0,
    );
    expect(workloads(status)).toEqual(["bank/teller", "default/web", "shop/cart"]);
    expect(of(status, "bank")?.inForce?.id).toBe(of(before, "bank")?.inForce?.id);
    expect(of(status, "bank")?.troubles[0]).toMatchObject({ reason: "unreachable" });
    expect(status.troubles?.map(({ message }) => message.split(":")[0])).toContain("bank");
    server.fail = undefined;
    await until((each) => of(each, "bank")?.troubles.length === 0);
  },
);

test.skipIf(!hasGitServer)(
  "a fix comes in force by itself, and a name moves from one source to another in one revision",
  async () => {
    const fixed = shop.commit("fixed", { "authz/a.rego": rego("ann") });
    await until((each) => isInForce(each, "shop", fixed) && of(each, "shop")?.refused === undefined);
    // The bank's teller is the shop's to take once the mesh says so; until the bank lets go, it is the bank's.
    const wide = root.commit("the shop may speak for the bank", {
      "sources.yaml": source("shop").replace("[shop]", "[shop, bank]") + source("bank"),
    });
    await until((each) => isInForce(each, "root", wide));
    const taken = shop.commit("take the teller", { "teller.yaml": bound("teller", "bank") });
    const refused = await until((each) => of(each, "shop")?.refused?.commit === taken);
    expect(of(refused, "shop")?.refused?.verdicts.map(({ name, reason }) => [name, reason])).toContainEqual([
      "teller",
      "resource_duplicate",
    ]);
    const given = bank.commit("let the teller go", { "mesh.yaml": bound("vault", "bank") });
    const status = await until((each) => isInForce(each, "bank", given) && isInForce(each, "shop", taken));
    expect(workloads(status)).toEqual(["bank/teller", "bank/vault", "default/web", "shop/cart"]);
  },
);

test.skipIf(!hasGitServer)(
  "a source that is suspended is left as it is; one that is no longer named goes",
  async () => {
    const suspended = root.commit("suspend the bank", {
      "sources.yaml": source("shop").replace("[shop]", "[shop, bank]") + source("bank", ", suspend: true"),
    });
    await until((each) => isInForce(each, "root", suspended) && of(each, "bank")?.suspended === "resource");
    const later = bank.commit("not yet", { "authz/a.rego": rego("zoe") });
    const cart = shop.commit("meanwhile", { "authz/a.rego": rego("amy") });
    const status = await until((each) => isInForce(each, "shop", cart));
    expect(of(status, "bank")?.inForce?.subject).toBe("let the teller go");
    const resumed = root.commit("resume the bank", {
      "sources.yaml": source("shop").replace("[shop]", "[shop, bank]") + source("bank"),
    });
    const all = await until((each) => isInForce(each, "root", resumed) && isInForce(each, "bank", later));
    const resumedName = all.revision?.name ?? "";
    const gone = root.commit("no bank", { "sources.yaml": source("shop").replace("[shop]", "[shop, bank]") });
    const last = await until((each) => isInForce(each, "root", gone) && of(each, "bank") === undefined);
    expect(workloads(last)).toEqual(["bank/teller", "default/web", "shop/cart"]);
    // It can be gone back to: its mirror is there until the next start, and none that nobody has after it.
    const mirrors = () => readdirSync(join(folder, "state/git"));
    expect(mirrors()).toHaveLength(2);
    bank.commit("not in force, whether it is read by then or not", {});
    expect(await operate(`/api/rollback/${resumedName}`)).toBe(202);
    const back = await until((each) => isInForce(each, "bank", later) && each.pin !== undefined);
    expect(workloads(back)).toEqual(["bank/teller", "bank/vault", "default/web", "shop/cart"]);
    expect(await operate("/api/rollback/lift")).toBe(202);
    await until((each) => isInForce(each, "root", gone) && of(each, "bank") === undefined);
    await controller.close();
    controller = await openController(options());
    await until((each) => isInForce(each, "root", gone) && mirrors().length === 1);
  },
);

const operate = async (path: string) => (await post(controller, folder, path)).status;

test.skipIf(!hasGitServer)(
  "a rollback is a pin above git: over commits and a restart, until it is lifted",
  async () => {
    const before = await until((each) => each.revision !== undefined);
    const good = of(before, "root")?.inForce?.id ?? "";
    const later = root.commit("later", { "authz/a.rego": rego("later") });
    await until((each) => isInForce(each, "root", later));
    const refused = root.commit("refused", { "authz/a.rego": "package mesh.authz\n\nallow if\n" });
    await until((each) => refusedOf(each)?.commit === refused);
    expect(await operate(`/api/rollback/${"0".repeat(40)}`)).toBe(404);
    expect(await operate(`/api/rollback/${good.slice(0, 12)}`)).toBe(202);
    const pinned = await until((each) => isInForce(each, "root", good));
    expect(pinned.pin).toMatchObject({ subject: "no bank" });
    expect(of(pinned, "root")?.newest?.id).toBe(refused);
    // What was refused before is so still.
    expect(refusedOf(pinned)?.commit).toBe(refused);
    const waiting = root.commit("waits", { "authz/a.rego": rego("waits") });
    await until((each) => of(each, "root")?.newest?.id === waiting);
    await controller.close();
    controller = await openController(options());
    const still = await until((each) => of(each, "root")?.newest?.id === waiting);
    expect([still.pin?.revision, of(still, "root")?.inForce?.id]).toEqual([pinned.pin?.revision, good]);
    expect(await operate("/api/rollback/lift")).toBe(202);
    const lifted = await until((each) => isInForce(each, "root", waiting));
    expect(lifted.pin).toBeUndefined();
    expect(await operate("/api/rollback/lift")).toBe(409);
  },
);

test.skipIf(!hasGitServer)("an operator suspends a source and resumes it", async () => {
  expect(await operate("/api/sources/none/suspend")).toBe(404);
  expect(await operate("/api/sources/shop/suspend")).toBe(202);
  expect(await operate("/api/sources/shop/reconcile")).toBe(409);
  const later = shop.commit("while suspended", { "authz/a.rego": rego("sue") });
  const own = root.commit("the mesh goes on", { "authz/a.rego": rego("on") });
  const status = await until((each) => isInForce(each, "root", own));
  expect(of(status, "shop")).toMatchObject({ suspended: "operator" });
  expect(isInForce(status, "shop", later)).toBe(false);
  expect(await operate("/api/sources/shop/resume")).toBe(202);
  await until((each) => isInForce(each, "shop", later) && of(each, "shop")?.suspended === undefined);
});
