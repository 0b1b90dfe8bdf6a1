/** A pin is an operator's word: whatever happens beside it, what is pinned is in force until it is lifted. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WorkTree } from "../../../test/git-server.ts";
import { TestProxy } from "../../../test/make-proxy.ts";
import { makeOptions, post, readStatus, untilStatus } from "../../../test/running.ts";
import type { StatusBody } from "../../api/status.ts";
import { type Controller, openController } from "../controller.ts";

const MESH = `apiVersion: regomesh.dev/v1alpha1
kind: MeshService
metadata: { name: web }
spec: { ports: [{ port: 80 }] }
---
apiVersion: regomesh.dev/v1alpha1
kind: Workload
metadata: { name: web }
spec: { service: web }
---
apiVersion: regomesh.dev/v1alpha1
kind: PolicyBinding
metadata: { name: web }
spec: { unit: authz, direction: Inbound, entrypoints: [mesh/authz/allow] }
---
apiVersion: regomesh.dev/v1alpha1
kind: Workload
metadata: { name: api }
spec: { service: web }
`;
const rego = (user: string) =>
  `package mesh.authz\n\ndefault allow := false\n\nallow if input.attributes.request.http.headers["x-user"] == "${user}"\n`;

let folder: string;
let root: WorkTree;
let controller: Controller | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-pin-"));
  root = new WorkTree(folder, "root");
});
afterEach(async () => {
  await controller?.close();
  rmSync(folder, { recursive: true });
});

const open = async (): Promise<Controller> => {
  controller = await openController(
    makeOptions(folder, {
      joinTokens: ["web", "api"].map((workload) => ({ workload, file: join(folder, `${workload}.token`) })),
    }),
  );
  return controller;
};
const commit = (user: string) => root.commit(user, { "mesh.yaml": MESH, "authz/a.rego": rego(user) });
const status = () => readStatus(controller);
const until = (isTrue: (status: StatusBody) => boolean) => untilStatus(controller, isTrue);
const rootOf = ({ sources }: StatusBody) => sources.find(({ name }) => name === "root");
const inForce = (body: StatusBody) => rootOf(body)?.inForce?.subject;
const isNewest = (id: string) => (body: StatusBody) => rootOf(body)?.newest?.id === id;
const isInForce = (subject: string) => (body: StatusBody) => inForce(body) === subject;
const operate = async (path: string): Promise<number> => (await post(controller, folder, path)).status;
const rollback = async (revision: string): Promise<number> => await operate(`/api/rollback/${revision}`);

/** Ann's revision, above Bob's. */
const pinAnn = async (): Promise<string> => {
  const ann = commit("ann");
  await open();
  await until(isInForce("ann"));
  commit("bob");
  await until(isInForce("bob"));
  expect(await rollback(ann)).toBe(202);
  await until(isInForce("ann"));
  return ann;
};

test("a rollback that cannot be put in force leaves the pin that is there", async () => {
  await pinAnn();
  const broken = root.commit("broken", { "authz/a.rego": "package mesh.authz\n\nallow if\n" });
  await until(isNewest(broken));
  expect(await rollback(broken)).toBe(409);
  const after = await status();
  expect([after.pin?.subject, inForce(after)]).toEqual(["ann", "ann"]);
});

for (const [what, file] of [
  ["the last good revision", "snapshots/last-good.json"],
  ["what is kept of its source", "sources/root.json"],
] as const) {
  test(`a pin outlives a restart at which ${what} cannot be read`, async () => {
    await pinAnn();
    expect(await operate("/api/sources/root/suspend")).toBe(202);
    await controller?.close();
    writeFileSync(join(folder, "state", file), "torn");
    await open();
    expect(await operate("/api/sources/root/resume")).toBe(202);
    const after = await until(isNewest(commit("carol")));
    expect([after.pin?.subject, inForce(after)]).toEqual(["ann", "ann"]);
  });
}

test("a pin that cannot be read, with nothing in force, is no reason to serve what it stands above", async () => {
  await pinAnn();
  await controller?.close();
  const pin = JSON.parse(readFileSync(join(folder, "state/sources/pin.json"), "utf8"));
  pin.pin.inputs[0].id = "1".repeat(40);
  writeFileSync(join(folder, "state/sources/pin.json"), JSON.stringify(pin));
  // What was in force stays, and nothing newer is taken.
  await open();
  await until(isNewest(commit("carol")));
  expect(inForce(await status())).toBe("ann");
  await controller?.close();
  writeFileSync(join(folder, "state/snapshots/last-good.json"), "torn");
  await expect(open()).rejects.toThrow(/is pinned above git, and cannot be read: .* take its sources\/pin\.json away/);
  rmSync(join(folder, "state/sources/pin.json"));
  await open();
  expect(inForce(await status())).toBe("carol");
});

test("a rollback to what proxies have taken back is given to them once more, by an operator's word alone", async () => {
  commit("ann");
  await open();
  await until(isInForce("ann"));
  const proxies = await Promise.all(
    ["web", "api"].map((name) => TestProxy.join(name, controller?.grpc ?? "", join(folder, `${name}.token`))),
  );
  try {
    let isRefusing = false;
    for (const proxy of proxies) {
      proxy.onSnapshot = (message) =>
        isRefusing ? proxy.nack(message, "content", "policy_bad_module") : proxy.ack(message);
      proxy.connect(controller?.grpc ?? "");
    }
    await until(({ revision }) => revision?.enforced === 2);
    isRefusing = true;
    const bob = commit("bob");
    await until((body) => inForce(body) === "ann" && rootOf(body)?.refused?.isTakenBack === true);
    isRefusing = false;
    expect(await rollback(bob)).toBe(202);
    await until((body) => inForce(body) === "bob" && body.revision?.enforced === 2);
    const after = await status();
    expect([after.pin?.subject, rootOf(after)?.refused]).toEqual(["bob", undefined]);
  } finally {
    for (const proxy of proxies) proxy.close();
  }
});
