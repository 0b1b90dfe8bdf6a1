/**
 * One address that answers for a service, with what this thread knows of it: breaker,
 * requests in flight, connections. It lives as long as the controller names it, over
 * any number of snapshots.
 */
import type { FileEndpoint, OutboundService } from "@regomesh/protocol";
import { type Breaker, makeBreaker } from "../resilience/breaker.ts";
import type { StreamPool } from "../stream/upstream-stream.ts";

export type Endpoint = {
  readonly address: string;
  readonly port: number;
  readonly portName: string;
  /** As in FileEndpoint. */
  readonly servicePort: number | undefined;
  /** Where the application listens behind it, as clients call it that know the Pod's address alone; undefined: nobody says. */
  readonly applicationPort: number | undefined;
  readonly workload: string;
  /** SPIFFE ID that it must show; "" on plaintext. */
  readonly principal: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly breaker: Breaker;
  /** Requests that are being tried on it. */
  active: number;
  /** Copies of requests among them. */
  mirrors: number;
  /** Opened with the first request. */
  pool: StreamPool | undefined;
  /** The controller no longer names it: requests go elsewhere. */
  isGone: boolean;
};

export function makeEndpoint(facts: Omit<FileEndpoint, "service">): Endpoint {
  return {
    address: facts.address,
    port: facts.port,
    portName: facts.portName,
    servicePort: facts.servicePort,
    applicationPort: facts.applicationPort,
    workload: facts.workload,
    principal: facts.principal,
    labels: facts.labels,
    breaker: makeBreaker(),
    active: 0,
    mirrors: 0,
    pool: undefined,
    isGone: false,
  };
}

function isSame(endpoint: Endpoint, facts: Omit<FileEndpoint, "service">): boolean {
  const names = Object.keys(facts.labels);
  return (
    endpoint.address === facts.address &&
    endpoint.port === facts.port &&
    endpoint.principal === facts.principal &&
    isSamePort(endpoint, facts) &&
    endpoint.applicationPort === facts.applicationPort &&
    endpoint.workload === facts.workload &&
    names.length === Object.keys(endpoint.labels).length &&
    names.every((name) => endpoint.labels[name] === facts.labels[name])
  );
}

/** A port that has a number is the same under another name. */
function isSamePort(endpoint: Endpoint, { portName, servicePort }: Pick<FileEndpoint, "portName" | "servicePort">) {
  return endpoint.servicePort === servicePort && (servicePort !== undefined || endpoint.portName === portName);
}

/** Whether it is for that port of its service. */
export function isForPort(
  { portName, servicePort }: Pick<Endpoint, "portName" | "servicePort">,
  service: Pick<OutboundService, "port" | "portName">,
): boolean {
  return servicePort === undefined ? portName === service.portName : servicePort === service.port;
}

/** The endpoints that facts describe: those that are known stay the same things. Also those that went. */
export function updateEndpoints(
  known: readonly Endpoint[],
  facts: readonly Omit<FileEndpoint, "service">[],
): { readonly endpoints: readonly Endpoint[]; readonly gone: readonly Endpoint[] } {
  const byAddress = Map.groupBy(known, placeOf);
  const endpoints = facts.map((fact) => {
    const same = byAddress.get(placeOf(fact))?.find((endpoint) => isSame(endpoint, fact));
    return same ?? makeEndpoint(fact);
  });
  const kept = new Set(endpoints);
  return { endpoints, gone: known.filter((endpoint) => !kept.has(endpoint)) };
}

function placeOf({ address, port }: Pick<Endpoint, "address" | "port">): string {
  return `${address} ${port}`;
}

export function matchesLabels(endpoint: Endpoint, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([name, value]) => endpoint.labels[name] === value);
}
