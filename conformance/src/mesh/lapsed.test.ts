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

test.each(["sidecar of payments", "sidecar of web", "sidecar of payments"])(
  "the %s, stopped past its identity's end, joins anew once it runs again",
  async (name) => {
    await until("requests pass", BACK_MS, isServed);
    const { pid } = mesh.mesh.process(name);
    process.kill(pid ?? 0, "SIGSTOP");
    try {
      await allEnded();
    } finally {
      process.kill(pid ?? 0, "SIGCONT");
    }
    await until("requests pass again", BACK_MS, isServed);
    expect(mesh.mesh.process(name).pid).toBe(pid);
  },
);

test("all of them come back when the controller was away past the end of every identity", async () => {
  await mesh.mesh.process("controller").kill();
  await allEnded();
  expect(await isServed()).toBe(undefined);
  await mesh.mesh.restart("controller");
  await until("requests pass again", BACK_MS, isServed);
});

test("by a token that its workload's proxy has used, nobody else is let in while that one's identity is good", async () => {
  const before = await tokenOf("payments");
  const word = JSON.parse(await readFile(mesh.statePath("controller.json"), "utf8")) as { readonly grpc: string };
  const stranger = new Child({
    name: "stranger",
    args: [
      join(ROOT, "cli/bin/regomesh.mjs"),
      "proxy",
      ...["--workload", "payments", "--controller", word.grpc, "--state", mesh.statePath("stranger")],
      ...["--join-token-file", mesh.statePath("tokens/payments.token"), "--app", "1", "--outbound", "0"],
      "--exit-with-parent",
    ],
    cwd: ROOT,
    onExit: () => {},
  });
  try {
    stranger.ready(BACK_MS).catch(() => {});
    await until(
      "it is refused",
      BACK_MS,
      () => stranger.lastWords().some((line) => line.includes("another key")) || undefined,
    );
    await allEnded();
    expect(await tokenOf("payments")).toBe(before);
    expect((await identities()).filter(({ workload }) => workload === "payments")).toHaveLength(1);
  } finally {
    await stranger.close();
  }
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
