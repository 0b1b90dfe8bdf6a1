/**
 * Services and Pods as the mesh knows them: a Service that pods of the mesh answer for is a MeshService, and
 * each such Pod a Workload by itself, whose principal is its ServiceAccount's. A Pod is of the mesh when the
 * proxy's container stands in it, as injection leaves it.
 */
import { API_VERSION } from "@regomesh/resources";
import type { ClusterObject } from "./cluster-object.ts";

/** The sidecar's container, in `initContainers` (native) or `containers`. */
export const PROXY_CONTAINER = "regomesh-proxy";

type Container = {
  readonly name: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
};
type PodSpec = {
  readonly serviceAccountName?: string;
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
};
type PodStatus = { readonly phase?: string; readonly podIP?: string };
type ServicePort = {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly protocol?: string;
  readonly appProtocol?: string;
};
type ServiceSpec = {
  readonly type?: string;
  /** `None` of a headless Service. */
  readonly clusterIPs?: readonly string[];
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly ServicePort[];
};

export type MeshDocument = {
  readonly apiVersion: string;
  readonly kind: "MeshService" | "Workload";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: object;
};

type Pod = ClusterObject & { readonly spec: PodSpec; readonly status: PodStatus };
type Service = ClusterObject & { readonly spec: ServiceSpec };
type Protocol = "HTTP" | "HTTP2" | "GRPC";
type MeshPort = { readonly port: ServicePort; readonly name: string; readonly protocol: Protocol };

/** Services before Workloads, each by namespace and name. */
export function toMeshObjects(objects: readonly ClusterObject[]): readonly MeshDocument[] {
  const byNamespace = Map.groupBy(objects, ({ metadata }) => metadata.namespace ?? "");
  const found = [...byNamespace].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, own]) => ofNamespace(own));
  return [...found.filter(isService), ...found.filter((each) => !isService(each))];
}

const isService = ({ kind }: MeshDocument) => kind === "MeshService";

function ofNamespace(objects: readonly ClusterObject[]): readonly MeshDocument[] {
  const byName = (a: ClusterObject, b: ClusterObject) => (a.metadata.name < b.metadata.name ? -1 : 1);
  const services = objects.filter(isMeshService).sort(byName);
  const pods = objects.filter(isMeshPod).sort(byName);
  const documents = new Map<string, MeshDocument>();
  for (const pod of pods) {
    const service = services.find((each) => isSelected(pod, each));
    // Who answers for no Service calls others all the same: it has a name of its own, that nobody need know.
    const ports = service === undefined ? [ALONE] : portsOf(service);
    const name = service?.metadata.name ?? pod.metadata.name;
    const key = `MeshService ${name}`;
    if (!documents.has(key))
      documents.set(key, toService(pod.metadata.namespace ?? "", name, ports, addressesOf(service)));
    documents.set(`Workload ${pod.metadata.name}`, toWorkload(pod, name, ports));
  }
  return [...documents.values()];
}

const ALONE: MeshPort = { port: { port: 80, targetPort: 0 }, name: "http", protocol: "HTTP" };

/** Where a captured connection to the Service goes, as an authority has it. */
function addressesOf(service: Service | undefined): readonly string[] {
  const addresses = (service?.spec.clusterIPs ?? []).filter((address) => address !== "None");
  return addresses.map((address) => (address.includes(":") ? `[${address}]` : address));
}

function toService(
  namespace: string,
  name: string,
  ports: readonly MeshPort[],
  hosts: readonly string[],
): MeshDocument {
  return {
    apiVersion: API_VERSION,
    kind: "MeshService",
    metadata: { name, namespace },
    spec: {
      ...(hosts.length === 0 ? {} : { hosts }),
      ports: ports.map(({ name: port, port: { port: number }, protocol }) => ({ name: port, port: number, protocol })),
    },
  };
}

function toWorkload(pod: Pod, service: string, ports: readonly MeshPort[]): MeshDocument {
  const { name, namespace = "", labels = {} } = pod.metadata;
  return {
    apiVersion: API_VERSION,
    kind: "Workload",
    metadata: { name, namespace, labels },
    spec: {
      service,
      serviceAccount: pod.spec.serviceAccountName ?? "default",
      ports: ports.map(({ name: port, port: { targetPort, port: number } }) => ({
        name: port,
        listen: { address: pod.status.podIP },
        application: { port: toNumber(pod, targetPort ?? number) },
      })),
    },
  };
}

/** A named port is the container's; 0, which the proxy is told otherwise, where none has that name. */
function toNumber({ spec }: Pod, port: number | string): number {
  if (typeof port === "number") return port;
  const ports = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ ports = [] }) => ports);
  return ports.find(({ name }) => name === port)?.containerPort ?? 0;
}

function isMeshPod(object: ClusterObject): object is Pod {
  if (object.kind !== "Pod") return false;
  const { spec = {}, status = {} } = object as { readonly spec?: PodSpec; readonly status?: PodStatus };
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const hasEnded = status.phase === "Succeeded" || status.phase === "Failed";
  return !hasEnded && status.podIP !== undefined && containers.some(({ name }) => name === PROXY_CONTAINER);
}

function isMeshService(object: ClusterObject): object is Service {
  return (
    object.kind === "Service" &&
    (object.spec as ServiceSpec).type !== "ExternalName" &&
    portsOf(object as Service).length > 0
  );
}

function isSelected(pod: Pod, { spec: { selector = {} } }: Service): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([name, value]) => pod.metadata.labels?.[name] === value);
}

/** Ports whose protocol is said, and is one that policies decide about; a port that stands alone without a name is HTTP. */
function portsOf({ spec: { ports = [] } }: Service): readonly MeshPort[] {
  return ports.flatMap((port) => {
    const protocol = protocolOf(port, ports.length === 1);
    if (protocol === undefined || (port.protocol ?? "TCP") !== "TCP") return [];
    return [{ port, name: port.name ?? "http", protocol }];
  });
}

const APP_PROTOCOLS: Readonly<Record<string, Protocol>> = {
  http: "HTTP",
  http2: "HTTP2",
  h2c: "HTTP2",
  "kubernetes.io/h2c": "HTTP2",
  "kubernetes.io/ws": "HTTP",
  grpc: "GRPC",
};

function protocolOf({ appProtocol, name }: ServicePort, isAlone: boolean): Protocol | undefined {
  if (appProtocol !== undefined) return APP_PROTOCOLS[appProtocol.toLowerCase()];
  if (name === undefined) return isAlone ? "HTTP" : undefined;
  return APP_PROTOCOLS[/^[a-z0-9]+/.exec(name)?.[0] ?? ""];
}
