/**
 * What does harm while it is watched is taken back, and its object says so; others' changes go on without it, and
 * after a restart of the controller what was in force of it still is.
 */
import { kubectl } from "./api-server.ts";
import { type Check, must, until, type World } from "./check.ts";
import { BINDING, type Mesh, NAMESPACE, policy, withMesh } from "./mesh.ts";
import { ask, openClusterController } from "./processes.ts";

const MAY_READ = policy('allow if input.attributes.request.http.method == "GET"');
const NONE_MAY = policy('allow if input.attributes.request.http.method == "NONE"');
/** Long enough for what proxies tell of a revision on a machine that is busy. */
const BAKE_MS = 15_000;
const CONFIG = `apiVersion: regomesh.dev/v1alpha1
kind: MeshConfig
metadata: { name: taken-back }
spec: { release: { bake: ${BAKE_MS}ms, minRequests: 20 } }
`;
const traffic = (attempts: number) => `apiVersion: regomesh.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: orders, namespace: ${NAMESPACE} }
spec: { services: [orders], retries: { attempts: ${attempts} } }
`;
const WITHIN_MS = 60_000;

export const TAKEN_BACK_CHECK: Check = {
  name: "a Policy that refuses everybody is taken back, says so, and holds nobody else's change, over a restart",
  async run(world) {
    try {
      await withMesh(world, "taken-back", (mesh) => play(world, mesh));
    } finally {
      kubectl(world.server, ["delete", "meshconfig", "taken-back", "--ignore-not-found"]);
      kubectl(world.server, ["delete", "trafficpolicies", "--all", "-n", NAMESPACE]);
    }
  },
};

async function play(world: World, { controller, web }: Mesh): Promise<void> {
  const { server, say } = world;
  const apply = (text: string) => {
    const { code, out } = kubectl(server, ["apply", "-f", "-"], text);
    must(code === 0, out);
  };
  await until("the first text is taken", WITHIN_MS, () =>
    kubectl(server, ["apply", "-f", "-"], `${CONFIG}---\n${BINDING}---\n${MAY_READ}`).code === 0 ? true : undefined,
  );
  await until("it passes", WITHIN_MS, async () =>
    (await ask(web, "http://orders/")).status === 200 ? true : undefined,
  );
  // It is what others are compared with once it has been watched.
  const untilMs = performance.now() + 1.2 * BAKE_MS;
  while (performance.now() < untilMs) await ask(web, "http://orders/");
  apply(NONE_MAY);
  const answers = new Map<number, number>();
  const message = await until("it is taken back", WITHIN_MS, async () => {
    // However long kubectl takes, there are enough of them in the time for which the revision is watched.
    for (const { status } of await Promise.all(Array.from({ length: 20 }, () => ask(web, "http://orders/"))))
      answers.set(status, (answers.get(status) ?? 0) + 1);
    const accepted = conditionOf(world, "Accepted");
    return accepted.reason === "TakenBack" ? accepted.message : undefined;
  });
  must(/orders-1: 100\.0 % of \d+ requests are refused/.test(message), message);
  must((answers.get(403) ?? 0) > 0, `it was never in force: ${JSON.stringify([...answers])}`);
  const stays = async (when: string) => {
    await until(`what was in force of it is so ${when}`, WITHIN_MS, async () => {
      const { reason } = conditionOf(world, "Programmed");
      return reason === "TakenBack" && (await ask(web, "http://orders/")).status === 200 ? true : undefined;
    });
  };
  await stays("again");
  apply(traffic(1));
  for (const attempts of [2, 3]) {
    apply(traffic(attempts));
    const args = ["wait", "--for=condition=Programmed", "trafficpolicy/orders", "-n", NAMESPACE, "--timeout=60s"];
    const { code, out } = kubectl(server, args);
    must(code === 0, `another's change: ${out}`);
    await stays(`beside another's change ${attempts}`);
  }
  const grpc = String(controller.ready["grpc"]);
  await controller.close();
  const again = await openClusterController(server, "taken-back", ["--admission", "127.0.0.1:0", "--grpc", grpc]);
  try {
    apply(traffic(4));
    const args = ["wait", "--for=condition=Programmed", "trafficpolicy/orders", "-n", NAMESPACE, "--timeout=60s"];
    must(kubectl(server, args).code === 0, "another's change after a restart");
    must((await ask(web, "http://orders/")).status === 200, "after a restart what was in force is not");
    await until("it is told of its text after a restart", WITHIN_MS, () =>
      conditionOf(world, "Accepted").status === "" ? undefined : true,
    );
  } finally {
    await again.close();
  }
  say(`     ${[...answers].map(([status, count]) => `${count} × ${status}`).join(", ")}, then: ${message}`);
}

function conditionOf({ server }: World, type: string): { status: string; reason: string; message: string } {
  const path = `jsonpath={.status.conditions[?(@.type=="${type}")]}`;
  const { out } = kubectl(server, ["get", "policy", "orders", "-n", NAMESPACE, "-o", path]);
  const none = { status: "", reason: "", message: "" };
  return out.startsWith("{") ? { ...none, ...(JSON.parse(out) as object) } : none;
}
