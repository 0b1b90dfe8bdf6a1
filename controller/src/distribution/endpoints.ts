/**
 * Endpoints: state, never part of a revision. Outside Kubernetes an endpoint is what an
 * authenticated proxy says of its listeners, as far as its Workload resource lets it.
 */
import type { Endpoint, ListenAddress, ServiceEndpoints } from "@regomesh/protocol";
import type { MeshPlan } from "../build/build.ts";

/** Where a workload's proxy says that it listens. */
export type Claim = { readonly workload: string; readonly listen: readonly ListenAddress[] };

/** Listeners of one proxy; a workload has no more ports. */
export const LISTEN_MAX = 64;
const IP_ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/;

/** Every service of the plan with its endpoints, in a stable order. */
export function toServiceEndpoints(plan: MeshPlan, claims: readonly Claim[]): readonly ServiceEndpoints[] {
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
  return [...services].map(([service, endpoints]) => ({ service, endpoints: distinct(endpoints) }));
}

/** Services whose endpoints differ from what was said last. */
export function changedServices(
  said: ReadonlyMap<string, string>,
  now: readonly ServiceEndpoints[],
): readonly ServiceEndpoints[] {
  return now.filter(({ service, endpoints }) => said.get(service) !== JSON.stringify(endpoints));
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
