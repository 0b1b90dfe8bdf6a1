/** A workload that the mesh has no longer: nobody's connection to it stays, idle or busy. */
import { readFile } from "node:fs/promises";
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

/** Without the Workload of that name. */
const withoutWorkload = (name: string) => (text: string) =>
  text
    .split(/^---$/m)
    .filter((part) => !new RegExp(`kind: Workload\\n[^]*name: ${name}\\b`).test(part))
    .join("---");

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

/** A request of orders-v2 that waits for payments' application, while `change` is done; then nobody of payments listens to it. */
async function endsCallsOf(workload: string, change: () => Promise<unknown>): Promise<void> {
  const fields = { "x-user": "alice", "x-version": workload.replace("orders-", "") };
  expect((await mesh.ask("/orders", fields)).status).toBe(200);
  const application = mesh.mesh.process("payments").pid ?? 0;
  process.kill(application, "SIGSTOP");
  try {
    const waiting = mesh.ask("/orders", fields);
    await change();
    expect((await within("an answer", RESET_MS, waiting)).status).not.toBe(200);
    await until("no connection to payments", RESET_MS, async () => (await connectionsOf(workload)) === 0 || undefined);
  } finally {
    process.kill(application, "SIGCONT");
  }
}

test("what a workload asks of others ends when it is removed, though another one has its identity", async () => {
  await endsCallsOf("orders-v2", () => mesh.commit("No second version", { [WORKLOADS]: withoutWorkload("orders-v2") }));
  expect((await mesh.ask("/orders", { "x-user": "alice", "x-version": "v1" })).status).toBe(200);
  await mesh.revert();
});

test("what a workload was issued is taken back: what it asks, and what it is asked, ends, and nobody takes it again", async () => {
  await endsCallsOf("orders-v1", async () => {
    const token = (await readFile(mesh.statePath("api-token"), "utf8")).trim();
    const response = await fetch(`${mesh.mesh.page}/api/identity/revoked`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ workload: "default/orders-v1" }),
    });
    expect([response.status, await response.json()]).toMatchObject([201, { workload: "default/orders-v1" }]);
  });
  const version = async (name: string) => (await mesh.ask("/orders", { "x-user": "alice", "x-version": name })).status;
  expect([await version("v1"), await version("v2")]).toEqual([503, 200]);
  const status = await until("its proxy is away", RESET_MS, async () => {
    const { proxies } = await mesh.status();
    return proxies.find(({ workload, state }) => workload === "orders-v1" && state === "gone");
  });
  expect(status.workload).toBe("orders-v1");
});
