/** A release that real sidecars cannot run: their engine takes no module of that size. */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { StatusBody } from "@regomesh/controller";
import { refusedOf } from "@regomesh/controller";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nextEvent } from "./events.ts";
import { IN_FORCE_MS, isInForce, TestMesh } from "./test-mesh.ts";

const POLICY = "examples/authz/orders.rego";
/** The demo's modules have some 50,000 bytes. */
const SMALL_MODULES = { payments: 110_000, "orders-v1": 200_000 };
/** The issue: nobody stays on a release that is wrong for longer. */
const BACK_MS = 2000;

/** A rule that makes the module larger by so many bytes, and never holds. */
const larger = (bytes: number) => ({
  [POLICY]: (text: string) =>
    `${text}\nallow if input.attributes.request.http.headers["x-large"] == "${"x".repeat(bytes)}"\n`,
});

let mesh: TestMesh;
const before = { ...process.env };
beforeAll(async () => {
  // The mesh's processes inherit it; this one has read it long ago.
  const program = pathToFileURL(join(import.meta.dirname, "small-modules.mjs")).href;
  Object.assign(process.env, { NODE_OPTIONS: `--import ${program}`, SMALL_MODULES: JSON.stringify(SMALL_MODULES) });
  mesh = await TestMesh.open();
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
  process.env = before;
});

const statusWhere = (what: string, wanted: (status: StatusBody) => boolean): Promise<StatusBody> =>
  nextEvent<StatusBody>(mesh.mesh.page, "status", { what, withinMs: IN_FORCE_MS, wanted });
const revisionOf = (status: StatusBody, name: string) =>
  status.proxies.find(({ workload }) => workload === name)?.revision;

test("refused by one sidecar alone, it is in force at the others, and status names the one", async () => {
  const first = (await mesh.status()).revision?.name;
  const commit = await mesh.commit("Too large for payments", larger(100_000));
  const status = await statusWhere("three sidecars on the commit, and a refusal", (body) => {
    return body.revision?.enforced === 3 && body.proxies.some(({ refusal }) => refusal !== undefined);
  });
  expect(status.revision?.name).toBe(commit);
  expect(refusedOf(status)).toBeUndefined();
  const alone = status.proxies.find(({ workload }) => workload === "payments");
  expect(alone).toMatchObject({ state: "ready", revision: first });
  expect(alone?.refusal).toMatchObject({ class: "content", reason: "policy_bad_module", revision: commit });
  expect((await mesh.ask("/orders")).status).toBe(200);
  await mesh.revert();
});

test("refused by sidecars of two identities, it is taken back from those that took it", async () => {
  const good = (await mesh.status()).revision?.name;
  const commit = await mesh.commit("Too large for two", larger(200_000));
  await statusWhere("a sidecar on the commit, or all of it over", (status) => {
    return refusedOf(status)?.commit === commit || status.proxies.some(({ revision }) => revision === commit);
  });
  const back = await nextEvent<StatusBody>(mesh.mesh.page, "status", {
    what: "everybody back",
    withinMs: BACK_MS,
    wanted: (body) => isInForce(body, good ?? "") && refusedOf(body)?.commit === commit,
  });
  expect(refusedOf(back)?.refusals.map(({ workload, reason }) => [workload, reason])).toEqual(
    expect.arrayContaining([
      ["orders-v1", "policy_bad_module"],
      ["payments", "policy_bad_module"],
    ]),
  );
  expect(["web", "orders-v1", "orders-v2", "payments"].map((name) => revisionOf(back, name))).toEqual(
    Array(4).fill(good),
  );
  expect((await mesh.ask("/orders")).status).toBe(200);
  await mesh.mesh.restart("controller");
  expect(await statusWhere("what was held, still", (body) => isInForce(body, good ?? ""))).toMatchObject({
    sources: [{ refused: { commit } }],
  });
  await mesh.inForce(
    await mesh.commit("Small again", {
      [POLICY]: (text) => text.split('\nallow if input.attributes.request.http.headers["x-large"]')[0] ?? "",
    }),
  );
});
