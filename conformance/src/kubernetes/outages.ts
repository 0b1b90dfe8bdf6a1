/** K3: the API server dies, forgets, or stalls: what is in force stays, and what changes then is followed within 15 s. */
import { kubectl } from "./api-server.ts";
import { type Check, must, until, type World } from "./check.ts";
import { BINDING, type Mesh, NAMESPACE, policy, withMesh } from "./mesh.ts";
import { ask } from "./processes.ts";

const WITHIN_MS = 15_000;
/** Long enough for pings to be missed, and for the connection to be given up. */
const STALL_MS = 10_000;

const reading = (method: string) => policy(`allow if input.attributes.request.http.method == "${method}"`);

type Outage = { readonly name: string; readonly run: (world: World) => Promise<void> };

const OUTAGES: readonly Outage[] = [
  {
    name: "killed and started again",
    async run({ server }) {
      await server.kill();
      await server.start();
    },
  },
  {
    name: "killed, its history compacted, started again",
    async run({ server }) {
      await server.kill();
      await compact(server.etcdUrl);
      await server.start();
    },
  },
  {
    name: `stalled for ${STALL_MS / 1000} s`,
    async run({ server }) {
      server.pause();
      await new Promise((done) => setTimeout(done, STALL_MS));
      server.resume();
    },
  },
];

export const OUTAGE_CHECK: Check = {
  name: "K3 API server killed, compacted, stalled: recovered within 15 s, nothing taken for gone",
  async run(world) {
    await withMesh(world, "outages", async (mesh) => {
      const { server, say } = world;
      await until("the first policy is taken", 30_000, () =>
        kubectl(server, ["apply", "-f", "-"], `${BINDING}---\n${reading("GET")}`).code === 0 ? true : undefined,
      );
      await answers(mesh, 200, 30_000);
      for (const { name, run } of OUTAGES) {
        const watching = watch(mesh);
        await run(world);
        const sinceMs = performance.now();
        const { asked, wrong } = await watching.end();
        must(
          wrong.length === 0,
          `${name}: ${wrong.length} of ${asked} requests were answered otherwise meanwhile: ${wrong[0]}`,
        );
        await until(`${name}: kubectl is answered`, 30_000, () =>
          kubectl(server, ["apply", "-f", "-"], reading("NONE")).code === 0 ? true : undefined,
        );
        await answers(mesh, 403, WITHIN_MS);
        const tookMs = performance.now() - sinceMs;
        say(
          `     ${name}: a change is in force ${(tookMs / 1000).toFixed(1)} s after it is back; ${asked} requests meanwhile, all as before`,
        );
        must(tookMs < WITHIN_MS, `${name}: ${(tookMs / 1000).toFixed(1)} s`);
        must(kubectl(server, ["apply", "-f", "-"], reading("GET")).code === 0, `${name}: it cannot be put back`);
        await answers(mesh, 200, WITHIN_MS);
        must(kubectl(server, ["get", "policy", "orders", "-n", NAMESPACE]).code === 0, `${name}: the Policy is gone`);
      }
    });
  },
};

async function answers({ web }: Mesh, status: number, withinMs: number): Promise<void> {
  await until(`orders answers ${status}`, withinMs, async () =>
    (await ask(web, "http://orders/")).status === status ? true : undefined,
  );
}

/** Requests one after the other until the end. */
function watch({ web }: Mesh) {
  let isOver = false;
  let asked = 0;
  const wrong: string[] = [];
  const running = (async () => {
    while (!isOver) {
      const { status, text } = await ask(web, "http://orders/");
      asked++;
      if (status !== 200) wrong.push(`${status} ${text.trim()}`);
    }
  })();
  return {
    async end() {
      isOver = true;
      await running;
      return { asked, wrong };
    },
  };
}

/** Forgets all that was before now, as etcd does every five minutes for an API server. */
async function compact(etcdUrl: string): Promise<void> {
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${etcdUrl}${path}`, { method: "POST", body: JSON.stringify(body) });
    return (await answer.json()) as { readonly header?: { readonly revision?: string }; readonly error?: string };
  };
  const { header } = await post("/v3/kv/range", { key: Buffer.from("x").toString("base64") });
  const { error } = await post("/v3/kv/compaction", { revision: header?.revision, physical: true });
  must(error === undefined, `etcd does not compact: ${error}`);
}
