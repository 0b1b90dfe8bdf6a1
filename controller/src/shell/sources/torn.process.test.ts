/** What was in force together is lost with a torn file: what each source had in force last is not. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { service } from "../../../test/documents.ts";
import { WorkTree } from "../../../test/git-server.ts";
import { makeOptions, post, readStatus } from "../../../test/running.ts";
import { type Controller, openController } from "../controller.ts";

let folder: string;
let trees: readonly [root: WorkTree, pin: WorkTree];
let controller: Controller | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-torn-"));
  trees = [new WorkTree(folder, "root"), new WorkTree(folder, "pin")];
  trees[0].commit("root", { "mesh.yaml": service("web", "default") });
  trees[1].commit("pin", { "mesh.yaml": service("cart", "shop") });
});
afterEach(async () => {
  await controller?.close();
  rmSync(folder, { recursive: true });
});

const open = async (): Promise<void> => {
  controller = await openController(
    makeOptions(folder, {
      // Named as the file that holds an operator's word.
      sources: [
        {
          name: "pin",
          directory: join(folder, "pin"),
          follow: { kind: "branch", name: "main" },
          path: "",
          isSuspended: false,
          allow: [{ path: "", namespaces: ["shop"] }],
        },
      ],
    }),
  );
};
const inForce = async (): Promise<readonly string[]> => {
  const body = await readStatus(controller);
  return body.revision?.inputs.map(({ source, subject }) => `${source}@${subject}`) ?? [];
};
const tear = async (): Promise<void> => {
  await controller?.close();
  writeFileSync(join(folder, "state/snapshots/last-good.json"), "torn");
};
const suspend = async (name: string): Promise<number> =>
  (await post(controller, folder, `/api/sources/${name}/suspend`)).status;

test("a newest commit that is broken has what was in force before it served again, of a source of any name", async () => {
  await open();
  expect(await inForce()).toEqual(["root@root", "pin@pin"]);
  await tear();
  trees[0].commit("broken", { "mesh.yaml": "apiVersion: regomesh.dev/v1alpha1\nkind: [\n" });
  trees[1].commit("broken", { "mesh.yaml": "apiVersion: regomesh.dev/v1alpha1\nkind: [\n" });
  await open();
  expect(await inForce()).toEqual(["root@root", "pin@pin"]);
});

test("a source that is suspended stays what it was", async () => {
  await open();
  expect([await suspend("root"), await suspend("pin")]).toEqual([202, 202]);
  await tear();
  for (const tree of trees) tree.commit("newer", { "more.yaml": service("more", "shop") });
  await open();
  expect(await inForce()).toEqual(["root@root", "pin@pin"]);
});
