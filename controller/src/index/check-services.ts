/** Checks of services, workloads and traffic policies against each other. */
import { type MeshService, nearest, type Resource, type TrafficPolicy, type Workload } from "@regomesh/resources";
import {
  hasLabels,
  keyOfCalled,
  type MeshIndex,
  portsOf,
  serviceKey,
  serviceOf,
  servicesOfWorkload,
  workloadsOf,
} from "./mesh-index.ts";
import type { Report } from "./report.ts";

/** `isInPieces`: a resource's source is one of whose resources any may go without the others. */
export function checkServices(index: MeshIndex, isInPieces: (resource: Resource) => boolean, report: Report): void {
  for (const service of index.services.values()) {
    checkPorts(service, report);
    checkSubsets(service, index, report);
  }
  for (const workload of index.workloads.values()) checkWorkload(workload, index, report);
  for (const policy of new Set(index.traffic.values())) checkTraffic(policy, index, isInPieces(policy), report);
}

function checkPorts(service: MeshService, report: Report): void {
  const names = new Set<string>();
  const numbers = new Set<number>();
  if (service.spec.ports.length === 0) report(service, "spec.ports", "service_port", "a service has at least one port");
  for (const [at, { name, port, mode }] of service.spec.ports.entries()) {
    if (names.has(name)) report(service, `spec.ports[${at}]`, "service_port", `two ports are named ${name}`);
    names.add(name);
    if (mode === "Edge") continue;
    if (numbers.has(port)) report(service, `spec.ports[${at}].port`, "service_port", `two ports are port ${port}`);
    numbers.add(port);
  }
}

function checkSubsets(service: MeshService, index: MeshIndex, report: Report): void {
  const { subsets, defaultRoute } = service.spec;
  const names = subsets.map(({ name }) => name);
  const workloads = workloadsOf(index, serviceKey(service));
  for (const [at, { name, labels }] of subsets.entries()) {
    if (names.indexOf(name) !== at) {
      report(service, `spec.subsets[${at}].name`, "service_route", `two subsets are named ${name}`);
    }
    if (!workloads.some((workload) => hasLabels(workload.metadata.labels, labels))) {
      const message = `no workload of ${service.metadata.name} has the labels of subset ${name}`;
      report(service, `spec.subsets[${at}].labels`, "reference_unused", message, { severity: "warning" });
    }
  }
  for (const [at, { subset }] of defaultRoute.entries()) {
    if (subset === undefined || names.includes(subset)) continue;
    report(
      service,
      `spec.defaultRoute[${at}].subset`,
      "reference_unknown",
      `${service.metadata.name} has no subset ${subset}`,
      { hint: didYouMean(subset, names) },
    );
  }
  if (defaultRoute.length > 0 && defaultRoute.every(({ weight }) => weight === 0)) {
    report(service, "spec.defaultRoute", "service_route", "every weight is 0");
  }
}

function checkWorkload(workload: Workload, index: MeshIndex, report: Report): void {
  const service = index.services.get(serviceOf(workload));
  const { namespace } = workload.metadata;
  if (service === undefined) {
    const message = `namespace ${namespace} has no service ${workload.spec.service}`;
    const hint = didYouMean(workload.spec.service, servicesOf(index, namespace));
    report(workload, "spec.service", "reference_unknown", message, { hint });
    return;
  }
  checkCalls(workload, index, report);
  checkLocalPorts(workload, index, report);
  checkShared(workload, index, report);
  const ports = portsOf(index, workload).map(({ name }) => name);
  const seen = new Set<string>();
  for (const [at, { name }] of workload.spec.ports.entries()) {
    const path = `spec.ports[${at}].name`;
    if (!ports.includes(name)) {
      const message = `MeshService ${service.metadata.name} has no port ${name}`;
      report(workload, path, "reference_unknown", message, { hint: didYouMean(name, ports) });
    }
    if (seen.has(name)) report(workload, path, "service_port", `port ${name} is given twice`);
    seen.add(name);
  }
}

/** Ports of one name are one port of the workload, whichever of its services is asked. */
function checkShared(workload: Workload, index: MeshIndex, report: Report): void {
  const ports = portsOf(index, workload);
  for (const key of servicesOfWorkload(index, workload).slice(1)) {
    const service = index.services.get(key);
    for (const [at, { name, protocol, mode }] of (service?.spec.ports ?? []).entries()) {
      const first = ports.find((port) => port.name === name);
      if (service === undefined || first === undefined) continue;
      if (first.protocol === protocol && first.mode === mode) continue;
      const message = `port ${name} of workload ${workload.metadata.name} is ${first.protocol}, ${first.mode} by another service of it`;
      report(service, `spec.ports[${at}]`, "service_port", message);
    }
  }
}

function checkCalls(workload: Workload, index: MeshIndex, report: Report): void {
  for (const [at, called] of (workload.spec.calls ?? []).entries()) {
    findCalled(called, `spec.calls[${at}]`, workload, index, report);
  }
}

/** Each is a port of its own, for a port that other workloads may ask of a service that this one may call. */
function checkLocalPorts(workload: Workload, index: MeshIndex, report: Report): void {
  const { calls, localPorts, ports } = workload.spec;
  const { namespace } = workload.metadata;
  const called = calls && new Set(calls.map((name) => keyOfCalled(name, namespace)));
  const taken = new Map(ports.map(({ name, listen }) => [listen.port, `port ${name} listens there`]));
  for (const [at, { service: name, servicePort, port }] of localPorts.entries()) {
    const path = `spec.localPorts[${at}]`;
    const other = taken.get(port);
    if (other !== undefined)
      report(workload, `${path}.port`, "service_port", `${port} cannot be a local port: ${other}`);
    taken.set(port, `it is that of ${name}`);
    const service = findCalled(name, `${path}.service`, workload, index, report);
    if (service === undefined) continue;
    if (called?.has(serviceKey(service)) === false) {
      const message = `spec.calls does not name ${name}: the proxy would not know it`;
      report(workload, `${path}.service`, "reference_unknown", message);
    }
    const offered = service.spec.ports.filter(({ mode }) => mode === "Strict").map((offer) => offer.port);
    if (offered.includes(servicePort)) continue;
    const hint = offered.length === 0 ? undefined : `it has ${offered.join(", ")}`;
    report(workload, `${path}.servicePort`, "reference_unknown", `MeshService ${name} has no port ${servicePort}`, {
      hint,
    });
  }
}

/** The service that a workload names, or undefined with a report. */
function findCalled(
  called: string,
  path: string,
  workload: Workload,
  index: MeshIndex,
  report: Report,
): MeshService | undefined {
  const key = keyOfCalled(called, workload.metadata.namespace);
  const found = index.services.get(key);
  if (found !== undefined) return found;
  const [name = "", namespace = ""] = key.split(".");
  const message = `namespace ${namespace} has no service ${name}`;
  report(workload, path, "reference_unknown", message, { hint: didYouMean(name, servicesOf(index, namespace)) });
  return undefined;
}

function checkTraffic(policy: TrafficPolicy, index: MeshIndex, isInPieces: boolean, report: Report): void {
  const { namespace } = policy.metadata;
  const { services } = policy.spec;
  const isThere = (service: string) => index.services.has(`${service}.${namespace}`);
  // As of a binding: it is about those that are left.
  const severity = isInPieces && services.some(isThere) ? { severity: "warning" as const } : {};
  for (const [at, service] of services.entries()) {
    if (isThere(service)) continue;
    const message = `namespace ${namespace} has no service ${service}`;
    const hint = didYouMean(service, servicesOf(index, namespace));
    report(policy, `spec.services[${at}]`, "reference_unknown", message, { ...severity, hint });
  }
}

export function servicesOf(index: MeshIndex, namespace: string): readonly string[] {
  return [...index.services.values()]
    .filter((service) => service.metadata.namespace === namespace)
    .map((service) => service.metadata.name);
}

/** The hint where a name is a slip of a known one, or the list of a few. */
export function didYouMean(name: string, known: readonly string[]): string | undefined {
  const near = nearest(name, known);
  if (near !== undefined) return `did you mean ${near}?`;
  return known.length > 0 && known.length <= 12 ? `there are ${[...known].sort().join(", ")}` : undefined;
}
