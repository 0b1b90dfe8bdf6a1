/** Pods of namespaces that say so are given the proxy as they are made, and no others. */
import { kubectl } from "./api-server.ts";
import { type Check, must, until } from "./check.ts";
import { openClusterController } from "./processes.ts";

const INJECT = "regomesh.dev/inject";

/** Namespace's label, Pod's label, and whether it is injected. */
const ROWS: readonly (readonly [namespace: string | undefined, pod: string | undefined, isInjected: boolean])[] = [
  ["enabled", undefined, true],
  ["enabled", "disabled", false],
  [undefined, undefined, false],
  [undefined, "enabled", true],
];

type PodSpec = {
  readonly initContainers?: readonly {
    readonly name: string;
    readonly restartPolicy?: string;
    readonly args?: readonly string[];
  }[];
  readonly containers: readonly { readonly env?: readonly { readonly name: string; readonly value?: string }[] }[];
  readonly volumes?: readonly { readonly name: string; readonly projected?: object }[];
};

export const INJECTION_CHECK: Check = {
  name: "Pods are injected where namespace or Pod say so: captured first of all, then a native sidecar, once",
  async run({ server, api, say }) {
    const more = ["--admission", "127.0.0.1:0", "--inject", "regomesh:test=controller:15010"];
    const controller = await openClusterController(server, "injection", more);
    try {
      await until("the API server is told", 30_000, async () => {
        const { status } = await api.ask(
          "GET",
          "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/regomesh",
        );
        return status === 200 ? true : undefined;
      });
      for (const [at, [namespace, pod, isInjected]] of ROWS.entries()) {
        const name = `inject-${at}`;
        const labels = namespace === undefined ? {} : { [INJECT]: namespace };
        await api.apply(`/api/v1/namespaces/${name}`, {
          apiVersion: "v1",
          kind: "Namespace",
          metadata: { name, labels },
        });
        const body = {
          apiVersion: "v1",
          kind: "Pod",
          metadata: { generateName: "app-", labels: pod === undefined ? {} : { [INJECT]: pod } },
          // As the admission of ServiceAccounts, which is off here, would have it.
          spec: {
            serviceAccountName: "default",
            initContainers: [{ name: "first", image: "i" }],
            containers: [{ name: "app", image: "i" }],
          },
        };
        let last = "";
        const made = await until(`namespace ${namespace}, Pod ${pod}`, 20_000, async () => {
          const answer = await api.ask("POST", `/api/v1/namespaces/${name}/pods?dryRun=All`, body);
          const spec = answer.body["spec"] as PodSpec | undefined;
          last = `${answer.status} ${String(answer.body["message"])}`;
          return spec !== undefined && isProxied(spec) === isInjected ? spec : undefined;
        }).catch((error: Error) => {
          throw new Error(`${error.message}: ${last}`);
        });
        if (!isInjected) continue;
        const [capture, proxy, second] = made.initContainers ?? [];
        must(capture?.name === "regomesh-capture" && capture.args?.[0] === "capture", "nothing captures first of all");
        must(
          proxy?.name === "regomesh-proxy" && proxy.restartPolicy === "Always",
          "the sidecar is not next, or not native",
        );
        must(second?.name === "first" && made.initContainers?.length === 3, "it is not injected once");
        must(made.volumes?.some(({ projected }) => projected !== undefined) === true, "no token is projected");
        must(made.containers[0]?.env === undefined, "the application is told of a proxy that it need not know");
      }
      say(`     ${ROWS.length} ways to say it, each as documented`);
    } finally {
      await controller.close();
      for (const kind of ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"])
        kubectl(server, ["delete", kind, "regomesh", "--ignore-not-found"]);
    }
  },
};

function isProxied({ initContainers = [] }: PodSpec): boolean {
  return initContainers.some(({ name }) => name === "regomesh-proxy");
}
