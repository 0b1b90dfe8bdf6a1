/** What one workload's proxy gets beside its policies: its ports, and which services it may call. */
import type { InboundPort, LocalPort } from "@regomesh/protocol";
import type { Workload } from "@regomesh/resources";
import type { CompiledRoutes } from "../gateway-api/compile.ts";
import {
  compareText,
  keyOfCalled,
  type MeshIndex,
  portsOf,
  principalOf,
  servicesOfWorkload,
} from "../index/mesh-index.ts";
import type { WorkloadPlan } from "./outbound.ts";
import { portProtocol } from "./port-protocol.ts";

const PATH_LEVELS = {
  Base: "BASE",
  MergeSlashes: "MERGE_SLASHES",
  DecodeAndMergeSlashes: "DECODE_AND_MERGE_SLASHES",
  KeepEscapedSlashes: "KEEP_ESCAPED_SLASHES",
} as const;

export function toWorkloadPlan(
  index: MeshIndex,
  workload: Workload,
  routes: Pick<CompiledRoutes, "reachedFrom">,
): Omit<WorkloadPlan, "policies"> {
  const { name, namespace, labels } = workload.metadata;
  const calls = callsOf(workload, routes);
  const localPorts = workload.spec.localPorts.map((local) => toLocalPort(workload, local));
  const [, ...alsoServes] = servicesOfWorkload(index, workload);
  return {
    name,
    namespace,
    service: workload.spec.service,
    labels,
    principal: principalOf(workload, index.config.trustDomain),
    inbound: inboundPorts(index, workload),
    ...(calls === undefined ? {} : { calls }),
    ...(localPorts.length === 0 ? {} : { localPorts }),
    ...(alsoServes.length === 0 ? {} : { alsoServes }),
    defaultVerdict: index.config.defaultVerdict === "Deny" ? "deny" : "allow",
    pathLevel: PATH_LEVELS[index.config.pathLevel],
  };
}

function inboundPorts(index: MeshIndex, workload: Workload): readonly InboundPort[] {
  const [service = ""] = servicesOfWorkload(index, workload);
  const numbers = new Map(index.services.get(service)?.spec.ports.map(({ name, port }) => [name, port]));
  return portsOf(index, workload).map(({ name, mode, protocol }) => {
    const own = workload.spec.ports.find((port) => port.name === name);
    // Of another service that it answers for too, whose numbers are its own, the name says.
    const servicePort = numbers.get(name);
    return {
      name,
      ...(servicePort === undefined ? {} : { servicePort }),
      protocol: portProtocol({ protocol }),
      mode: mode === "Edge" ? "edge" : "strict",
      listen: own?.listen ?? { address: "127.0.0.1", port: 0 },
      application: { address: "127.0.0.1", port: own?.application.port ?? 0 },
    };
  });
}

/**
 * Keys of the services that it names, and of those to which routes send what it asks of them, each
 * once, in the order of their names; undefined where it names none.
 */
function callsOf(
  { spec, metadata: { namespace } }: Workload,
  { reachedFrom }: Pick<CompiledRoutes, "reachedFrom">,
): readonly string[] | undefined {
  const keys = spec.calls?.map((name) => keyOfCalled(name, namespace));
  return keys && [...new Set(keys.flatMap((key) => [key, ...reachedFrom(namespace, key)]))].sort(compareText);
}

function toLocalPort({ metadata }: Workload, { service, ...ports }: Workload["spec"]["localPorts"][number]): LocalPort {
  return { ...ports, service: keyOfCalled(service, metadata.namespace) };
}
