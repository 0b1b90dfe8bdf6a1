/** K8: a status never speaks of a text that is to come, and says Programmed when the proxies that it counts enforce it. */
import { kubectl } from "./api-server.ts";
import { type Check, must, until, type World } from "./check.ts";
import { BINDING, type Mesh, NAMESPACE, policy, withMesh } from "./mesh.ts";
import { ask } from "./processes.ts";
import { conditionOf, watch } from "./watching.ts";

const PLACE = `/apis/regomesh.dev/v1alpha1/namespaces/${NAMESPACE}/policies`;
const CHANGES = 12;
/** Longer than a status takes that tells of a change, shorter than a proxy is waited for. */
const STOPPED_MS = 4000;
const TOLD_WITHIN_MS = 30_000;

/** Passes requests that name this text, and no others. */
const text = (at: number) => policy(`allow if input.attributes.request.http.headers["x-text"] == "${at}"`);

export const STATUS_CHECK: Check = {
  name: "K8 observedGeneration is never ahead, and Programmed is said when the counted proxies enforce the text",
  async run(world) {
    await withMesh(world, "status", async (mesh) => {
      await until("the first text is taken", 30_000, () =>
        kubectl(world.server, ["apply", "-f", "-"], `${BINDING}---\n${text(0)}`).code === 0 ? true : undefined,
      );
      await isProgrammed(world, 1);
      await follow(world, mesh);
      await stop(world, mesh);
    });
  },
};

/** At each Programmed of the newest text, a real request is decided by it. */
async function follow(world: World, { web }: Mesh): Promise<void> {
  const { server, say } = world;
  const watching = watch(server, PLACE);
  const tookMs: number[] = [];
  try {
    for (let at = 1; at <= CHANGES; at++) {
      const sinceMs = performance.now();
      must(kubectl(server, ["apply", "-f", "-"], text(at)).code === 0, `text ${at} is not taken`);
      const generation = at + 1;
      const seen = await until(`text ${at} is programmed`, TOLD_WITHIN_MS, () =>
        watching.seen.find((event) => {
          const programmed = conditionOf(event, "Programmed");
          return programmed?.status === "True" && programmed.observedGeneration === generation;
        }),
      ).catch((error: Error) => {
        const table = kubectl(server, ["get", "mesh", "-A", "-o", "wide"]).out;
        const last = watching.seen.slice(-3).map(({ object }) => JSON.stringify(object.status));
        throw new Error(`${error.message}; of ${watching.seen.length} events the last: ${last.join("\n")}\n${table}`);
      });
      tookMs.push(seen.atMs - sinceMs);
      const { status } = await ask(web, "http://orders/", { "x-text": String(at) });
      must(status === 200, `text ${at} is Programmed, and a request that it passes is answered ${status}`);
    }
  } finally {
    watching.close();
  }
  for (const { object } of watching.seen) {
    const said = [
      object.status?.observedGeneration,
      ...(object.status?.conditions ?? []).map((each) => each.observedGeneration),
    ];
    const ahead = said.find((generation) => (generation ?? 0) > object.metadata.generation);
    must(
      ahead === undefined,
      `generation ${ahead} is told of an object whose generation is ${object.metadata.generation}`,
    );
  }
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (share: number) => ((sorted[Math.ceil(sorted.length * share) - 1] ?? 0) / 1000).toFixed(2);
  say(
    `     ${CHANGES} changes in a row, ${watching.seen.length} events: Programmed after ${at(0.5)} s at half of them, ${at(1)} s at most`,
  );
}

/** While a proxy that is connected cannot answer, what it has not taken is not Programmed. */
async function stop(world: World, { orders }: Mesh): Promise<void> {
  const { server, say } = world;
  const generation = CHANGES + 2;
  orders.process.child.kill("SIGSTOP");
  try {
    must(kubectl(server, ["apply", "-f", "-"], text(CHANGES + 1)).code === 0, "the last text is not taken");
    await until("the status tells of the text", TOLD_WITHIN_MS, async () => {
      const found = await conditionNow(world, "Accepted");
      return found?.observedGeneration === generation ? true : undefined;
    });
    const untilMs = performance.now() + STOPPED_MS;
    while (performance.now() < untilMs) {
      const programmed = await conditionNow(world, "Programmed");
      const isSaid = programmed?.status === "True" && programmed.observedGeneration === generation;
      must(!isSaid, "it is Programmed, and the proxy of orders has not even seen it");
      await new Promise((next) => setTimeout(next, 100));
    }
  } finally {
    orders.process.child.kill("SIGCONT");
  }
  await isProgrammed(world, generation);
  say(`     a proxy stopped for ${STOPPED_MS / 1000} s: Programmed only once it went on`);
}

async function conditionNow({ api }: World, type: string) {
  const { body } = await api.ask("GET", `${PLACE}/orders`);
  return conditionOf({ atMs: 0, type: "MODIFIED", object: body as never }, type);
}

async function isProgrammed(world: World, generation: number): Promise<void> {
  await until(`generation ${generation} is programmed`, TOLD_WITHIN_MS, async () => {
    const found = await conditionNow(world, "Programmed");
    return found?.status === "True" && found.observedGeneration === generation ? true : undefined;
  });
}
