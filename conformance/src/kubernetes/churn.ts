/** K9: objects that change all the time have their status written every five seconds, after a few writes at once. */
import { kubectl } from "./api-server.ts";
import { type Check, must, until } from "./check.ts";
import { openClusterController } from "./processes.ts";
import { conditionOf, type Seen, watch } from "./watching.ts";

const NAMESPACE = "churn";
const PLACE = `/apis/regomesh.dev/v1alpha1/namespaces/${NAMESPACE}/trafficpolicies`;
const OBJECTS = 10;
const CHURN_MS = 40_000;
const CHANGE_EVERY_MS = 400;
const WRITE_EVERY_MS = 5000;
/** At once, and again after a while in which nothing was. */
const BURST = 4;
/** A loaded machine is told late of a write. */
const LATENESS_MS = 2000;

export const CHURN_CHECK: Check = {
  name: "K9 under churn a status is written every 5 s an object, and tells of the last text when it is over",
  async run({ server, api, say }) {
    await api.apply(`/api/v1/namespaces/${NAMESPACE}`, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: NAMESPACE },
    });
    const controller = await openClusterController(server, "churn");
    const watching = watch(server, PLACE);
    try {
      const body = (at: number, turn: number) => ({
        apiVersion: "regomesh.dev/v1alpha1",
        kind: "TrafficPolicy",
        metadata: { name: `p-${at}` },
        spec: { services: [`s-${at}`], pool: { connectionsMax: turn } },
      });
      const untilMs = performance.now() + CHURN_MS;
      let turn = 0;
      while (performance.now() < untilMs) {
        turn++;
        const next = new Promise((done) => setTimeout(done, CHANGE_EVERY_MS));
        await Promise.all(Array.from({ length: OBJECTS }, (_, at) => api.apply(`${PLACE}/p-${at}`, body(at, turn))));
        await next;
      }
      const overMs = performance.now();
      await until(
        "every status tells of its last text",
        30_000,
        () =>
          lastOf(watching.seen).every((event) => conditionOf(event, "Accepted")?.observedGeneration === turn) ||
          undefined,
      );
      const toldMs = performance.now() - overMs;
      const counts = [...writesOf(watching.seen)].map(([name, writes]) => {
        const many = writes.find((toMs, to) => writes.some((fromMs, from) => to - from > mayIn(toMs - fromMs)));
        must(
          many === undefined,
          `${name} was written at ${writes.map((atMs) => Math.round(atMs - (writes[0] ?? 0))).join()} ms`,
        );
        return writes.length;
      });
      const most = Math.max(...counts);
      must(counts.length === OBJECTS, `only ${counts.length} objects have a status`);
      say(
        `     ${OBJECTS} objects with ${turn} changes each in ${CHURN_MS / 1000} s: ${Math.min(...counts)} to ${most} writes of a status; the last text is told ${(toldMs / 1000).toFixed(1)} s after it`,
      );
    } finally {
      watching.close();
      await controller.close();
      kubectl(server, ["delete", "trafficpolicies", "--all", "-n", NAMESPACE]);
    }
  },
};

/** Writes after one another within so long: what was seen late was made before. */
function mayIn(ms: number): number {
  return BURST + (ms + LATENESS_MS) / WRITE_EVERY_MS;
}

function lastOf(seen: readonly Seen[]): readonly Seen[] {
  return [...new Map(seen.map((event) => [event.object.metadata.name, event])).values()];
}

/** When each object's status was seen to change. */
function writesOf(seen: readonly Seen[]): ReadonlyMap<string, readonly number[]> {
  const writes = new Map<string, number[]>();
  const before = new Map<string, string>();
  for (const { atMs, object } of seen) {
    const { name } = object.metadata;
    const status = JSON.stringify(object.status ?? {});
    if (object.status !== undefined && before.get(name) !== status)
      writes.set(name, [...(writes.get(name) ?? []), atMs]);
    before.set(name, status);
  }
  return writes;
}
