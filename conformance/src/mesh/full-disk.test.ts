/** Disks that are full, under the controller and under every proxy: what is in force stays so, status says it, nobody dies. */
import { readdir, readFile } from "node:fs/promises";
import type { StatusBody } from "@regomesh/controller";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nextEvent } from "./events.ts";
import { type SmallDisk, whyNoSmallDisk } from "./small-disk.ts";
import { headOf, TestMesh } from "./test-mesh.ts";

const GRANTS = "examples/authz/data.yaml";
const grant = { [GRANTS]: (text: string) => text.replace("alice: [orders]", "alice: [orders, refunds]") };
/** Enough for the mesh's state twice over. */
const DISK_MEGABYTES = 24;
const SAID_MS = 15_000;
const NO_SPACE = /no space is left on its disk/;

const why = whyNoSmallDisk();
if (why !== undefined) console.log(`left out: full disks (${why})`);

async function said(mesh: TestMesh, what: string, wanted: (status: StatusBody) => boolean): Promise<StatusBody> {
  return await nextEvent<StatusBody>(mesh.mesh.page, "status", { what, withinMs: SAID_MS, wanted });
}

const isInTrouble = ({ troubles }: StatusBody) => troubles?.some(({ message }) => NO_SPACE.test(message)) ?? false;

describe.skipIf(why !== undefined && !process.env["CI"])("on a full disk", () => {
  let mesh: TestMesh;
  let disk: SmallDisk;
  beforeAll(async () => {
    mesh = await TestMesh.open({}, { diskMegabytes: DISK_MEGABYTES });
    disk = mesh.disk as SmallDisk;
  });
  afterAll(async () => await mesh?.[Symbol.asyncDispose]());

  test("a commit waits, proxies keep what they have and status says why; once there is room it is taken", async () => {
    const before = await headOf(mesh.repository);
    const kept = await readFile(disk.path("snapshots/last-good.json"), "utf8");
    await disk.fill();
    const commit = await mesh.commit("Refunds for alice", grant);
    const status = await said(mesh, "the full disk is in status", isInTrouble);
    expect(status.revision).toMatchObject({ name: before, enforced: 4, proxies: 4 });
    expect(await mesh.ask("/orders")).toMatchObject({ status: 200 });
    expect(await mesh.ask("/refunds")).toMatchObject({ status: 403, reason: "denied" });
    // Not half: neither in place nor beside it.
    expect(await readFile(disk.path("snapshots/last-good.json"), "utf8")).toBe(kept);
    expect((await readdir(disk.path("snapshots"))).filter((name) => name.endsWith(".new"))).toEqual([]);
    await disk.free();
    await mesh.inForce(commit);
    expect(await mesh.ask("/refunds")).toMatchObject({ status: 200 });
    await said(mesh, "no trouble is left", ({ troubles }) => troubles === undefined);
    await mesh.revert();
  });

  test("a controller that is killed starts again on it, with what was in force", async () => {
    const before = await headOf(mesh.repository);
    await disk.fill();
    await mesh.mesh.process("controller").kill();
    await mesh.mesh.restart("controller");
    await mesh.inForce(before);
    await said(mesh, "the full disk is in status", isInTrouble);
    expect(await mesh.ask("/orders")).toMatchObject({ status: 200 });
    await disk.free();
    await said(mesh, "no trouble is left", ({ troubles }) => troubles === undefined);
  });

  test("proxies go on, take commits that the controller could keep, and status names them", async () => {
    await said(mesh, "no proxy is in trouble", ({ proxies }) =>
      proxies.every(({ troubles }) => troubles === undefined),
    );
    const commit = await mesh.commit("Refunds for alice", grant);
    await mesh.inForce(commit);
    await disk.fill();
    await mesh.mesh.process("sidecar of web").kill();
    await mesh.mesh.restart("sidecar of web");
    const status = await said(mesh, "web's full disk is in status", ({ proxies }) =>
      proxies.some(({ workload, troubles }) => workload === "web" && troubles?.some((each) => NO_SPACE.test(each))),
    );
    expect(status.proxies.find(({ workload }) => workload === "web")).toMatchObject({
      state: "ready",
      revision: commit,
    });
    expect(await mesh.ask("/refunds")).toMatchObject({ status: 200 });
    await disk.free();
    await said(mesh, "no proxy is in trouble", ({ proxies }) =>
      proxies.every(({ troubles }) => troubles === undefined),
    );
    await mesh.leavesNothing();
  });
});
