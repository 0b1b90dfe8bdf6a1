/**
 * Endpoints: state, never part of a revision. Outside Kubernetes an endpoint is what an
 * authenticated proxy says of its listeners, as far as its Workload resource lets it.
 */
import type { Endpoint, EndpointsUpdate, ListenAddress, ServiceEndpoints } from "@regomesh/protocol";
import type { MeshPlan } from "../build/build.ts";

/** Where a workload's proxy says that it listens. */
export type Claim = {
  /** `namespace/name` */
  readonly workload: string;
  /** The proxy's process; absent in what an earlier version kept. */
  readonly instance?: string;
  readonly listen: readonly ListenAddress[];
};

/** Listeners of one proxy; a workload has no more ports. */
export const LISTEN_MAX = 64;
const IP_ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/;

/** Every service of the plan with its endpoints, in a stable order. */
function toServiceEndpoints(plan: MeshPlan, claims: readonly Claim[]): readonly ServiceEndpoints[] {
  const services = new Map<string, Endpoint[]>(
    plan.services.map(({ name, namespace }) => [`${name}.${namespace}`, []]),
  );
  const workloads = new Map(plan.workloads.map((workload) => [`${workload.namespace}/${workload.name}`, workload]));
  for (const { workload: key, listen } of claims) {
    const workload = workloads.get(key);
    if (workload === undefined) continue;
    const endpoints = services.get(`${workload.service}.${workload.namespace}`);
    for (const address of listen) {
      const port = workload.inbound.find(({ name, mode }) => name === address.portName && mode === "strict");
      if (port === undefined || !isAllowed(port.listen, address)) continue;
      endpoints?.push({
        address: address.address,
        port: address.port,
        workload: workload.name,
        principal: workload.principal,
        labels: { ...workload.labels },
        portName: address.portName,
        transports: address.transports,
      });
    }
  }
  return [...services].map(([service, endpoints]) => ({ service, endpoints: distinct(endpoints), gone: [] }));
}

/** Every service with its endpoints, and a text of them that tells two states apart. */
export type EndpointTable = {
  /** Grows by one with every table that differs from the one before. */
  readonly version: number;
  /** What whoever was told the version before must be told. */
  readonly sinceLast: EndpointsUpdate;
  readonly services: ReadonlyMap<string, { readonly endpoints: ServiceEndpoints; readonly text: string }>;
};

export const EMPTY_TABLE: EndpointTable = {
  version: 0,
  sinceLast: { services: [], complete: true },
  services: new Map(),
};

/** The table of a plan and of claims; `before` itself where nothing differs from it. */
export function toEndpointTable(plan: MeshPlan, claims: readonly Claim[], before: EndpointTable): EndpointTable {
  const services = new Map(
    toServiceEndpoints(plan, claims).map((endpoints) => {
      const text = JSON.stringify(endpoints.endpoints);
      const known = before.services.get(endpoints.service);
      return [endpoints.service, known?.text === text ? known : { endpoints, text }];
    }),
  );
  const isSame =
    services.size === before.services.size && [...services].every(([name, row]) => before.services.get(name) === row);
  if (isSame) return before;
  return { version: before.version + 1, services, sinceLast: differences(before.services, services) };
}

/** What a listener who was told `told` must be told of `now`; undefined where nothing. */
export function toUpdate(told: EndpointTable | undefined, now: EndpointTable): EndpointsUpdate | undefined {
  if (told?.version === now.version) return undefined;
  return told?.version === now.version - 1 ? now.sinceLast : differences(told?.services ?? new Map(), now.services);
}

function differences(before: EndpointTable["services"], now: EndpointTable["services"]): EndpointsUpdate {
  // Services come and go with revisions: then the whole state is told again.
  const isWhole = before.size !== now.size || [...now.keys()].some((name) => !before.has(name));
  const rows = [...now].filter(([name, row]) => isWhole || before.get(name) !== row);
  return { services: rows.map(([, { endpoints }]) => endpoints), complete: isWhole };
}

/** The claim must be an address that the Workload resource names, or any of its own where that leaves it open. */
function isAllowed(
  listen: { readonly address: string; readonly port: number },
  claim: { readonly address: string; readonly port: number },
): boolean {
  const isAny = listen.address === "0.0.0.0" || listen.address === "::";
  return (
    IP_ADDRESS.test(claim.address) &&
    claim.port > 0 &&
    claim.port <= 65_535 &&
    (isAny || listen.address === claim.address) &&
    (listen.port === 0 || listen.port === claim.port)
  );
}

function distinct(endpoints: readonly Endpoint[]): Endpoint[] {
  const found = new Map(endpoints.map((endpoint) => [`${endpoint.address} ${endpoint.port}`, endpoint]));
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, endpoint]) => endpoint);
}
