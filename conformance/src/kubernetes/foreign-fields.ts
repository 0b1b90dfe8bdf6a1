/** K5: what others have said of an object stays, and what is applied twice changes nothing. */
import { kubectl } from "./api-server.ts";
import { type Check, must, until, type World } from "./check.ts";
import { BINDING, NAMESPACE, policy, withMesh } from "./mesh.ts";

const PLACE = `/apis/regomesh.dev/v1alpha1/namespaces/${NAMESPACE}/policies/orders`;
const CHANGES = 5;

type Entry = {
  readonly manager: string;
  readonly subresource?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
};
type Read = {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly generation: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly managedFields: readonly Entry[];
  };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly observedGeneration?: number }[];
  };
};

export const FOREIGN_CHECK: Check = {
  name: "K5 what others have said of an object stays, and applied twice it is the same",
  async run(world) {
    await withMesh(world, "foreign", async () => {
      const { server, api, say } = world;
      const text = (at: number) =>
        `${BINDING}---\n${policy(`allow if input.attributes.request.http.method == "M${at}"`)}`;
      const applied = (at: number) =>
        kubectl(server, ["apply", "--server-side", "--field-manager=person", "-f", "-"], text(at));
      await until("the first is taken", 30_000, () => (applied(0).code === 0 ? true : undefined));
      const base = {
        apiVersion: "regomesh.dev/v1alpha1",
        kind: "Policy",
        metadata: { name: "orders", namespace: NAMESPACE },
      };
      await api.apply(PLACE, { ...base, metadata: { ...base.metadata, labels: { team: "shop" } } }, "team");
      const foreign = {
        type: "example.org/Reviewed",
        status: "True",
        reason: "ByHand",
        message: "it was read",
        lastTransitionTime: "2026-01-01T00:00:00Z",
      };
      await api.apply(`${PLACE}/status`, { ...base, status: { conditions: [foreign] } }, "reviewer");
      for (let at = 1; at <= CHANGES; at++) {
        const { code, out } = applied(at);
        must(code === 0, out);
        await isTold(world);
      }
      const now = await read(world);
      must(now.metadata.labels?.["team"] === "shop", "another manager's label is gone");
      must(
        now.status?.conditions?.some(({ type }) => type === foreign.type) === true,
        `another controller's condition is gone: ${JSON.stringify(now.status?.conditions)}`,
      );
      const ours = now.metadata.managedFields.filter(({ manager }) => manager.startsWith("regomesh"));
      must(
        ours.length === 1 && ours[0]?.subresource === "status",
        `we own more than the status: ${JSON.stringify(ours)}`,
      );
      must(Object.keys(ours[0]?.fieldsV1 ?? {}).join() === "f:status", `we own ${JSON.stringify(ours[0]?.fieldsV1)}`);
      const again = applied(CHANGES);
      must(again.code === 0, again.out);
      const after = await read(world);
      must(
        after.metadata.resourceVersion === now.metadata.resourceVersion,
        `applied twice it has another version: ${again.out}`,
      );
      const differs = kubectl(server, ["diff", "--server-side", "--field-manager=person", "-f", "-"], text(CHANGES));
      must(differs.code === 0, `applied twice it differs: ${differs.out}`);
      say(`     ${CHANGES} changes, each told in its status: label and condition of others are there`);
    });
  },
};

async function read({ api }: World): Promise<Read> {
  return (await api.ask("GET", PLACE)).body as unknown as Read;
}

async function isTold(world: World): Promise<void> {
  await until("its status is told", 30_000, async () => {
    const { metadata, status } = await read(world);
    const programmed = status?.conditions?.find(({ type }) => type === "Programmed");
    return programmed?.observedGeneration === metadata.generation ? true : undefined;
  });
}
