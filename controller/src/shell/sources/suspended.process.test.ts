/** What is in force of a suspended source stays, whatever of it waits for others. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { document, service } from "../../../test/documents.ts";
import { hasGitServer, serveGit, WorkTree } from "../../../test/git-server.ts";
import { makeOptions, post, untilStatus } from "../../../test/running.ts";
import type { StatusBody } from "../../api/status.ts";
import { type Controller, openController } from "../controller.ts";

let folder: string;
let root: WorkTree;
let shop: WorkTree;
let controller: Controller | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-suspended-"));
  [root, shop] = [new WorkTree(folder, "root"), new WorkTree(folder, "shop")];
});
afterEach(async () => {
  await controller?.close();
  rmSync(folder, { recursive: true });
});

const until = (isTrue: (status: StatusBody) => boolean) => untilStatus(controller, isTrue);
const of = ({ sources }: StatusBody, name: string) => sources.find((each) => each.name === name);

const CALLS = service("cart", "shop").replace("{ service: cart }", "{ service: cart, calls: [later.default] }");

test("a newest commit that waits for another source's does not come in force with that, until its own is resumed", async () => {
  root.commit("root", { "mesh.yaml": service("web", "default") });
  const good = shop.commit("shop", { "mesh.yaml": service("cart", "shop") });
  controller = await openController(
    makeOptions(folder, {
      sources: [
        {
          name: "shop",
          directory: join(folder, "shop"),
          follow: { kind: "branch", name: "main" },
          path: "",
          isSuspended: false,
          allow: [{ path: "", namespaces: ["shop"] }],
        },
      ],
    }),
  );
  const waiting = shop.commit("calls what is not there", { "mesh.yaml": CALLS });
  await until((each) => of(each, "shop")?.refused?.commit === waiting);
  expect((await post(controller, folder, "/api/sources/shop/suspend")).status).toBe(202);
  const later = root.commit("is there", { "mesh.yaml": service("web", "default") + service("later", "default") });
  const status = await until((each) => of(each, "root")?.inForce?.id === later);
  expect(of(status, "shop")).toMatchObject({ suspended: "operator", inForce: { id: good } });
  expect((await post(controller, folder, "/api/sources/shop/resume")).status).toBe(202);
  await until((each) => of(each, "shop")?.inForce?.id === waiting);
});

test.skipIf(!hasGitServer)("nor does it come in force with the commit that suspends its own", async () => {
  const server = await serveGit(folder);
  try {
    const sourceThat = (more: string) =>
      document(
        "PolicySource",
        "shop",
        "regomesh-system",
        `{ url: "${server.url("shop")}", namespaces: [shop], interval: 1s${more} }`,
      );
    root.commit("root", { "mesh.yaml": service("web", "default"), "sources.yaml": sourceThat("") });
    const good = shop.commit("shop", { "mesh.yaml": service("cart", "shop") });
    controller = await openController(makeOptions(folder));
    await until((each) => of(each, "shop")?.inForce?.id === good);
    const waiting = shop.commit("calls what is not there", { "mesh.yaml": CALLS });
    await until((each) => of(each, "shop")?.refused?.commit === waiting);
    const later = root.commit("is there, and suspends", {
      "later.yaml": service("later", "default"),
      "sources.yaml": sourceThat(", suspend: true"),
    });
    const status = await until((each) => of(each, "root")?.inForce?.id === later && of(each, "shop") !== undefined);
    expect(of(status, "shop")?.inForce?.id).toBe(good);
    await until((each) => of(each, "shop")?.suspended === "resource");
    root.commit("resumes", { "sources.yaml": sourceThat("") });
    await until((each) => of(each, "shop")?.inForce?.id === waiting);
  } finally {
    await server.close();
  }
});
