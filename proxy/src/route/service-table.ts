/** Which service a request is for: by the authority that a client names, or by the name that a route gives. */
import type { WorkloadSnapshot } from "@regomesh/protocol";
import { type Cluster, makeCluster } from "./cluster.ts";
import type { Endpoint } from "./endpoint.ts";

export type ServiceTable = {
  /** `host:port`, lower case. */
  readonly byTarget: ReadonlyMap<string, Cluster>;
  /** `name.namespace`; a service with several ports by its first. */
  readonly byName: ReadonlyMap<string, Cluster>;
  readonly all: readonly Cluster[];
  readonly namespace: string;
};

export function makeServiceTable(
  workload: WorkloadSnapshot,
  endpointsOf: (service: string) => readonly Endpoint[],
  edgeOf: (service: string, subset: string) => number,
  before?: ServiceTable,
): ServiceTable {
  const byTarget = new Map<string, Cluster>();
  const byName = new Map<string, Cluster>();
  const all: Cluster[] = [];
  for (const service of workload.outbound) {
    const key = `${service.name}.${service.namespace}`;
    const known = before?.all.find((each) => each.key === key && each.service.port === service.port);
    const cluster = makeCluster(service, endpointsOf(key), (subset) => edgeOf(key, subset), known);
    all.push(cluster);
    for (const host of service.hosts) byTarget.set(`${host}:${service.port}`, cluster);
    if (!byName.has(key)) byName.set(key, cluster);
  }
  return { byTarget, byName, all, namespace: workload.namespace };
}

const COLON = 0x3a;

/** The service of an authority as a client wrote it: letter case does not count, no port means 80. */
export function matchAuthority(table: ServiceTable, authority: string): Cluster | undefined {
  const exact = table.byTarget.get(authority);
  if (exact !== undefined) return exact;
  const folded = authority.toLowerCase();
  return table.byTarget.get(hasPort(folded) ? folded : `${folded}:80`);
}

/** `orders` is of the workload's own namespace, `orders.shop` of that one; its first port where none is given. */
export function matchName(table: ServiceTable, name: string, port?: number): Cluster | undefined {
  // Both forms are hosts of the service.
  if (port !== undefined) return table.byTarget.get(`${name}:${port}`);
  return table.byName.get(name) ?? table.byName.get(`${name}.${table.namespace}`);
}

function hasPort(authority: string): boolean {
  for (let at = authority.length - 1; at >= 0; at--) {
    const unit = authority.charCodeAt(at);
    if (unit === COLON) return true;
    if (unit < 0x30 || unit > 0x39) return false;
  }
  return false;
}
