/** A replica that leaves in order costs no request, even where it is the only one of its subset. */
import { type ChildProcess, spawn } from "node:child_process";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WITHOUT_LIMITS } from "./commit-latency.ts";
import { until } from "./deadline.ts";
import { Load } from "./load.ts";
import { ROOT, TestMesh } from "./test-mesh.ts";

const GONE_MS = 15_000;
const SOME = 40;
const RENAMES = 6;

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.open(WITHOUT_LIMITS);
});
afterAll(async () => await mesh?.[Symbol.asyncDispose]());

async function versionsOf(count: number): Promise<ReadonlySet<string>> {
  const versions = new Set<string>();
  for (let i = 0; i < count; i++)
    versions.add(JSON.stringify((await mesh.ask("/orders")).body).includes('"v2"') ? "v2" : "v1");
  return versions;
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

/** Ends a sidecar in order, under load; gives the requests that were not answered. */
async function leave(pid: number): Promise<readonly string[]> {
  const load = new Load(mesh);
  await load.more(SOME);
  process.kill(pid, "SIGTERM");
  await until("the sidecar has ended", GONE_MS, async () => isGone(pid) || undefined);
  await load.more(SOME);
  return await load.end();
}

/** One more sidecar of orders-v2, with its identity and before its application, as another machine's would be. */
async function addReplica(): Promise<ChildProcess> {
  const line = await readFile(`/proc/${mesh.sidecarPid("orders-v2")}/cmdline`, "utf8");
  const [program = "", ...args] = line.split("\0").slice(0, -1);
  const state = mesh.statePath("proxies/replica");
  await cp(mesh.statePath("proxies/orders-v2"), state, { recursive: true });
  const changes = { "--state": state, "--access-log": join(state, "access.log"), "--outbound": "0" };
  const changed = args.map((arg, index) => changes[args[index - 1] as keyof typeof changes] ?? arg);
  const child = spawn(program, changed, { cwd: ROOT, stdio: ["pipe", "ignore", "ignore"] });
  replicas.push(child);
  await until("two proxies of orders-v2", GONE_MS, async () => {
    const { proxies } = await mesh.status();
    return (
      proxies.filter(({ workload, state: is }) => workload === "orders-v2" && is === "ready").length === 2 || undefined
    );
  });
  return child;
}
const replicas: ChildProcess[] = [];
afterAll(() => {
  for (const child of replicas) child.kill("SIGKILL");
});

test("SIGTERM of one of two replicas of a subset under load: every request is answered, and the other is asked", async () => {
  const child = await addReplica();
  expect(await leave(child.pid ?? 0)).toEqual([]);
  // A tenth of the requests go to v2: none of forty may, by chance.
  await until("the other is asked", GONE_MS, async () => (await versionsOf(SOME)).has("v2") || undefined);
});

test("SIGTERM of the only v2 under load: every request is answered, by v1 in the end", async () => {
  expect(await leave(mesh.sidecarPid("orders-v2"))).toEqual([]);
  expect(await versionsOf(SOME)).toEqual(new Set(["v1"]));
  await mesh.mesh.restart("sidecar of orders-v2");
  await until("v2 is asked again", GONE_MS, async () => (await versionsOf(SOME)).has("v2") || undefined);
});

test("a port that is renamed under load costs no request", async () => {
  const load = new Load(mesh);
  let [from, to] = ["http", "api"];
  for (let turn = 0; turn < RENAMES; turn++) {
    await load.more(SOME);
    const renamed = (text: string) => text.replaceAll(`[{ name: ${from}, port: 80 }]`, `[{ name: ${to}, port: 80 }]`);
    await mesh.inForce(await mesh.commit(`name the port ${to}`, { "examples/mesh/mesh.yaml": renamed }));
    [from, to] = [to, from];
  }
  await load.more(SOME);
  expect(await load.end()).toEqual([]);
});
