/**
 * Objects that nobody would write who means well, by a user of one namespace, past the webhook: each is told of itself
 * what is wrong, and a Policy of another namespace that is changed meanwhile is in force as fast as ever.
 */
import { kubectl } from "../api-server.ts";
import { type Check, must, until, type World } from "../check.ts";
import { openClusterController } from "../processes.ts";
import { at, HOSTILE, type Placed, pathOf, ROWS, type Row } from "./rows.ts";

const GOOD = "hostile-good";
/** A test of five seconds of a processor may come before, on a machine that runs other things beside; what is measured is said. */
const WITHIN_MS = 90_000;

export const HOSTILE_CHECK: Check = {
  name: `hostile objects, ${ROWS.length} kinds of them: each is told of itself alone, and others go on`,
  async run(world) {
    const { server, api, say } = world;
    for (const name of [GOOD, HOSTILE, "regomesh-system"])
      await api.apply(`/api/v1/namespaces/${name}`, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    const controller = await openClusterController(server, "hostile");
    let slowest = { ms: 0, name: "" };
    try {
      let change = 1;
      await goesOn(world, change);
      const failed: string[] = [];
      for (const row of ROWS) {
        change++;
        const ms = await play(world, row, change).catch((error: Error) => {
          failed.push(`${row.name}: ${error.message}`);
          return 0;
        });
        if (ms > slowest.ms) slowest = { ms, name: row.name };
        must(controller.child.exitCode === null, `${row.name}: the controller ended: ${controller.log().slice(-2000)}`);
      }
      must(failed.length === 0, failed.join("\n"));
      const wrong = controller.log().match(/.*(?:uncaught|unhandled|TypeError|RangeError|build process ended).*/i)?.[0];
      must(wrong === undefined, `its log says ${wrong}`);
      say(
        `     a good Policy is told of its change after ${(slowest.ms / 1000).toFixed(2)} s at most (beside: ${slowest.name})`,
      );
    } finally {
      await controller.close();
      for (const namespace of [GOOD, HOSTILE])
        kubectl(server, [
          "delete",
          "mesh,services,pods,endpointslices",
          "--all",
          "-n",
          namespace,
          "--force",
          "--wait=false",
        ]);
    }
  },
};

/** How long a good Policy's change took beside it. */
async function play(world: World, { name, objects = [], play, said = {} }: Row, change: number): Promise<number> {
  for (const object of objects) await put(world, object);
  await play?.(world);
  const sinceMs = performance.now();
  await goesOn(world, change);
  const ms = performance.now() - sinceMs;
  for (const [place, expected] of Object.entries(said)) await isSaid(world, name, place, expected);
  return ms;
}

async function put({ api }: World, object: Placed): Promise<void> {
  const { status: said, ...rest } = object;
  const answer = await api.apply(pathOf(object), rest, "hostile");
  must(answer.status < 300, `${pathOf(object)}: ${answer.status} ${String(answer.body["message"])}`);
  if (said === undefined) return;
  const { apiVersion, kind, metadata } = object;
  const told = await api.apply(`${pathOf(object)}/status`, { apiVersion, kind, metadata, status: said }, "hostile");
  must(told.status < 300, `${pathOf(object)}/status: ${told.status} ${String(told.body["message"])}`);
}

async function goesOn(world: World, change: number): Promise<void> {
  const rego = `package mesh.authz\n\nallow if input.x == ${change}\n`;
  const good = at(GOOD, "Policy", "good", { modules: { "a.rego": rego } });
  await put(world, good);
  await until("a good Policy's change is in force", WITHIN_MS, async () => {
    const { metadata, status } = await read(world, good);
    const programmed = status?.conditions?.find(({ type }) => type === "Programmed");
    const isSo = programmed?.status === "True" && programmed.observedGeneration === metadata.generation;
    return isSo ? true : undefined;
  });
}

type Read = {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
      readonly observedGeneration?: number;
    }[];
  };
};

async function read({ api }: World, object: Placed): Promise<Read> {
  return (await api.ask("GET", pathOf(object))).body as unknown as Read;
}

/** `place`: `Kind/name`; `expected`: of a condition of the newest text. */
async function isSaid(world: World, row: string, place: string, expected: RegExp): Promise<void> {
  const [kind = "", name = ""] = place.split("/");
  let last = "";
  await until(`${row}: ${place} is told ${expected}`, WITHIN_MS, async () => {
    const { metadata, status } = await read(world, at(HOSTILE, kind, name, {}));
    const own = (status?.conditions ?? []).filter(({ observedGeneration: of }) => of === metadata.generation);
    last = own.map((each) => `${each.type}=${each.status} ${each.reason}: ${each.message}`).join("\n");
    return expected.test(last) ? true : undefined;
  }).catch((error: Error) => {
    throw new Error(`${error.message}, and it is ${last}`);
  });
}
