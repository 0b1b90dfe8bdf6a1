/** A workload that the mesh has no longer: nobody's connection to it stays, idle or busy. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { WITHOUT_LIMITS } from "./commit-latency.ts";
import { until, within } from "./deadline.ts";
import { socketsOf } from "./sockets.ts";
import { TestMesh } from "./test-mesh.ts";

const WORKLOADS = "examples/mesh/workloads.yaml";
/** From the commit; the request under way would have waited for its application three times as long. */
const RESET_MS = 5000;

const withoutPayments = (text: string) =>
  text
    .split(/^---$/m)
    .filter((part) => !/name: payments/.test(part))
    .join("---");

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.open(WITHOUT_LIMITS);
});
afterAll(async () => await mesh?.[Symbol.asyncDispose]());

/** Connections that the sidecar of `workload` has with the inbound port of the one of payments. */
async function connectionsOf(workload: string): Promise<number> {
  const behind = await socketsOf(mesh.sidecarPid("payments"));
  const ports = new Set(behind.filter(({ state }) => state === "listening").map(({ localPort }) => localPort));
  const sockets = await socketsOf(mesh.sidecarPid(workload));
  return sockets.filter(({ state, remotePort }) => state === "established" && ports.has(remotePort)).length;
}

test("connections to a workload that is removed end, with the request that waits on one of them", async () => {
  const v1 = { "x-user": "alice", "x-version": "v1" };
  const v2 = { "x-user": "alice", "x-version": "v2" };
  for (const fields of [v1, v2]) expect((await mesh.ask("/orders", fields)).status).toBe(200);
  expect([await connectionsOf("orders-v1"), await connectionsOf("orders-v2")]).toEqual([1, 1]);

  const application = mesh.mesh.process("payments").pid ?? 0;
  process.kill(application, "SIGSTOP");
  try {
    const waiting = mesh.ask("/orders", v2);
    await mesh.commit("No payments", { [WORKLOADS]: withoutPayments });
    expect((await within("an answer", RESET_MS, waiting)).status).toBe(503);
    await until("no connection to payments", RESET_MS, async () => {
      return (await connectionsOf("orders-v1")) + (await connectionsOf("orders-v2")) === 0 || undefined;
    });
  } finally {
    process.kill(application, "SIGCONT");
  }
  await mesh.revert();
  await until(
    "payments is asked again",
    RESET_MS,
    async () => (await mesh.ask("/orders", v2)).status === 200 || undefined,
  );
});
