/**
 * A service as this proxy sends to it: what the snapshot says of it, and the endpoints
 * that there are now, whole and by subset.
 */
import type { Random } from "@regomesh/base";
import type { OutboundService } from "@regomesh/protocol";
import { BALANCERS, type Candidates } from "../balance/balancer.ts";
import { mayAdmit } from "../resilience/breaker.ts";
import { isPanic } from "../resilience/ejection.ts";
import { makeRetryBudget, type RetryBudget } from "../resilience/retry-budget.ts";
import { type Endpoint, isForPort, matchesLabels } from "./endpoint.ts";

export type Cluster = {
  /** `name.namespace` */
  readonly key: string;
  /** `name.namespace:port`, as policies know it; undefined where an endpoint was asked for, not the service. */
  readonly address: string | undefined;
  /** The one endpoint that was asked for; undefined: any of the service. */
  readonly only: Endpoint | undefined;
  readonly service: OutboundService;
  readonly budget: RetryBudget;
  /** The whole service is subset "". */
  readonly groups: ReadonlyMap<string, Group>;
};

/** The endpoints of one subset. */
export type Group = {
  readonly subset: string;
  endpoints: readonly Endpoint[];
  turn: number;
  /** Row of the metrics for requests to it. */
  edge: number;
};

/** `before`: the same service's port in the snapshot before, whose retries still run and whose turn it is. */
export function makeCluster(
  service: OutboundService,
  endpoints: readonly Endpoint[],
  edgeOf: (subset: string) => number,
  before?: Cluster,
  only?: Endpoint,
): Cluster {
  const cluster: Cluster = {
    key: `${service.name}.${service.namespace}`,
    address: only === undefined ? `${service.name}.${service.namespace}:${service.port}` : undefined,
    only,
    service,
    budget: before?.budget ?? makeRetryBudget(),
    groups: new Map(
      ["", ...service.subsets.map(({ name }) => name)].map((subset) => [
        subset,
        { subset, endpoints: [], turn: before?.groups.get(subset)?.turn ?? 0, edge: edgeOf(subset) },
      ]),
    ),
  };
  setEndpoints(cluster, endpoints);
  return cluster;
}

/** Endpoints of the service's port, sorted into the subsets whose labels they carry. */
export function setEndpoints(cluster: Cluster, endpoints: readonly Endpoint[]): void {
  const { service, only } = cluster;
  const ofPort = endpoints.filter(
    (endpoint) => isForPort(endpoint, service) && (only === undefined || endpoint === only),
  );
  for (const group of cluster.groups.values()) {
    const labels = service.subsets.find(({ name }) => name === group.subset)?.labels ?? {};
    group.endpoints = ofPort.filter((endpoint) => matchesLabels(endpoint, labels));
  }
}

/** What `pickEndpoint` looks at; one object, used again for each pick, so that picking allocates nothing. */
class View implements Candidates {
  #endpoints: readonly Endpoint[] = [];
  #nowMs = 0;
  tried: Endpoint | undefined = undefined;
  #isPanic: boolean | undefined = undefined;

  look(endpoints: readonly Endpoint[], tried: Endpoint | undefined, nowMs: number): void {
    this.#endpoints = endpoints;
    this.tried = tried;
    this.#nowMs = nowMs;
    this.#isPanic = undefined;
  }

  get length(): number {
    return this.#endpoints.length;
  }

  isOpen(index: number): boolean {
    const endpoint = this.#endpoints[index] as Endpoint;
    if (endpoint === this.tried) return false;
    if (mayAdmit(endpoint.breaker, this.#nowMs)) return true;
    this.#isPanic ??= isPanic(this.#endpoints);
    return this.#isPanic;
  }

  load(index: number): number {
    return (this.#endpoints[index] as Endpoint).active;
  }
}

const view = new View();

/** An endpoint of the group that may be asked, another than `tried` where there is one; undefined where the group has none. */
export function pickEndpoint(
  cluster: Cluster,
  group: Group,
  tried: Endpoint | undefined,
  random: Random,
  nowMs: number,
): Endpoint | undefined {
  view.look(group.endpoints, tried, nowMs);
  const pick = BALANCERS[cluster.service.traffic.balancer];
  const turn = group.turn++;
  let index = pick(view, random, turn);
  if (index < 0 && tried !== undefined) {
    view.tried = undefined;
    index = pick(view, random, turn);
  }
  view.look(NONE, undefined, 0);
  return index < 0 ? undefined : group.endpoints[index];
}

const NONE: readonly Endpoint[] = [];
