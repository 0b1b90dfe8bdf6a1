/** A replica that leaves in order costs no request, even where it is the only one of its subset. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { WITHOUT_LIMITS } from "./commit-latency.ts";
import { until } from "./deadline.ts";
import { Load } from "./load.ts";
import { TestMesh } from "./test-mesh.ts";

const GONE_MS = 15_000;
const SOME = 40;

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

test("SIGTERM of the only v2 under load: every request is answered, by v1 in the end", async () => {
  const load = new Load(mesh);
  await load.more(SOME);
  const sidecar = mesh.mesh.process("sidecar of orders-v2");
  const pid = mesh.sidecarPid("orders-v2");
  process.kill(pid, "SIGTERM");
  await until("the sidecar has ended", GONE_MS, async () => {
    try {
      process.kill(pid, 0);
      return sidecar.pid === pid ? undefined : true;
    } catch {
      return true;
    }
  });
  await load.more(SOME);
  expect(await load.end()).toEqual([]);
  expect(await versionsOf(SOME)).toEqual(new Set(["v1"]));
  await mesh.mesh.restart("sidecar of orders-v2");
  await until("v2 is asked again", GONE_MS, async () => (await versionsOf(SOME)).has("v2") || undefined);
});
