/** What one workload's proxy gets: its ports, the services it may call, its policies. */
import type { InboundPort, OutboundService, PolicyRef, WorkloadSnapshot } from "@regomesh/protocol";
import type { MeshService, Workload } from "@regomesh/resources";
import { ownHosts } from "../index/hosts.ts";
import { compareText, type MeshIndex, principalOf, serviceKey, serviceOf, workloadsOf } from "../index/mesh-index.ts";
import type { Direction } from "./composition.ts";
import { toTrafficSettings } from "./traffic.ts";

const PATH_LEVELS = {
  Base: "BASE",
  MergeSlashes: "MERGE_SLASHES",
  DecodeAndMergeSlashes: "DECODE_AND_MERGE_SLASHES",
  KeepEscapedSlashes: "KEEP_ESCAPED_SLASHES",
} as const;

export function toWorkloadSnapshot(
  index: MeshIndex,
  workload: Workload,
  policies: Readonly<Partial<Record<Direction, PolicyRef>>>,
): WorkloadSnapshot {
  const { name, namespace, labels } = workload.metadata;
  return {
    name,
    namespace,
    service: workload.spec.service,
    labels,
    principal: principalOf(workload, index.config.trustDomain),
    inbound: inboundPorts(index, workload),
    outbound: [...index.services.values()].flatMap((service) => outboundServices(index, service, namespace)),
    policies,
    defaultVerdict: index.config.defaultVerdict === "Deny" ? "deny" : "allow",
    pathLevel: PATH_LEVELS[index.config.pathLevel],
  };
}

function inboundPorts(index: MeshIndex, workload: Workload): readonly InboundPort[] {
  const service = index.services.get(serviceOf(workload));
  return (service?.spec.ports ?? []).map(({ name, mode }) => {
    const own = workload.spec.ports.find((port) => port.name === name);
    return {
      name,
      protocol: "http",
      mode: mode === "Edge" ? "edge" : "strict",
      listen: own?.listen ?? { address: "127.0.0.1", port: 0 },
      application: { address: "127.0.0.1", port: own?.application.port ?? 0 },
    };
  });
}

/** One for each port that the mesh may call; an edge port is for the outside alone. */
function outboundServices(index: MeshIndex, service: MeshService, from: string): readonly OutboundService[] {
  const key = serviceKey(service);
  const { name, namespace } = service.metadata;
  const [short = name, ...full] = ownHosts(service);
  const principals = workloadsOf(index, key).map((workload) => principalOf(workload, index.config.trustDomain));
  return service.spec.ports
    .filter((port) => port.mode === "Strict")
    .map((port) => ({
      name,
      namespace,
      hosts: [...(namespace === from ? [short] : []), ...full, ...service.spec.hosts],
      port: port.port,
      portName: port.name,
      subsets: service.spec.subsets,
      principals: [...new Set(principals)].sort(compareText),
      defaultRoute: service.spec.defaultRoute,
      traffic: toTrafficSettings(index.traffic.get(key)),
    }));
}
