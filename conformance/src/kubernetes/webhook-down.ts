/** K6: while no controller answers, our own kinds alone cannot be changed, and Pods that are to be injected are not made. */
import { kubectl } from "./api-server.ts";
import { type Check, must, until, type World } from "./check.ts";
import { openClusterController } from "./processes.ts";

const [PLAIN, MESHED] = ["k6-plain", "k6-meshed"];
const POLICY = (name: string) => `apiVersion: regomesh.dev/v1alpha1
kind: Policy
metadata: { name: ${name}, namespace: ${PLAIN} }
spec: { modules: { a.rego: "package a" } }
`;
const pod = (namespace: string, name: string) => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace} }
spec: { serviceAccountName: default, containers: [{ name: app, image: app }] }
`;
const meta = (name: string) => `metadata: { name: ${name}, namespace: ${PLAIN} }`;

/** What is no concern of ours, of every group that people use most. */
const OTHERS = [
  `apiVersion: v1\nkind: ConfigMap\n${meta("a")}\ndata: { a: b }\n`,
  `apiVersion: v1\nkind: Secret\n${meta("a")}\n`,
  `apiVersion: v1\nkind: Service\n${meta("a")}\nspec: { ports: [{ port: 80 }] }\n`,
  `apiVersion: v1\nkind: ServiceAccount\n${meta("a")}\n`,
  `apiVersion: apps/v1\nkind: Deployment\n${meta("a")}\nspec: { selector: { matchLabels: { a: b } }, template: { metadata: { labels: { a: b } }, spec: { containers: [{ name: a, image: a }] } } }\n`,
  `apiVersion: batch/v1\nkind: Job\n${meta("a")}\nspec: { template: { spec: { restartPolicy: Never, containers: [{ name: a, image: a }] } } }\n`,
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n${meta("a")}\nspec: { podSelector: {} }\n`,
  `apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n${meta("a")}\n`,
  pod(PLAIN, "a"),
];

export const WEBHOOK_CHECK: Check = {
  name: "K6 no controller answers: our own kinds cannot be changed, Pods to be injected are not made, nothing else is kept up",
  async run(world) {
    const { server, api, say } = world;
    for (const [name, labels] of [
      [PLAIN, {}],
      [MESHED, { "regomesh.dev/inject": "enabled" }],
    ] as const)
      await api.apply(`/api/v1/namespaces/${name}`, {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name, labels },
      });
    const flags = ["--admission", "127.0.0.1:0", "--inject", "regomesh:test=controller:15010"];
    const controller = await openClusterController(server, "webhook", flags);
    try {
      await until("a Policy is taken", 30_000, () => (apply(world, POLICY("before")).code === 0 ? true : undefined));
      await until("a Pod is injected", 30_000, async () => {
        const { out } = kubectl(server, ["create", "--dry-run=server", "-o", "yaml", "-f", "-"], pod(MESHED, "probe"));
        return out.includes("regomesh-proxy") ? true : undefined;
      });
      controller.child.kill("SIGKILL");
      await until("it is dead", 10_000, () => (controller.child.signalCode === null ? undefined : true));
      for (const text of OTHERS) {
        const { code, out } = apply(world, text);
        must(code === 0, `something else is kept up: ${out}`);
      }
      const refused = apply(world, POLICY("meanwhile"));
      must(refused.code !== 0 && /validate\.regomesh\.dev/.test(refused.out), `a Policy meanwhile: ${refused.out}`);
      say(`     ${refused.out.trim().slice(0, 300)}`);
      const changed = kubectl(server, ["label", "policy", "before", "-n", PLAIN, "a=b"]);
      must(changed.code !== 0, `a Policy is changed unseen: ${changed.out}`);
      const meshed = apply(world, pod(MESHED, "a"));
      must(meshed.code !== 0 && /inject\.regomesh\.dev/.test(meshed.out), `a Pod of the mesh meanwhile: ${meshed.out}`);
      const deleted = kubectl(server, ["delete", "policy", "before", "-n", PLAIN, "--timeout=10s"]);
      must(deleted.code === 0, `nobody can take a Policy away: ${deleted.out}`);
      const again = await openClusterController(server, "webhook", flags);
      try {
        await until("a Policy is taken again", 30_000, () =>
          apply(world, POLICY("after")).code === 0 ? true : undefined,
        );
      } finally {
        await again.close();
      }
      say(`     ${OTHERS.length} objects of others are made meanwhile, and a Policy can be deleted`);
    } finally {
      await controller.close();
      for (const kind of ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"])
        kubectl(server, ["delete", kind, "regomesh", "--ignore-not-found"]);
      kubectl(server, ["delete", "policies", "--all", "-n", PLAIN]);
      kubectl(server, ["delete", "pods", "--all", "-n", PLAIN, "--force", "--grace-period=0"]);
    }
  },
};

function apply({ server }: World, text: string) {
  return kubectl(server, ["apply", "-f", "-"], text);
}
