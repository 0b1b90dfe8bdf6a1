/** Identities that end while nobody can renew them: their proxies come back by themselves, and nobody else does. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Child } from "@regomesh/cli";
import type { IdentitiesBody } from "@regomesh/controller";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WITHOUT_LIMITS } from "./commit-latency.ts";
import { until } from "./deadline.ts";
import { ROOT, TestMesh } from "./test-mesh.ts";

/** The least that `--svid-ttl` takes. */
const SVID_TTL_MS = 10_000;
/** A proxy whose identity has ended asks at least every ten seconds, on a machine that runs much else. */
const BACK_MS = 40_000;

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.open(WITHOUT_LIMITS, { svidTtl: `${SVID_TTL_MS}ms` });
});
afterAll(async () => await mesh?.[Symbol.asyncDispose]());

const isServed = async () => (await mesh.ask("/orders").catch(() => undefined))?.status === 200 || undefined;

async function identities(): Promise<IdentitiesBody["proxies"]> {
  const token = (await readFile(mesh.statePath("api-token"), "utf8")).trim();
  const answer = await fetch(`${mesh.mesh.page}/api/identity`, { headers: { authorization: `Bearer ${token}` } });
  return ((await answer.json()) as IdentitiesBody).proxies;
}

const tokenOf = async (workload: string) => await readFile(mesh.statePath(`tokens/${workload}.token`), "utf8");

/** What was issued before this moment has ended. */
async function allEnded(): Promise<void> {
  const endMs = Date.now() + SVID_TTL_MS + 1000;
  await until("every identity has ended", 2 * SVID_TTL_MS, () => Date.now() > endMs || undefined);
}

/** Stops sidecars past the end of their identities, while `meanwhile` does what it does; they run again. */
async function stopped(names: readonly string[], meanwhile: () => Promise<void>): Promise<void> {
  await until("requests pass", BACK_MS, isServed);
  const pids = names.map((name) => mesh.mesh.process(name).pid ?? 0);
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  try {
    await meanwhile();
    await allEnded();
  } finally {
    for (const pid of pids) process.kill(pid, "SIGCONT");
  }
  await until("requests pass again", BACK_MS, isServed);
  expect(names.map((name) => mesh.mesh.process(name).pid)).toEqual(pids);
}

test("sidecars that were stopped past their identities' end join anew once they run again", async () => {
  await stopped(["sidecar of payments", "sidecar of web"], async () => {});
});

test("so they do another time; by a token that its workload's proxy has used, nobody else is let in while that one's identity is good", async () => {
  const before = await tokenOf("web");
  const word = JSON.parse(await readFile(mesh.statePath("controller.json"), "utf8")) as { readonly grpc: string };
  const stranger = new Child({
    name: "stranger",
    args: [
      join(ROOT, "cli/bin/regomesh.mjs"),
      "proxy",
      ...["--workload", "web", "--controller", word.grpc, "--state", mesh.statePath("stranger")],
      ...["--join-token-file", mesh.statePath("tokens/web.token"), "--app", "1", "--outbound", "0"],
      "--exit-with-parent",
    ],
    cwd: ROOT,
    onExit: () => {},
  });
  try {
    stranger.ready(BACK_MS).catch(() => {});
    await stopped(["sidecar of payments"], async () => {
      const isRefused = () => stranger.lastWords().some((line) => line.includes("another key")) || undefined;
      await until("the stranger is refused", BACK_MS, isRefused);
    });
    expect(await tokenOf("web")).toBe(before);
    expect((await identities()).filter(({ workload }) => workload === "web")).toHaveLength(1);
  } finally {
    await stranger.close();
  }
});

test("all of them come back when the controller was away past the end of every identity", async () => {
  await mesh.mesh.process("controller").kill();
  await allEnded();
  expect(await isServed()).toBe(undefined);
  await mesh.mesh.restart("controller");
  await until("requests pass again", BACK_MS, isServed);
});

test("what was taken back stays out, also past its end, until the operator gives a token", async () => {
  const before = await tokenOf("payments");
  const token = (await readFile(mesh.statePath("api-token"), "utf8")).trim();
  const answer = await fetch(`${mesh.mesh.page}/api/identity/revoked`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ workload: "default/payments" }),
  });
  expect(answer.status).toBe(201);
  await allEnded();
  await allEnded();
  expect(await tokenOf("payments")).toBe(before);
  expect(await isServed()).toBe(undefined);
});
