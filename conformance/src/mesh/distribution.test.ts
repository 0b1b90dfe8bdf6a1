/** What status says of proxies, and what they do, when one of them cannot, and when a policy only looks on. */

import { createServer, type Server } from "node:net";
import type { StatusBody } from "@regomesh/controller";
import { refusedOf } from "@regomesh/controller";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "./deadline.ts";
import { nextEvent } from "./events.ts";
import { IN_FORCE_MS, TestMesh } from "./test-mesh.ts";

const SERVICES = "examples/mesh/mesh.yaml";
const WORKLOADS = "examples/mesh/workloads.yaml";
const BINDINGS = "examples/mesh/bindings.yaml";

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.open();
});
afterAll(async () => await mesh?.[Symbol.asyncDispose]());

async function statusWhere(what: string, wanted: (status: StatusBody) => boolean): Promise<StatusBody> {
  return await nextEvent<StatusBody>(mesh.mesh.page, "status", { what, withinMs: IN_FORCE_MS, wanted });
}

async function takePort(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0, server };
}

test("a proxy whose port is taken is named, keeps what it has and tries again; nobody else waits for it", async () => {
  const before = await mesh.status();
  const { port, server } = await takePort();
  const commit = await mesh.commit("One port more, which is not free", {
    [SERVICES]: (text) =>
      text.replace(
        "metadata: { name: payments }\nspec:\n  ports: [{ name: http, port: 80 }]",
        "metadata: { name: payments }\nspec:\n  ports: [{ name: http, port: 80 }, { name: more, port: 81 }]",
      ),
    [WORKLOADS]: (text) =>
      text.replace(
        "spec: { service: payments }",
        `spec:\n  service: payments\n  ports: [{ name: more, listen: { port: ${port} }, application: { port: 1 } }]`,
      ),
  });
  const held = await statusWhere("the refusal of payments, and the others on the commit", ({ revision, proxies }) => {
    const refusing = proxies.filter(({ refusal }) => refusal !== undefined);
    return revision?.name === commit && revision.enforced === 3 && refusing.length === 1;
  });
  expect(refusedOf(held)).toBeUndefined();
  expect(held.proxies.find(({ workload }) => workload === "payments")).toMatchObject({
    state: "ready",
    revision: before.revision?.name,
    refusal: { class: "local", reason: "listen_failed", revision: commit },
  });
  expect(await mesh.ask("/orders")).toMatchObject({ status: 200 });
  await new Promise<void>((done) => server.close(() => done()));
  const after = await mesh.inForce(commit);
  expect(after.proxies.every(({ refusal }) => refusal === undefined)).toBe(true);
  await mesh.revert();
});

test("a unit in shadow decides nothing; what it would have changed is in status, records and metrics", async () => {
  await mesh.inForce(
    await mesh.commit("Look on", {
      "examples/stricter/authz.rego": () =>
        'package mesh.authz\n\ndefault allow := false\n\nallow if input.parsed_path[0] != "orders"\n',
      [BINDINGS]: (text) =>
        `${text}---\napiVersion: regomesh.dev/v1alpha1\nkind: PolicyBinding\nmetadata: { name: stricter }\nspec:\n  unit: examples/stricter\n  direction: Inbound\n  mode: Shadow\n  entrypoints: [mesh/authz/allow]\n`,
    }),
  );
  const answer = await mesh.ask("/orders");
  expect(answer).toMatchObject({ status: 200 });
  const body = await statusWhere("differences of the shadow", ({ shadows }) => (shadows[0]?.would.deny ?? 0) >= 2);
  const [shadow] = body.shadows;
  expect(shadow).toMatchObject({ binding: "default/stricter", unit: "examples/stricter", direction: "inbound" });
  expect(shadow?.differences).toBeLessThanOrEqual(shadow?.decisions ?? 0);
  // A proxy tells of what it counted and of what it kept in reports of their own.
  const shadows = await until("a decision that differs", IN_FORCE_MS, async () => {
    const found = await fetch(`${mesh.mesh.page}/api/decisions?verdict=differs`);
    const { decisions } = (await found.json()) as { decisions: readonly { shadows: readonly unknown[] }[] };
    return decisions[0]?.shadows;
  });
  expect(shadows).toMatchObject([{ binding: "default/stricter", would: "deny" }]);
  const metrics = await (await fetch(`${mesh.mesh.page}/metrics`)).text();
  expect(metrics).toMatch(
    /^regomesh_controller_shadow_decisions_total\{direction="inbound",binding="default\/stricter",entrypoint="[^"]+",would="deny"\} [1-9]/m,
  );
  await mesh.revert();
  expect((await mesh.status()).shadows).toEqual([]);
});
