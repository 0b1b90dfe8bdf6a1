/**
 * Services and Pods as the mesh knows them: each Service with a port that policies decide about is a MeshService,
 * whoever answers for it, and each Pod of the mesh a Workload by itself, whose principal is its ServiceAccount's. A
 * Pod is of the mesh when the proxy's container stands in it, as injection leaves it.
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
    readonly creationTimestamp?: string;
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

type Offered = { readonly service: Service; readonly ports: readonly MeshPort[] };

function ofNamespace(objects: readonly ClusterObject[]): readonly MeshDocument[] {
  const byName = (a: ClusterObject, b: ClusterObject) => (a.metadata.name < b.metadata.name ? -1 : 1);
  const pods = objects.filter(isMeshPod).sort(byName);
  const { offered, answering } = offer(objects.filter(isMeshService).sort(byName), pods);
  // Of Services that the mesh leaves out, too: whoever asks for one of those means no Pod by it.
  const taken = new Set(objects.filter(({ kind }) => kind === "Service").map(({ metadata }) => metadata.name));
  const alone: MeshDocument[] = [];
  const workloads = pods.map((pod) => {
    const own = answering.get(pod) ?? [];
    const [first] = own;
    if (first !== undefined) {
      const ports = Map.groupBy(
        own.flatMap((each) => each.ports),
        ({ name }) => name,
      );
      return toWorkload(
        pod,
        first.service.metadata.name,
        [...ports.values()].map(([port]) => port as MeshPort),
      );
    }
    // Who answers for no Service calls others all the same: it has a name of its own, that nobody need know.
    const name = nameAlone(pod.metadata.name, taken);
    taken.add(name);
    alone.push(toService({ name, namespace: pod.metadata.namespace ?? "" }, { ports: [ALONE] }));
    return toWorkload(pod, name, [ALONE]);
  });
  const services = offered.map(({ service, ports }) => {
    const { name, namespace = "" } = service.metadata;
    const { selector = {} } = service.spec;
    return toService({ name, namespace }, { ports, selector, hosts: addressesOf(service) });
  });
  return [...services, ...alone, ...workloads];
}

const ALONE: MeshPort = { port: { port: 80, targetPort: 0 }, name: "http", protocol: "HTTP" };

/** Where a captured connection to the Service goes, as an authority has it. */
function addressesOf({ spec: { clusterIPs = [] } }: Service): readonly string[] {
  const addresses = clusterIPs.filter((address) => address !== "None");
  return addresses.map((address) => (address.includes(":") ? `[${address}]` : address));
}

/**
 * What Services offer, and for which of them each Pod answers. Ports of one name are one port of a Pod, whichever of
 * its Services is asked. Of two Services of the same Pod that mean different ones by it, the later one's has its number
 * behind its name, and where that is taken, too, another one behind it.
 */
function offer(services: readonly Service[], pods: readonly Pod[]) {
  const answering = new Map<Pod, readonly Offered[]>();
  const offered = services.map((service): Offered => {
    const own = pods.filter((pod) => isSelected(pod, service));
    const beside = new Set(own.flatMap((pod) => answering.get(pod) ?? []));
    const known = Map.groupBy(
      [...beside].flatMap(({ ports }) => ports),
      ({ name }) => name,
    );
    const made = { service, ports: nameApart(portsOf(service), known) };
    for (const pod of own) answering.set(pod, [...(answering.get(pod) ?? []), made]);
    return made;
  });
  return { offered, answering };
}

/** `known`: ports of other Services of the same Pods, by their names; several may mean different ones by one. */
function nameApart(ports: readonly MeshPort[], known: ReadonlyMap<string, readonly MeshPort[]>): readonly MeshPort[] {
  const taken = new Set(ports.map(({ name }) => name));
  const isApart = (name: string, port: MeshPort) =>
    known.get(name)?.every((each) => meaningOf(each) === meaningOf(port)) !== false;
  return ports.map((port) => {
    if (isApart(port.name, port)) return port;
    for (let at = 1; ; at++) {
      const behind = `-${port.port.port}${at === 1 ? "" : `-${at}`}`;
      const name = `${port.name.slice(0, NAME_LENGTH_MAX - behind.length)}${behind}`;
      if (taken.has(name) || !isApart(name, port)) continue;
      taken.add(name);
      return { ...port, name };
    }
  });
}

function meaningOf({ port: { port, targetPort = port }, protocol }: MeshPort): string {
  return `${protocol} ${targetPort}`;
}

const NAME_LENGTH_MAX = 63;

/** The Pod's own name where it may be a service's and is none's; otherwise one that begins like it. */
function nameAlone(pod: string, taken: ReadonlySet<string>): string {
  const begin = pod.replaceAll(".", "-").slice(0, NAME_LENGTH_MAX).replace(/-+$/, "");
  for (let at = 1; ; at++) {
    const behind = at === 1 ? "" : `-${at}`;
    const name = `${begin.slice(0, NAME_LENGTH_MAX - behind.length)}${behind}`;
    if (!taken.has(name)) return name;
  }
}

function toService(
  metadata: MeshDocument["metadata"],
  {
    ports,
    selector = {},
    hosts = [],
  }: {
    readonly ports: readonly MeshPort[];
    readonly selector?: Readonly<Record<string, string>>;
    readonly hosts?: readonly string[];
  },
): MeshDocument {
  return {
    apiVersion: API_VERSION,
    kind: "MeshService",
    metadata,
    spec: {
      ...(hosts.length === 0 ? {} : { hosts }),
      ...(Object.keys(selector).length === 0 ? {} : { selector }),
      ports: ports.map(({ name: port, port: { port: number }, protocol }) => ({ name: port, port: number, protocol })),
    },
  };
}

function toWorkload(pod: Pod, service: string, ports: readonly MeshPort[]): MeshDocument {
  const { name, namespace = "", labels = {}, creationTimestamp } = pod.metadata;
  return {
    apiVersion: API_VERSION,
    kind: "Workload",
    metadata: { name, namespace, labels, ...(creationTimestamp === undefined ? {} : { creationTimestamp }) },
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

/** What the mesh reads of a Pod or a Service, as text; "" of one that is none of the mesh. */
export function readOf(object: ClusterObject): string {
  if (isMeshPod(object)) {
    const { metadata, spec, status } = object;
    const { serviceAccountName, containers = [], initContainers = [] } = spec;
    const named = [...containers, ...initContainers].map(({ ports = [] }) =>
      ports.map(({ name, containerPort }) => [name, containerPort]),
    );
    return JSON.stringify([metadata.labels, serviceAccountName, named, status.podIP]);
  }
  if (!isMeshService(object)) return "";
  const { clusterIPs, selector } = object.spec;
  return JSON.stringify([clusterIPs, selector, portsOf(object)]);
}

/** The proxy stands in it, and it runs, or is about to. */
export function isMeshPod(object: ClusterObject): object is Pod {
  if (object.kind !== "Pod") return false;
  const { spec = {}, status = {} } = object as { readonly spec?: PodSpec; readonly status?: PodStatus };
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const hasEnded = status.phase === "Succeeded" || status.phase === "Failed";
  return !hasEnded && status.podIP !== undefined && containers.some(({ name }) => name === PROXY_CONTAINER);
}

export function isMeshService(object: ClusterObject): object is Service {
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

/** Ports of a Service that the mesh leaves out, by name or number; none where it is no Service of Pods. */
export function unknownPorts(object: ClusterObject): readonly string[] {
  const { selector = {}, ports = [] } = (object.kind === "Service" ? object.spec : {}) as ServiceSpec;
  if (Object.keys(selector).length === 0) return [];
  const known = portsOf(object as Service).map(({ port }) => port.port);
  return ports.filter(({ port }) => !known.includes(port)).map(({ name, port }) => name ?? `${port}`);
}

const APP_PROTOCOLS: ReadonlyMap<string, Protocol> = new Map([
  ["http", "HTTP"],
  ["http2", "HTTP2"],
  ["h2c", "HTTP2"],
  ["kubernetes.io/h2c", "HTTP2"],
  ["kubernetes.io/ws", "HTTP"],
  ["grpc", "GRPC"],
]);

function protocolOf({ appProtocol, name }: ServicePort, isAlone: boolean): Protocol | undefined {
  if (appProtocol !== undefined) return APP_PROTOCOLS.get(appProtocol.toLowerCase());
  if (name === undefined) return isAlone ? "HTTP" : undefined;
  return APP_PROTOCOLS.get(/^[a-z0-9]+/.exec(name)?.[0] ?? "");
}
