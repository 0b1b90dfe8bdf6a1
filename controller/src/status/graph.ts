/** The service graph as the page draws it: nodes of the plan, edges of the reports. */
import type { ServiceEndpoints } from "@regomesh/protocol";
import type { EdgeBody, EndpointBody, GraphBody, HistoryBody, NodeBody } from "../api/graph.ts";
import type { MeshPlan } from "../build/build.ts";
import type { EdgeSides, Ledger } from "./ledger.ts";
import { OUTSIDE } from "./places.ts";
import { add, EMPTY, quantile, type Tally } from "./tally.ts";
import type { Timeline } from "./timeline.ts";

/** How a workload's proxy is doing: `namespace/name` to state and last word. */
export type ProxyStates = ReadonlyMap<
  string,
  { readonly state: "ready" | "stale" | "gone" | "never"; readonly lastWordMs: number | undefined }
>;

export type GraphFacts = {
  readonly plan: MeshPlan;
  readonly ledger: Ledger;
  readonly states: ProxyStates;
  readonly endpoints: readonly ServiceEndpoints[];
  readonly nowMs: number;
};

export function toGraph(facts: GraphFacts): GraphBody {
  const { plan, ledger, nowMs } = facts;
  const sides = ledger.edges(nowMs);
  const known = toKnown(facts, sides);
  const services = plan.services.map((service) => toNode(service, known, facts));
  const nodes = sides.some(({ from }) => from === OUTSIDE) ? [...services, outsideNode(sides, nowMs)] : services;
  const stateOf = new Map(nodes.map(({ id, state }) => [id, state]));
  const edges = sides
    .filter(({ from, to }) => stateOf.has(from) && stateOf.has(to))
    .map((each) => toEdge(each, stateOf, nowMs))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    nowMs,
    requestsPerSecond: edges.reduce((sum, edge) => sum + edge.requestsPerSecond, 0),
    refusedPerSecond: edges.reduce((sum, edge) => sum + edge.deniedPerSecond + edge.limitedPerSecond, 0),
    nodes,
    edges,
  };
}

function toEdge(
  { from, to, outbound, inbound, mtls, deniedTotal, revisions }: EdgeSides,
  stateOf: ReadonlyMap<string, NodeBody["state"]>,
  nowMs: number,
): EdgeBody {
  const [sent, received] = [rates(outbound, nowMs), rates(inbound, nowMs)];
  // Latency and success are the sender's: that is what its application got. Refusals are
  // whoever's policy refused; both may count the same one.
  const seen = outbound ?? inbound;
  const isGone = [from, to].some((id) => stateOf.get(id) === "gone");
  const isStale = [from, to].some((id) => stateOf.get(id) === "stale");
  return {
    id: `${from} ${to}`,
    from,
    to,
    mtls,
    state: isGone ? "gone" : isStale ? "stale" : "ready",
    requestsPerSecond: Math.max(sent.requests, received.requests),
    success: outbound === undefined ? received.success : sent.success,
    deniedPerSecond: Math.max(sent.denied, received.denied),
    limitedPerSecond: Math.max(sent.limited, received.limited),
    deniedTotal,
    revisions,
    ...percentiles(seen, nowMs),
  };
}

/** The last ten minutes of an edge, as its sender saw them where there is one. */
export function toHistory(ledger: Ledger, id: string, nowMs: number): HistoryBody | undefined {
  const found = ledger.edges(nowMs).find(({ from, to }) => `${from} ${to}` === id);
  if (found === undefined) return undefined;
  const { outbound, inbound, revisions } = found;
  const agreements = ledger.links().flatMap(({ from, to, ...agreement }) => (`${from} ${to}` === id ? agreement : []));
  return { id, points: (outbound ?? inbound)?.history(nowMs) ?? [], revisions, agreements };
}

/** What nodes are made of, each looked up once for all of them. */
type Known = {
  /** By `name.namespace` of the service. */
  readonly workloads: ReadonlyMap<string, MeshPlan["workloads"]>;
  readonly incoming: ReadonlyMap<string, readonly EdgeSides[]>;
  readonly endpoints: ReadonlyMap<string, ServiceEndpoints["endpoints"]>;
  /** Those that are not closed at some caller, by `service address:port`; open at one of them is open. */
  readonly breakers: ReadonlyMap<string, EndpointBody["breaker"]>;
};

function toKnown({ plan, endpoints, ledger }: GraphFacts, sides: readonly EdgeSides[]): Known {
  const breakers = new Map<string, EndpointBody["breaker"]>();
  for (const { name, namespace } of plan.workloads) {
    for (const report of ledger.lastReports(`${namespace}/${name}`)) {
      for (const [endpoint, breaker] of report.breakers) {
        if (breaker === "open" || breakers.get(endpoint) !== "open")
          breakers.set(endpoint, breaker === "open" ? "open" : "half-open");
      }
    }
  }
  return {
    workloads: Map.groupBy(plan.workloads, ({ service, namespace }) => `${service}.${namespace}`),
    incoming: Map.groupBy(sides, ({ to }) => to),
    endpoints: new Map(endpoints.map((each) => [each.service, each.endpoints])),
    breakers,
  };
}

function toNode(service: MeshPlan["services"][number], known: Known, { states, ledger, nowMs }: GraphFacts): NodeBody {
  const { name, namespace, subsets, policies } = service;
  const id = `${name}.${namespace}`;
  const workloads = known.workloads.get(id) ?? [];
  const found = workloads.flatMap((each) => states.get(`${namespace}/${each.name}`) ?? []);
  const incoming = (known.incoming.get(id) ?? []).flatMap(({ inbound, outbound }) => inbound ?? outbound ?? []);
  const lastWordMs = Math.max(...found.map((each) => each.lastWordMs ?? 0));
  return {
    id,
    name,
    namespace,
    kind: "service",
    subsets,
    workloads: workloads.map((each) => each.name),
    state: serviceState(found.map(({ state }) => state)),
    ...(lastWordMs > 0 ? { lastWordMs } : {}),
    ...sumOf(incoming, nowMs),
    policies,
    endpoints: (known.endpoints.get(id) ?? []).map((endpoint): EndpointBody => {
      const { workload, address, port, principal } = endpoint;
      const svidNotAfterMs = ledger.lastReport(`${namespace}/${workload}`)?.svidNotAfterMs ?? 0;
      return {
        workload,
        address,
        port,
        principal,
        ...(svidNotAfterMs > 0 ? { svidNotAfterMs } : {}),
        breaker: known.breakers.get(`${id} ${address}:${port}`) ?? "closed",
      };
    }),
  };
}

/** One proxy that has fallen silent makes its service stale; only all of them gone make it gone. */
function serviceState(states: readonly ("ready" | "stale" | "gone" | "never")[]): NodeBody["state"] {
  const seen = states.filter((state) => state !== "never");
  if (seen.length === 0) return "none";
  if (seen.every((state) => state === "gone")) return "gone";
  return seen.every((state) => state === "ready") ? "ready" : "stale";
}

function outsideNode(sides: readonly EdgeSides[], nowMs: number): NodeBody {
  const outgoing = sides.filter(({ from }) => from === OUTSIDE).flatMap(({ inbound }) => inbound ?? []);
  return {
    id: OUTSIDE,
    name: OUTSIDE,
    namespace: "",
    kind: "outside",
    subsets: [],
    workloads: [],
    state: "ready",
    ...sumOf(outgoing, nowMs),
    policies: [],
    endpoints: [],
  };
}

function sumOf(timelines: readonly Timeline[], nowMs: number) {
  const all = timelines.map((each) => each.recent(nowMs));
  const tally = all.reduce((sum, each) => add(sum, each.tally), EMPTY);
  const busiest = timelines.reduce<Timeline | undefined>(
    (best, each) => (best === undefined || each.total.requests > best.total.requests ? each : best),
    undefined,
  );
  return {
    requestsPerSecond: all.reduce((sum, each) => sum + each.tally.requests / each.seconds, 0),
    success: successOf(tally),
    ...percentiles(busiest, nowMs),
  };
}

function rates(timeline: Timeline | undefined, nowMs: number) {
  if (timeline === undefined) return { requests: 0, denied: 0, limited: 0, success: 1 };
  const { tally, seconds } = timeline.recent(nowMs);
  return {
    requests: tally.requests / seconds,
    denied: tally.denied / seconds,
    limited: tally.limited / seconds,
    success: successOf(tally),
  };
}

/** Of the requests that a policy let pass; 1 where there were none. */
function successOf({ success, failures }: Tally): number {
  return success + failures === 0 ? 1 : success / (success + failures);
}

function percentiles(timeline: Timeline | undefined, nowMs: number) {
  const tally = timeline?.lately(nowMs) ?? EMPTY;
  const [p50Ms, p99Ms] = [quantile(tally, 0.5), quantile(tally, 0.99)];
  return { ...(p50Ms === undefined ? {} : { p50Ms }), ...(p99Ms === undefined ? {} : { p99Ms }) };
}
