/** Releases that a canary of real sidecars has before everybody: what is right comes in force, what does harm does not. */
import type { StatusBody } from "@regomesh/controller";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "./deadline.ts";
import { nextEvent } from "./events.ts";
import { IN_FORCE_MS, isInForce, TestMesh } from "./test-mesh.ts";

const POLICY = "examples/authz/orders.rego";
const BAKE_MS = 15_000;
/** Half a second until a proxy reports, half until it is looked at, and what the load needs for its requests. */
const HELD_MS = 12_000;
const RULES = `  release:
    canary: { labels: { app: orders, version: v2 } }
    bake: ${BAKE_MS / 1000}s
    deadline: 1m
    maxRefusalsRise: 20
    minRequests: 20
`;
const TO_V2 = { "x-user": "alice", "x-version": "v2" };

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.open({
    "examples/mesh/mesh.yaml": (text) => text.replace("  defaultVerdict: Deny\n", `  defaultVerdict: Deny\n${RULES}`),
  });
}, 200_000);
afterAll(async () => await mesh?.[Symbol.asyncDispose]());

const statusWhere = (what: string, withinMs: number, wanted: (status: StatusBody) => boolean): Promise<StatusBody> =>
  nextEvent<StatusBody>(mesh.mesh.page, "status", { what, withinMs, wanted });
const revisionsOf = ({ proxies }: StatusBody) =>
  Object.fromEntries(proxies.map((each) => [each.workload, each.revision]));

test("the canary has it first, and everybody when it was watched there", async () => {
  const before = (await mesh.status()).revision?.name;
  const commit = await mesh.commit("A rule that nobody meets", {
    [POLICY]: (text) => `${text}\nallow if http.headers["x-nobody"] == "nobody"\n`,
  });
  const status = await statusWhere("the canary has it", IN_FORCE_MS, ({ release }) => release?.bakedAtMs !== undefined);
  expect(status.release).toMatchObject({ stage: "canary", proxies: 1, taken: 1 });
  expect(status.revision).toMatchObject({ name: commit, enforced: 1, proxies: 4 });
  expect(revisionsOf(status)).toEqual({ web: before, "orders-v1": before, "orders-v2": commit, payments: before });
  expect((await mesh.ask("/orders", TO_V2)).status).toBe(200);
  const all = await statusWhere("everybody has it", BAKE_MS + IN_FORCE_MS, (each) => isInForce(each, commit));
  expect(all.nowMs).toBeGreaterThanOrEqual((status.release?.bakedAtMs ?? 0) - 1);
});

test("what the canary begins to refuse is taken back, and nobody else ever has it", async () => {
  const before = (await mesh.status()).revision?.name;
  for (let asked = 0; asked < 25; asked++) expect((await mesh.ask("/orders", TO_V2)).status).toBe(200);
  // The whole of it is reported: what it is held against.
  await until("requests are counted", IN_FORCE_MS, async () => {
    const { edges } = (await (await fetch(`${mesh.mesh.page}/api/graph`)).json()) as {
      readonly edges: readonly { readonly id: string; readonly revisions: readonly { readonly requests: number }[] }[];
    };
    return edges.some(({ revisions }) => revisions.some(({ requests }) => requests >= 25)) ? true : undefined;
  });
  const commit = await mesh.commit("Refuses what it must not", {
    [POLICY]: (text) =>
      text.replace(
        "\thttp.method in grant.methods\n",
        '\thttp.method in grant.methods\n\tnot http.headers["x-version"] == "v2"\n',
      ),
  });
  await statusWhere("the canary has it", IN_FORCE_MS, ({ release }) => release?.bakedAtMs !== undefined);
  const seen = new Set<string>();
  const held = await until("it is taken back", HELD_MS, async () => {
    await mesh.ask("/orders", TO_V2);
    const status = await mesh.status();
    for (const each of status.proxies) if (each.revision === commit) seen.add(each.workload);
    return status.refused?.commit === commit ? status : undefined;
  });
  expect([...seen]).toEqual(["orders-v2"]);
  expect(held.refused?.isTakenBack).toBe(true);
  expect(held.refused?.diagnostics[0]?.code).toBe("release_refusals");
  expect(held.refused?.diagnostics[0]?.message).toMatch(
    /^workload default\/orders-v2: .* are refused, 0\.0 % were before$/,
  );
  await statusWhere("everybody is back", IN_FORCE_MS, (each) => isInForce(each, before ?? ""));
  expect((await mesh.ask("/orders", TO_V2)).status).toBe(200);
  // Also for a controller that starts anew.
  await mesh.mesh.restart("controller");
  await statusWhere(
    "what was held, still",
    IN_FORCE_MS,
    (each) => isInForce(each, before ?? "") && each.refused?.commit === commit,
  );
  await mesh.leavesNothing();
});
