/** Status goes on to look for every proxy that there was: the dead one, and the one whose workload is gone. */
import type { ProxyBody, StatusBody } from "@regomesh/controller";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nextEvent } from "./events.ts";
import { IN_FORCE_MS, TestMesh } from "./test-mesh.ts";

const WORKLOADS = "examples/mesh/workloads.yaml";
const DEAD = "orders-v2";

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.open();
});
afterAll(async () => await mesh?.[Symbol.asyncDispose]());

const when = (what: string, wanted: (status: StatusBody) => boolean) =>
  nextEvent<StatusBody>(mesh.mesh.page, "status", { what, withinMs: IN_FORCE_MS, wanted });
const rowOf = ({ proxies }: StatusBody, name: string): ProxyBody | undefined =>
  proxies.find(({ workload }) => workload === name);

test("a proxy that died is counted as missing also by a controller that starts anew, until it is back", async () => {
  await mesh.mesh.process(`sidecar of ${DEAD}`).kill();
  await when(`${DEAD} gone`, (status) => rowOf(status, DEAD)?.state === "gone");
  await mesh.mesh.restart("controller");
  const { revision } = await when("the others back", (status) => status.revision?.enforced === 3);
  expect([revision?.enforced, revision?.proxies]).toEqual([3, 4]);
  expect(rowOf(await mesh.status(), DEAD)?.state).toBe("gone");
  await mesh.mesh.restart(`sidecar of ${DEAD}`);
  await when("all back", (status) => status.revision?.enforced === 4 && status.revision.proxies === 4);
});

test("the proxy of a workload that was taken away is told for as long as it asks to be let in", async () => {
  const edit = { [WORKLOADS]: (text: string) => text.replace("{ name: payments,", "{ name: payments-new,") };
  const commit = await mesh.commit("Another name", edit);
  const isOrphan = (status: StatusBody) => rowOf(status, "payments")?.isOrphan === true;
  const isInForce = ({ revision }: StatusBody) => revision?.name === commit && revision.enforced === 3;
  const status = await when("an orphan", (each) => isInForce(each) && isOrphan(each));
  expect(rowOf(status, "payments-new")?.state).toBe("never");
  expect(status.revision?.proxies).toBe(3);
  await mesh.mesh.restart("controller");
  await when("the orphan again", isOrphan);
  await mesh.revert();
  const back = await when("no orphan", (each) => rowOf(each, "payments")?.state === "ready");
  expect(back.proxies.filter((each) => each.isOrphan)).toEqual([]);
});
