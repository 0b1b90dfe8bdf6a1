/** K2: many objects, changed as fast as the API server takes it: none is missed, and each is told of its newest text. */
import { readFileSync } from "node:fs";
import { kubectl } from "./api-server.ts";
import { type Check, must, until, type World } from "./check.ts";
import { openClusterController, type Process } from "./processes.ts";

const NAMESPACE = "many";
const PLACE = `/apis/regomesh.dev/v1alpha1/namespaces/${NAMESPACE}/trafficpolicies`;
/** Requests under way at a time. */
const WRITERS = 16;
const SETTLED_WITHIN_MS = 300_000;

type Item = {
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly observedGeneration?: number }[];
  };
};

export function manyCheck(objects: number): Check {
  return {
    name: `K2 ${objects} objects, each changed: none is missed`,
    async run(world) {
      const { server, api, say } = world;
      await api.apply(`/api/v1/namespaces/${NAMESPACE}`, {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: NAMESPACE },
      });
      const controller = await openClusterController(server, "many");
      try {
        const made = await atOnce(objects, (at) => api.create(PLACE, documentOf(at, 1)));
        const changed = await atOnce(objects, (at) =>
          api.ask("PATCH", `${PLACE}/p-${at}`, documentOf(at, 2), "application/merge-patch+json"),
        );
        say(`     ${made} made and ${changed} changed a second, as API server and etcd take them here`);
        const sinceMs = performance.now();
        await until("every object is told of its newest text", SETTLED_WITHIN_MS, async () =>
          (await untold(world)) === 0 ? true : undefined,
        );
        say(
          `     all told ${((performance.now() - sinceMs) / 1000).toFixed(1)} s after the last change; the controller has ${residentMib(controller)} MiB`,
        );
      } finally {
        await controller.close();
        kubectl(server, ["delete", "trafficpolicies", "--all", "-n", NAMESPACE]);
      }
    },
  };
}

const documentOf = (at: number, attempts: number) => ({
  apiVersion: "regomesh.dev/v1alpha1",
  kind: "TrafficPolicy",
  metadata: { name: `p-${at}` },
  spec: { services: [`s-${at}`], retries: { attempts } },
});

/** How many a second. */
async function atOnce(count: number, work: (at: number) => Promise<unknown>): Promise<number> {
  const sinceMs = performance.now();
  let next = 0;
  const writer = async () => {
    for (let at = next++; at < count; at = next++) await work(at);
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return Math.round(count / ((performance.now() - sinceMs) / 1000));
}

async function untold({ api }: World): Promise<number> {
  let [left, from] = [0, ""];
  do {
    const { body } = await api.ask(
      "GET",
      `${PLACE}?limit=1000${from === "" ? "" : `&continue=${encodeURIComponent(from)}`}`,
    );
    for (const { metadata, status } of body["items"] as readonly Item[]) {
      const accepted = status?.conditions?.find(({ type }) => type === "Accepted");
      must(
        (accepted?.observedGeneration ?? 0) <= metadata.generation,
        `${metadata.name} is told of a text that is to come`,
      );
      if (accepted?.observedGeneration !== metadata.generation) left++;
    }
    from = (body["metadata"] as { readonly continue?: string }).continue ?? "";
  } while (from !== "");
  return left;
}

function residentMib({ child }: Process): number {
  const line = readFileSync(`/proc/${child.pid}/status`, "utf8").match(/^VmRSS:\s+(\d+)/m)?.[1];
  return Math.round(Number(line ?? 0) / 1024);
}
