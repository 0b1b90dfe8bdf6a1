/** K7: what is deleted goes, whoever runs meanwhile: no finalizer of ours, and another's holds nothing open. */
import { kubectl } from "./api-server.ts";
import { type Check, must, until } from "./check.ts";
import { validObjects } from "./invalid-objects.ts";
import { BINDING, NAMESPACE, policy, withMesh } from "./mesh.ts";
import { ask, openClusterController } from "./processes.ts";

const READING = policy('allow if input.attributes.request.http.method == "GET"');
const HOLD = "example.org/hold";
const GONE_WITHIN = "--timeout=10s";

const withFinalizer: Check = {
  name: "K7 a Policy with another's finalizer is in force until it goes, over a restart, and then closes",
  async run(world) {
    const { server } = world;
    await withMesh(world, "deletion", async ({ controller, web }) => {
      const answers = async (status: number) =>
        await until(`orders answers ${status}`, 30_000, async () =>
          (await ask(web, "http://orders/")).status === status ? true : undefined,
        );
      await until("the policy is taken", 30_000, () =>
        kubectl(server, ["apply", "-f", "-"], `${BINDING}---\n${READING}`).code === 0 ? true : undefined,
      );
      await answers(200);
      patch(server, [HOLD]);
      must(kubectl(server, ["delete", "policy", "orders", "-n", NAMESPACE, "--wait=false"]).code === 0, "not deleted");
      controller.child.kill("SIGKILL");
      await until("it is dead", 10_000, () => (controller.child.signalCode === null ? undefined : true));
      const grpc = String(controller.ready["grpc"]);
      const again = await openClusterController(server, "deletion", ["--admission", "127.0.0.1:0", "--grpc", grpc]);
      try {
        const held = kubectl(server, [
          "get",
          "policy",
          "orders",
          "-n",
          NAMESPACE,
          "-o",
          "jsonpath={.metadata.finalizers}",
        ]);
        must(held.out === `["${HOLD}"]`, `its finalizers are ${held.out}`);
        // Who holds it may let it go at once, and nobody else has to.
        await until("it can be let go", 30_000, () => (patch(server, null).code === 0 ? true : undefined));
        const gone = kubectl(server, ["wait", "--for=delete", "policy/orders", "-n", NAMESPACE, GONE_WITHIN]);
        must(gone.code === 0, gone.out);
        await answers(503);
      } finally {
        await again.close();
      }
    });
  },
};

function patch(server: Parameters<typeof kubectl>[0], finalizers: readonly string[] | null) {
  const change = JSON.stringify({ metadata: { finalizers } });
  return kubectl(server, ["patch", "policy", "orders", "-n", NAMESPACE, "--type=merge", "-p", change]);
}

const ofEveryKind: Check = {
  name: "K7 an object of every kind goes at once while no controller runs, after one has seen it",
  async run({ server, api, say }) {
    const objects = validObjects();
    const place = ({ plural, isNamespaced }: { plural: string; isNamespaced: boolean }) =>
      `/apis/regomesh.dev/v1alpha1${isNamespaced ? "/namespaces/default" : ""}/${plural}`;
    const controller = await openClusterController(server, "every-kind");
    try {
      for (const object of objects)
        await api.create(place(object), { ...object.body, metadata: { name: nameOf(object.kind) } });
      for (const object of objects) {
        await until(`${object.kind} is told`, 60_000, async () => {
          const { body } = await api.ask("GET", `${place(object)}/${nameOf(object.kind)}`);
          return (body["status"] as { readonly conditions?: object } | undefined)?.conditions === undefined
            ? undefined
            : true;
        });
      }
    } finally {
      controller.child.kill("SIGKILL");
      await controller.close();
    }
    for (const { kind } of objects) {
      const deleted = kubectl(server, ["delete", kind, nameOf(kind), "-n", "default", GONE_WITHIN]);
      must(deleted.code === 0, `${kind}: ${deleted.out}`);
    }
    say(`     ${objects.length} kinds`);
  },
};

/** A MeshConfig has the one name that is read. */
function nameOf(kind: string): string {
  return kind === "MeshConfig" ? "default" : "k7";
}

export const DELETION_CHECKS: readonly Check[] = [withFinalizer, ofEveryKind];
