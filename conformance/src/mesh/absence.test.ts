/** Parts of the mesh that die, or are not there yet: last good serves, or a 503 says why; nothing hangs. */
import { readdir, rm, stat } from "node:fs/promises";
import { request } from "node:http";
import type { GraphBody } from "@regomesh/controller";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WITHOUT_LIMITS } from "./commit-latency.ts";
import { until, within } from "./deadline.ts";
import { nextEvent } from "./events.ts";
import { CLIENTS, Load } from "./load.ts";
import { headOf, TestMesh } from "./test-mesh.ts";

const GRANTS = "examples/authz/data.yaml";
/** A restarted controller is found by its proxies within their backoff, and builds nothing anew. */
const BACK_MS = 30_000;
const ANSWER_MS = 5000;
/** Of the state of a mesh: who it is, and what is its proxies' own. */
const STAYS = ["ca", "proxies", "tokens"];

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.open(WITHOUT_LIMITS);
});
afterAll(async () => await mesh?.[Symbol.asyncDispose]());

test("the sidecar of payments, killed: its edge says so, requests get a 503, and it comes back", async () => {
  await mesh.ask("/orders");
  await edgeToPayments("ready", BACK_MS);
  await mesh.mesh.process("sidecar of payments").kill();
  await edgeToPayments("gone", BACK_MS);
  const answer = await mesh.ask("/orders");
  expect(answer).toMatchObject({
    status: 503,
    body: {
      orders: { payments: { reason: expect.stringMatching(/^(connect_failed|no_endpoint)$/) } },
    },
  });
  await mesh.mesh.restart("sidecar of payments");
  await edgeToPayments("ready", BACK_MS);
  await until("orders reach payments", BACK_MS, async () => (await isServed()) || undefined);
  await mesh.leavesNothing();
});

test("a proxy that starts while the controller is away serves on its last good snapshot", async () => {
  const kept = mesh.statePath("proxies/web/last-good.json");
  await until("the snapshot of web is kept", BACK_MS, () => exists(kept));
  await mesh.mesh.process("controller").kill();
  await mesh.mesh.process("sidecar of web").kill();
  await mesh.mesh.restart("sidecar of web");
  expect(await mesh.ask("/orders")).toMatchObject({ status: 200 });
  expect(await mesh.ask("/refunds")).toMatchObject({ status: 403, reason: "denied" });
  await mesh.mesh.restart("controller");
  await mesh.inForce(await headOf(mesh.repository));
  expect(await mesh.ask("/orders")).toMatchObject({ status: 200 });
  await mesh.leavesNothing();
});

test.each([
  { name: "a snapshot", files: ["last-good.json"] },
  { name: "an identity", files: ["last-good.json", "identity.json", "pending_key.pem"] },
])(
  "a proxy that starts while the controller is away, without $name, refuses with no_snapshot until it is back",
  async ({ files }) => {
    const before = mesh.mesh.process("sidecar of web");
    const outbound = String(before.said?.["outbound"]);
    await mesh.mesh.process("controller").kill();
    await before.kill();
    for (const file of files) await rm(mesh.statePath(`proxies/web/${file}`), { force: true });
    const started = mesh.mesh.restart("sidecar of web");
    started.catch(() => {}); // awaited below
    const refusal = await until("the outbound listener answers", ANSWER_MS, () => askThrough(outbound));
    expect(refusal).toMatchObject({ status: 503, body: { reason: "no_snapshot" } });
    await expect(mesh.ask("/orders")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await mesh.mesh.restart("controller");
    await within("the proxy is ready", BACK_MS, started);
    await mesh.inForce(await headOf(mesh.repository));
    await until("web reaches orders", BACK_MS, async () => (await isServed()) || undefined);
    await mesh.leavesNothing();
  },
);

test("a controller that is killed and started again under load costs no request, and takes commits", async () => {
  const load = new Load(mesh);
  try {
    await load.more(20);
    await mesh.mesh.process("controller").kill();
    await load.more(100);
    await mesh.mesh.restart("controller");
    await load.more(20);
    await mesh.inForce(await headOf(mesh.repository));
    const commit = await mesh.commit("Refunds for alice", {
      [GRANTS]: (text) => text.replace("alice: [orders]", "alice: [orders, refunds]"),
    });
    await mesh.inForce(commit);
    await load.more(20);
  } finally {
    expect(await load.end()).toEqual([]);
  }
  expect(await mesh.ask("/refunds")).toMatchObject({ status: 200 });
  await mesh.revert();
  expect(await mesh.ask("/refunds")).toMatchObject({ status: 403, reason: "denied" });
  await mesh.leavesNothing({ inFlight: CLIENTS });
});

test("a controller whose state is lost but for its authority costs no request, and knows everybody again", async () => {
  const load = new Load(mesh);
  try {
    await load.more(20);
    await mesh.mesh.process("controller").kill();
    for (const name of await readdir(mesh.statePath(".")))
      if (!STAYS.includes(name)) await rm(mesh.statePath(name), { recursive: true });
    await mesh.mesh.restart("controller");
    await mesh.inForce(await headOf(mesh.repository));
    await load.more(100);
    await edgeToPayments("ready", BACK_MS);
    await load.more(20);
  } finally {
    expect(await load.end()).toEqual([]);
  }
  await mesh.leavesNothing({ inFlight: CLIENTS });
});

async function edgeToPayments(state: string, withinMs: number): Promise<void> {
  await nextEvent<GraphBody>(mesh.mesh.page, "graph", {
    what: `the edge to payments is ${state}`,
    withinMs,
    wanted: ({ edges }) =>
      edges.some(({ from, to, state: now }) => from === "orders.default" && to === "payments.default" && now === state),
  });
}

async function isServed(): Promise<boolean> {
  return (await mesh.ask("/orders")).status === 200;
}

async function exists(path: string): Promise<true | undefined> {
  return await stat(path).then(
    () => true,
    () => undefined,
  );
}

/** A request as the application of a sidecar sends it; undefined where nothing listens yet. */
async function askThrough(outbound: string): Promise<{ readonly status: number; readonly body: unknown } | undefined> {
  const [host, port] = outbound.split(":");
  return await new Promise((resolve) => {
    const options = { host, port, path: "http://orders/orders", headers: { host: "orders" }, agent: false };
    const outgoing = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as unknown }));
    });
    outgoing.on("error", () => resolve(undefined));
    outgoing.end();
  });
}
