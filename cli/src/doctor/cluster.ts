/** A cluster, as its API server tells of it: before anything is installed, what is installed, and the Pods of the mesh. */
import { type ClusterObject, type ClusterReader, isMeshPod, objectKey, WATCHED } from "@regomesh/controller";
import { API_GROUP, API_VERSION, CLUSTER_KINDS, ROOT_NAMESPACE } from "@regomesh/resources";
import { isShown } from "../cluster-flags.ts";
import { plain, printSpan } from "../units.ts";
import { type Finding, fail, type Group, holds, ok, skip, warn } from "./finding.ts";

/** Native sidecars are on by default from then on. */
const MINOR_LEAST = 29;
const CONTROLLER = "regomesh-controller";
/** A Lease that was not renewed for so long is nobody's. */
const LEASE_MS = 15_000;
const NAMED_MAX = 5;

/** What whoever installs must be let do. */
const RIGHTS = [
  ["apiextensions.k8s.io", "customresourcedefinitions"],
  ["rbac.authorization.k8s.io", "clusterroles"],
  ["rbac.authorization.k8s.io", "clusterrolebindings"],
  ["admissionregistration.k8s.io", "validatingwebhookconfigurations"],
  ["admissionregistration.k8s.io", "mutatingwebhookconfigurations"],
  ["", "namespaces"],
  ["apps", "deployments"],
] as const;

/** Before anything is installed; nothing else can be said of a cluster that does not answer. */
export async function lookBefore(cluster: ClusterReader): Promise<readonly Group[]> {
  const api = await lookAtApi(cluster);
  if (api.findings.some(({ verdict }) => verdict === "failure")) return [api];
  const rights = await Promise.all(
    RIGHTS.map(async ([group, resource]) => {
      const isAllowed = await cluster.may("create", group, resource);
      return holds(isAllowed === true, `you may create ${resource}`, "you may not", "ask who administers the cluster");
    }),
  );
  const routes = await cluster.list(kindOf("HTTPRoute"));
  const gateway =
    routes === undefined
      ? warn(
          "the Gateway API is installed",
          "it is not: there are no HTTPRoutes",
          "install its CRDs, if requests are to be routed; they are found then",
        )
      : ok("the Gateway API is installed");
  return [api, { name: "rights", findings: rights }, { name: "routes", findings: [gateway] }];
}

async function lookAtApi(cluster: ClusterReader): Promise<Group> {
  const what = "the API server answers";
  try {
    const { status, body } = await cluster.get("/version");
    if (status !== 200)
      return { name: "cluster", findings: [fail(what, `it answers ${status}`, "see kubectl version")] };
    const { gitVersion, minor } = body as { readonly gitVersion: string; readonly minor: string };
    const isNew = Number.parseInt(minor, 10) >= MINOR_LEAST;
    return {
      name: "cluster",
      findings: [
        ok(what, plain(gitVersion)),
        holds(
          isNew,
          "it has native sidecars",
          `it is ${plain(gitVersion)}`,
          `Kubernetes 1.${MINOR_LEAST} or newer has them`,
        ),
      ],
    };
  } catch (error) {
    return {
      name: "cluster",
      findings: [fail(what, (error as Error).message, "see kubectl cluster-info, --kubeconfig and --context")],
    };
  }
}

/** What is installed, and what the mesh's objects are told. */
export async function lookAtInstalled(
  cluster: ClusterReader,
  filter: { readonly namespace?: string | undefined },
  nowMs: number,
): Promise<readonly Group[]> {
  const api = await lookAtApi(cluster);
  if (api.findings.some(({ verdict }) => verdict === "failure")) return [api];
  const crds = await Promise.all(Object.values(CLUSTER_KINDS).map(({ plural }) => lookAtCrd(cluster, plural)));
  const areThere = crds.every(({ verdict }) => verdict === "ok");
  const objects = areThere ? (await cluster.listWatched()).objects : [];
  return [
    api,
    { name: "kinds", findings: crds },
    { name: "controller", findings: await lookAtDeployment(cluster, nowMs) },
    { name: "webhooks", findings: await lookAtWebhooks(cluster) },
    {
      name: "objects",
      findings: areThere
        ? lookAtObjects(objects.filter(({ metadata }) => isShown(metadata.namespace, filter)))
        : [skip("objects are accepted")],
    },
  ];
}

async function lookAtCrd(cluster: ClusterReader, plural: string): Promise<Finding> {
  const name = `${plural}.${API_GROUP}`;
  const what = `${name} is installed`;
  const fix = "kubectl apply --server-side -f deploy/crds";
  const found = await cluster.find(
    { kind: "CustomResourceDefinition", apiVersion: "apiextensions.k8s.io/v1", plural: "customresourcedefinitions" },
    { name },
  );
  if (found === undefined) return fail(what, "it is not", fix);
  const { versions = [] } = found.spec as {
    readonly versions?: readonly { readonly name: string; readonly served: boolean }[];
  };
  const isServed = versions.some((version) => version.served && `${API_GROUP}/${version.name}` === API_VERSION);
  return holds(isServed, what, `it does not serve ${API_VERSION}`, fix);
}

type Deployment = {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly updatedReplicas?: number };
};
type Lease = { readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string } };

async function lookAtDeployment(cluster: ClusterReader, nowMs: number): Promise<readonly Finding[]> {
  const fix = "kubectl apply --server-side -k deploy/kubernetes";
  const place = { namespace: ROOT_NAMESPACE, name: CONTROLLER };
  const found = await cluster.find({ kind: "Deployment", apiVersion: "apps/v1", plural: "deployments" }, place);
  if (found === undefined)
    return [
      fail("it is deployed", `namespace ${ROOT_NAMESPACE} has no Deployment ${CONTROLLER}`, fix),
      skip("one of them leads"),
    ];
  const { spec, status } = found as Deployment;
  const [wanted, running] = [spec?.replicas ?? 1, status?.updatedReplicas ?? 0];
  const lease = (await cluster.find(
    { kind: "Lease", apiVersion: "coordination.k8s.io/v1", plural: "leases" },
    place,
  )) as Lease | undefined;
  const renewedMs = Date.parse(lease?.spec?.renewTime ?? "");
  const holder = lease?.spec?.holderIdentity ?? "";
  const isLed = holder !== "" && nowMs - renewedMs < LEASE_MS;
  return [
    running >= wanted
      ? ok("it is deployed", `${running} of ${wanted}`)
      : warn(
          "it is deployed",
          `${running} of ${wanted} run the newest version`,
          `kubectl -n ${ROOT_NAMESPACE} rollout status deployment/${CONTROLLER}`,
        ),
    isLed
      ? ok("one of them leads", plain(holder))
      : fail(
          "one of them leads",
          Number.isNaN(renewedMs) ? "nobody has" : `nobody has for ${printSpan(Math.max(0, nowMs - renewedMs))}`,
          `kubectl -n ${ROOT_NAMESPACE} logs deployment/${CONTROLLER}`,
        ),
  ];
}

type Webhooks = { readonly webhooks?: readonly { readonly clientConfig?: { readonly caBundle?: string } }[] };

async function lookAtWebhooks(cluster: ClusterReader): Promise<readonly Finding[]> {
  const look = async (kind: string, plural: string, what: string, absent: Finding) => {
    const found = (await cluster.find(
      { kind, apiVersion: "admissionregistration.k8s.io/v1", plural },
      { name: "regomesh" },
    )) as Webhooks | undefined;
    if (found === undefined) return absent;
    const isTrusted = (found.webhooks ?? []).every(({ clientConfig }) => (clientConfig?.caBundle ?? "") !== "");
    return holds(
      isTrusted,
      what,
      "the API server is not told of its certificate",
      `delete ${kind} regomesh: the controller makes it anew`,
    );
  };
  const without = (what: string, message: string, flag: string) =>
    warn(what, message, `start the controller with ${flag}`);
  return [
    await look(
      "ValidatingWebhookConfiguration",
      "validatingwebhookconfigurations",
      "what is wrong is refused by kubectl apply",
      without(
        "what is wrong is refused by kubectl apply",
        "no webhook looks at it: a status says it afterwards",
        "--admission",
      ),
    ),
    await look(
      "MutatingWebhookConfiguration",
      "mutatingwebhookconfigurations",
      "Pods are injected",
      without("Pods are injected", "no webhook does it: the proxy must stand in each Pod", "--inject"),
    ),
  ];
}

type Conditions = {
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
};

function lookAtObjects(objects: readonly ClusterObject[]): readonly Finding[] {
  const own = objects.filter(({ apiVersion }) => apiVersion === API_VERSION);
  const saying = (type: string, status: string) =>
    own.flatMap((object) => {
      const found = ((object.status ?? {}) as Conditions).conditions?.find((each) => each.type === type);
      return found?.status === status ? [`${objectKey(object)}: ${plain(found.message.split("\n")[0] ?? "")}`] : [];
    });
  const untold = own.filter(({ status }) => ((status ?? {}) as Conditions).conditions === undefined).map(objectKey);
  const all = (what: string, wrong: readonly string[], fix: string, say: typeof fail) =>
    wrong.length === 0
      ? ok(what)
      : say(
          what,
          `${wrong.slice(0, NAMED_MAX).join("; ")}${wrong.length > NAMED_MAX ? `; and ${wrong.length - NAMED_MAX} more` : ""}`,
          fix,
        );
  return [
    all("a controller has looked at all of them", untold, "see whether one leads", warn),
    all("objects are accepted", saying("Accepted", "False"), "regomesh analyze -A says why, with a place", fail),
    all("what they name is there", saying("ResolvedRefs", "False"), "apply what is missing", fail),
    all("they are programmed", saying("Programmed", "False"), "kubectl get mesh -A -o wide shows which proxies", warn),
  ];
}

type PodStatus = {
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly containerStatuses?: readonly ContainerStatus[];
};
type ContainerStatus = { readonly name: string; readonly ready: boolean; readonly restartCount: number };

/** The Pods of the mesh. */
export async function lookAtPods(
  cluster: ClusterReader,
  filter: { readonly namespace?: string | undefined },
): Promise<readonly Group[]> {
  const api = await lookAtApi(cluster);
  if (api.findings.some(({ verdict }) => verdict === "failure")) return [api];
  const pods = ((await cluster.list(kindOf("Pod"))) ?? []).filter(
    (pod) => isMeshPod(pod) && isShown(pod.metadata.namespace, filter),
  );
  const there = holds(
    pods.length > 0,
    "there are Pods with the proxy",
    "there is none",
    `label a namespace ${API_GROUP}/inject=enabled, and make its Pods anew`,
  );
  return [api, { name: "proxies", findings: [there, ...pods.map(lookAtPod)] }];
}

function lookAtPod({ metadata, status }: ClusterObject): Finding {
  const { namespace = "", name } = metadata;
  const what = `${namespace}/${name} has its proxy`;
  const { initContainerStatuses = [], containerStatuses = [] } = (status ?? {}) as PodStatus;
  const proxy = [...initContainerStatuses, ...containerStatuses].find((each) => each.name === "regomesh-proxy");
  const logs = `kubectl -n ${namespace} logs ${name} -c regomesh-proxy`;
  if (proxy === undefined)
    return warn(what, "nothing is known of its container yet", `kubectl -n ${namespace} describe pod ${name}`);
  if (!proxy.ready) return fail(what, "it is not ready", logs);
  return proxy.restartCount > 0
    ? warn(what, `it was started anew ${proxy.restartCount} times`, `${logs} --previous`)
    : ok(what);
}

function kindOf(kind: string) {
  const found = WATCHED.find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`${kind} is not watched`);
  return found;
}
