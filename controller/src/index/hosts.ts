/**
 * Who owns a host. Extra hosts are the mesh's, and a service's own names are its own from
 * anywhere; a host that two claim has one owner: whose own name it is, otherwise who has it in
 * force. Whoever claims it besides from another namespace does not get it, and is told: a
 * namespace cannot keep another one's commits out by claiming what that one has. Where nothing
 * says whose it is, or both are of one namespace, the commit is refused.
 */
import type { MeshService } from "@regomesh/resources";
import { type MeshIndex, serviceKey } from "./mesh-index.ts";
import type { Report } from "./report.ts";

/** Extra hosts of the revision in force, each with the key of the service that has it. */
export type HostOwners = readonly (readonly [host: string, service: string])[];

/** The index in which every host is its owner's alone. */
export function settleHosts(index: MeshIndex, inForce: HostOwners, report: Report): MeshIndex {
  const owners = new Map(inForce);
  const services = [...index.services.values()];
  /** Of each host the service that claimed it first, or has it in force. */
  const claimed = new Map<string, MeshService>();
  for (const service of services) {
    for (const host of service.spec.hosts) {
      if (!claimed.has(host) || owners.get(host) === serviceKey(service)) claimed.set(host, service);
    }
  }
  const kept = services.map((service): readonly [string, MeshService] => {
    const hosts = service.spec.hosts.filter((host, at) => {
      const path = `spec.hosts[${at}]`;
      const mayStay = { isTwice: service.spec.hosts.indexOf(host) !== at, claimed, owners, services };
      return isKept(service, host, path, mayStay, report);
    });
    return [serviceKey(service), hosts.length === service.spec.hosts.length ? service : withHosts(service, hosts)];
  });
  return { ...index, services: new Map(kept) };
}

/** Of owners in force those who matter to an index: of hosts that are claimed more than once. */
export function contestedIn({ services }: MeshIndex, inForce: HostOwners): HostOwners {
  const [claimed, contested] = [new Set<string>(), new Set<string>()];
  for (const { spec } of services.values())
    for (const host of spec.hosts) (claimed.has(host) ? contested : claimed).add(host);
  return inForce.filter(([host]) => contested.has(host));
}

/** Extra hosts with their services, as the next revision is told of them. */
export function ownersOf({ services }: MeshIndex): HostOwners {
  return [...services.values()].flatMap((service) =>
    service.spec.hosts.map((host) => [host, serviceKey(service)] as const),
  );
}

/** Authorities that name a service from anywhere in the mesh: Kubernetes' forms. The first, the short one, only from its own namespace. */
export function ownHosts({ metadata: { name, namespace } }: MeshService): readonly string[] {
  return [name, `${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`];
}

type Claims = {
  readonly isTwice: boolean;
  readonly claimed: ReadonlyMap<string, MeshService>;
  readonly owners: ReadonlyMap<string, string>;
  readonly services: readonly MeshService[];
};

/** Whether a service keeps a host that it claims; says so where it does not, or may not claim it. */
function isKept(service: MeshService, host: string, path: string, claims: Claims, report: Report): boolean {
  const { isTwice, claimed, owners, services } = claims;
  let isOwn = true;
  const lose = (whose: string, owner: MeshService, isSettled: boolean) => {
    const isForeign = owner.metadata.namespace !== service.metadata.namespace;
    const message = `${host} ${whose}`;
    if (!isForeign || !isSettled) return report(service, path, "service_host", message);
    isOwn = false;
    const hint = "requests for it go to its owner, in another namespace; take the host out here";
    report(service, path, "service_host", message, { severity: "warning", hint });
  };
  const first = claimed.get(host);
  if (first !== undefined && (first !== service || isTwice))
    lose(`names ${serviceKey(first)} already`, first, owners.get(host) === serviceKey(first));
  for (const named of services) {
    if (!ownHosts(named).includes(host)) continue;
    const whose = named === service ? "is this service's own name already" : `is the own name of ${serviceKey(named)}`;
    lose(whose, named, true);
  }
  return isOwn;
}

function withHosts(service: MeshService, hosts: readonly string[]): MeshService {
  return { ...service, spec: { ...service.spec, hosts: [...hosts] } };
}
