/** Releases that a canary of real sidecars has before everybody: what is right comes in force, what does harm does not. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { StatusBody } from "@regomesh/controller";
import { refusedOf } from "@regomesh/controller";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "./deadline.ts";
import { nextEvent } from "./events.ts";
import { IN_FORCE_MS, isInForce, TestMesh } from "./test-mesh.ts";

const run = promisify(execFile);
const CLI = join(import.meta.dirname, "../../../cli/bin/regomesh.mjs");
const POLICY = "examples/authz/orders.rego";
const MESH = "examples/mesh/mesh.yaml";
/** Each commit says for how long it is watched: where that is waited for, long enough to be seen; elsewhere longer than any step takes. */
const BRIEF_MS = 5000;
const BAKE_MS = 60_000;
/** Half a second until a proxy reports, half until it is looked at, and what the load needs for its requests. */
const HELD_MS = 12_000;
const RULES = `  release:
    canary: { labels: { app: orders, version: v2 } }
    bake: ${BAKE_MS / 1000}s
    deadline: 2m
    maxRefusalsRise: 20
    minRequests: 20
`;
const TO_V2 = { "x-user": "alice", "x-version": "v2" };

const watchedFor = (ms: number) => (text: string) => text.replace(/bake: \w+/, `bake: ${ms / 1000}s`);

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.open({
    [MESH]: (text) => text.replace("  defaultVerdict: Deny\n", `  defaultVerdict: Deny\n${RULES}`),
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
    [MESH]: watchedFor(BRIEF_MS),
  });
  const status = await statusWhere("the canary has it", IN_FORCE_MS, ({ release }) => release?.bakedAtMs !== undefined);
  expect(status.release).toMatchObject({ stage: "canary", proxies: 1, taken: 1 });
  expect(status.revision).toMatchObject({ name: commit, enforced: 1, proxies: 4 });
  expect(revisionsOf(status)).toEqual({ web: before, "orders-v1": before, "orders-v2": commit, payments: before });
  expect((await mesh.ask("/orders", TO_V2)).status).toBe(200);
  const all = await statusWhere("everybody has it", BRIEF_MS + IN_FORCE_MS, (each) => isInForce(each, commit));
  expect(all.nowMs).toBeGreaterThanOrEqual((status.release?.bakedAtMs ?? 0) - 1);
});

/** An operator's word by the command line; gives what it says. */
async function say(...args: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [CLI, ...args, "--state", mesh.statePath("")]);
  return stdout;
}

test("a controller that starts anew goes on with the canary, and an operator's word ends the wait", async () => {
  const before = (await mesh.status()).revision?.name;
  const rule = (name: string) => ({
    [POLICY]: (text: string) => `${text}\nallow if http.headers["x-nobody"] == "${name}"\n`,
  });
  const promoted = await mesh.commit("Promoted by hand", { ...rule("promoted"), [MESH]: watchedFor(BAKE_MS) });
  const isTaken = ({ release, revision }: StatusBody) =>
    release?.bakedAtMs !== undefined && revision?.name === promoted;
  const watched = await statusWhere("the canary has it", IN_FORCE_MS, isTaken);
  await until("how far it has come is kept", IN_FORCE_MS, async () =>
    (await readFile(mesh.statePath("snapshots/stage.json"), "utf8")).includes("takenAtMs") ? true : undefined,
  );
  await mesh.mesh.restart("controller");
  const after = await statusWhere(
    "the canary has it still",
    IN_FORCE_MS,
    (each) => isTaken(each) && each.proxies.length === 4,
  );
  expect(after.release?.stage).toBe("canary");
  expect(Math.abs((after.release?.bakedAtMs ?? 0) - (watched.release?.bakedAtMs ?? 0))).toBeLessThan(BAKE_MS);
  await expect(say("promote", "c0ffee0")).rejects.toThrow(/the release under way is [0-9a-f]{12}, not c0ffee0/);
  expect(await say("promote", promoted.slice(0, 7), "--full")).toMatch(/^the release goes on/);
  const all = await statusWhere("everybody has it", IN_FORCE_MS, (each) => isInForce(each, promoted));
  expect(all.nowMs).toBeLessThan(after.release?.bakedAtMs ?? 0);
  const aborted = await mesh.commit("Aborted by hand", rule("aborted"));
  await statusWhere(
    "the canary has it",
    IN_FORCE_MS,
    ({ release, revision }) => release?.taken === 1 && revision?.name === aborted,
  );
  expect(await say("abort")).toBe("the release is taken back\n");
  const back = await statusWhere("everybody is back", IN_FORCE_MS, (each) => isInForce(each, promoted));
  expect(refusedOf(back)).toMatchObject({ commit: aborted, isTakenBack: true });
  expect(refusedOf(back)?.diagnostics).toMatchObject([
    { code: "release_aborted", message: "an operator has aborted it" },
  ]);
  await expect(say("abort")).rejects.toThrow("no release is under way");
  expect(before).not.toBe(promoted);
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
    return refusedOf(status)?.commit === commit ? status : undefined;
  });
  expect([...seen]).toEqual(["orders-v2"]);
  expect(refusedOf(held)?.isTakenBack).toBe(true);
  expect(refusedOf(held)?.diagnostics[0]?.code).toBe("release_refusals");
  expect(refusedOf(held)?.diagnostics[0]?.message).toMatch(
    /^workload default\/orders-v2: .* are refused, 0\.0 % were before$/,
  );
  await statusWhere("everybody is back", IN_FORCE_MS, (each) => isInForce(each, before ?? ""));
  expect((await mesh.ask("/orders", TO_V2)).status).toBe(200);
  // Also for a controller that starts anew.
  await mesh.mesh.restart("controller");
  await statusWhere(
    "what was held, still",
    IN_FORCE_MS,
    (each) => isInForce(each, before ?? "") && refusedOf(each)?.commit === commit,
  );
  await mesh.leavesNothing();
});
