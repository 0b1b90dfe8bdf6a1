/** K2: many objects, changed as fast as the API server takes it: none is missed, and each is told of its newest text. */
import { readFileSync } from "node:fs";
import { type Check, must, until, type World } from "./check.ts";
import { openClusterController, type Process } from "./processes.ts";
import { conditionOf, type Seen, watch } from "./watching.ts";

const NAMESPACE = "many";
const PLACE = `/apis/regomesh.dev/v1alpha1/namespaces/${NAMESPACE}/trafficpolicies`;
const SERVICES = `/api/v1/namespaces/${NAMESPACE}/services`;
/** Requests under way at a time. */
const WRITERS = 16;
const SETTLED_WITHIN_MS = 300_000;

/** Of so many TrafficPolicies one names a Service that is there: of the others each is at fault by itself. */
const SOUND_EVERY = 50;
/** What the API server takes is measured with so many, before anybody else is there. */
const ALONE = 1000;

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
      const alone = await write(world, Math.min(ALONE, objects), "alone");
      say(`     ${alone.made} made and ${alone.changed} changed a second where nobody else is there`);
      await api.ask("DELETE", PLACE);
      await atOnce(Math.ceil(objects / SOUND_EVERY), (at) =>
        api.create(SERVICES, {
          apiVersion: "v1",
          kind: "Service",
          metadata: { name: `s-${at * SOUND_EVERY}` },
          spec: { ports: [{ port: 80 }] },
        }),
      );
      const controller = await openClusterController(server, "many");
      const watching = watch(server, PLACE);
      try {
        const { made, changed } = await write(world, objects, "p");
        const sinceMs = performance.now();
        say(`     ${made} made and ${changed} changed a second, while the controller reads and writes beside it`);
        const told = new Map<string, Seen>();
        let read = 0;
        await until("every object is told of its newest text", SETTLED_WITHIN_MS, () => {
          for (const event of watching.seen.slice(read)) told.set(event.object.metadata.name, event);
          read = watching.seen.length;
          return told.size === objects && [...told.values()].every(isTold) ? true : undefined;
        }).catch((error: Error) => {
          const left = [...told.values()].filter((event) => !isTold(event)).length;
          throw new Error(`${error.message}: ${left} of ${told.size} are not, ${changed} changed a second`);
        });
        const seconds = (performance.now() - sinceMs) / 1000;
        for (const [name, event] of told) {
          const isSound = Number(name.slice(2)) % SOUND_EVERY === 0;
          const accepted = conditionOf(event, "Accepted");
          must(accepted?.status === (isSound ? "True" : "False"), `${name} is told ${JSON.stringify(accepted)}`);
        }
        const writes = watching.seen.length - 2 * objects;
        say(
          `     all told ${seconds.toFixed(1)} s after the last change, by ${writes} writes of a status; ${usageOf(controller)}`,
        );
      } finally {
        watching.close();
        await controller.close();
        await atOnce(objects, (at) => api.ask("DELETE", `${PLACE}/p-${at}`));
        await api.ask("DELETE", SERVICES);
      }
    },
  };
}

const documentOf = (name: string, at: number, attempts: number) => ({
  apiVersion: "regomesh.dev/v1alpha1",
  kind: "TrafficPolicy",
  metadata: { name: `${name}-${at}` },
  spec: { services: [`s-${at}`], retries: { attempts } },
});

/** Makes so many and changes each: how many a second. */
async function write({ api }: World, count: number, name: string): Promise<{ made: number; changed: number }> {
  const made = await atOnce(count, (at) => api.create(PLACE, documentOf(name, at, 1)));
  const changed = await atOnce(count, async (at) => {
    const body = documentOf(name, at, 2);
    const { status } = await api.ask("PATCH", `${PLACE}/${name}-${at}`, body, "application/merge-patch+json");
    must(status === 200, `the change of ${name}-${at} is answered with ${status}`);
  });
  return { made, changed };
}

/** Of the newest text, and of none that is to come. */
function isTold(event: Seen): boolean {
  const { name, generation } = event.object.metadata;
  const observed = conditionOf(event, "Accepted")?.observedGeneration ?? 0;
  must(observed <= generation, `${name} is told of a text that is to come`);
  return generation === CHANGED_GENERATION && observed === generation;
}

const CHANGED_GENERATION = 2;

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

/** Memory now, and what it has taken of a processor. */
function usageOf({ child }: Process): string {
  const line = readFileSync(`/proc/${child.pid}/status`, "utf8").match(/^VmRSS:\s+(\d+)/m)?.[1];
  const [user, system] = readFileSync(`/proc/${child.pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ")
    .slice(11, 13);
  const seconds = (Number(user) + Number(system)) / TICKS_A_SECOND;
  return `the controller has ${Math.round(Number(line ?? 0) / 1024)} MiB and took ${seconds.toFixed(0)} s of a processor`;
}

/** USER_HZ, as /proc has it. */
const TICKS_A_SECOND = 100;
