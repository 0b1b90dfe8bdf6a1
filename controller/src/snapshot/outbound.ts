/** Which services a workload may call: all of the mesh, or those that it names. Each is made once, whoever calls it. */
import {
  fromServiceContent,
  type OutboundService,
  type ServiceContent,
  type WorkloadSnapshot,
} from "@regomesh/protocol";
import type { MeshService } from "@regomesh/resources";
import { ownHosts } from "../index/hosts.ts";
import { compareText, type MeshIndex, principalOf, serviceKey, workloadsOf } from "../index/mesh-index.ts";
import { portProtocol } from "./port-protocol.ts";
import { toTrafficSettings } from "./traffic.ts";

/** A workload's snapshot but for the services that it may call, which are the plan's. */
export type WorkloadPlan = Omit<WorkloadSnapshot, "outbound"> & {
  /** Services that it may call, by `name.namespace`; absent: all. */
  readonly calls?: readonly string[];
  /** Services that it answers for beside its own, by `name.namespace`; absent: none. */
  readonly alsoServes?: readonly string[];
};

/** What every workload may be told of services: one for each port that the mesh may call. */
export function toOutbound(index: MeshIndex): readonly ServiceContent[] {
  return [...index.services.values()].flatMap((service) => portsOf(index, service));
}

/** An edge port is for the outside alone. */
function portsOf(index: MeshIndex, service: MeshService): readonly ServiceContent[] {
  const key = serviceKey(service);
  const { name, namespace } = service.metadata;
  const [, ...full] = ownHosts(service);
  const principals = workloadsOf(index, key).map((workload) => principalOf(workload, index.config.trustDomain));
  return service.spec.ports
    .filter((port) => port.mode === "Strict")
    .map((port) => ({
      name,
      namespace,
      hosts: [...full, ...service.spec.hosts],
      port: port.port,
      portName: port.name,
      ...(port.protocol === "HTTP" ? {} : { protocol: portProtocol(port) }),
      subsets: service.spec.subsets,
      principals: [...new Set(principals)].sort(compareText),
      defaultRoute: service.spec.defaultRoute,
      traffic: toTrafficSettings(index.traffic.get(key)),
    }));
}

/** Keys of all services that a workload answers for. */
export function servedBy({ service, namespace, alsoServes }: WorkloadPlan): readonly string[] {
  return [`${service}.${namespace}`, ...(alsoServes ?? [])];
}

/** The key of a service, as `calls` names it. */
function keyOfService({ name, namespace }: Pick<ServiceContent, "name" | "namespace">): string {
  return `${name}.${namespace}`;
}

/** Gives of each workload what it may call, in the plan's order. */
export function makeCalled<Service extends Pick<ServiceContent, "name" | "namespace">>(
  outbound: readonly Service[],
): (workload: Pick<WorkloadPlan, "calls">) => readonly Service[] {
  const byKey = Map.groupBy(outbound, keyOfService);
  return ({ calls }) => (calls === undefined ? outbound : calls.flatMap((key) => byKey.get(key) ?? []));
}

/** The services that a workload may call, as its snapshot has them. */
export function outboundOf(
  { outbound }: { readonly outbound: readonly ServiceContent[] },
  workload: Pick<WorkloadPlan, "calls" | "namespace">,
): readonly OutboundService[] {
  return makeCalled(outbound)(workload).map((service) => fromServiceContent(service, workload.namespace));
}
