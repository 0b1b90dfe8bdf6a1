/** The service graph as the page draws it: nodes of the plan, edges of the reports. */
import type { ServiceEndpoints } from "@regomesh/protocol";
import type { EdgeBody, EndpointBody, GraphBody, HistoryBody, NodeBody } from "../api/bodies.ts";
import type { MeshPlan } from "../build/build.ts";
import type { EdgeSides, Ledger } from "./ledger.ts";
import { OUTSIDE } from "./places.ts";
import { add, EMPTY, type Tally } from "./tally.ts";
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
  const services = plan.services.map((service) => toNode(service, sides, facts));
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
  return found && { id, points: (found.outbound ?? found.inbound)?.history(nowMs) ?? [] };
}

function toNode(
  service: MeshPlan["services"][number],
  sides: readonly EdgeSides[],
  { plan, states, endpoints, ledger, nowMs }: GraphFacts,
): NodeBody {
  const { name, namespace, subsets, policies } = service;
  const id = `${name}.${namespace}`;
  const workloads = plan.workloads.filter((each) => each.service === name && each.namespace === namespace);
  const found = workloads.flatMap((each) => states.get(`${namespace}/${each.name}`) ?? []);
  const incoming = sides.filter(({ to }) => to === id).flatMap(({ inbound, outbound }) => inbound ?? outbound ?? []);
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
    endpoints: (endpoints.find(({ service: of }) => of === id)?.endpoints ?? []).map((endpoint): EndpointBody => {
      const { workload, address, port, principal } = endpoint;
      const svidNotAfterMs = ledger.lastReport(`${namespace}/${workload}`)?.svidNotAfterMs ?? 0;
      return {
        workload,
        address,
        port,
        principal,
        ...(svidNotAfterMs > 0 ? { svidNotAfterMs } : {}),
        breaker: worstBreaker(plan, ledger, `${id} ${address}:${port}`),
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

/** The breaker of an endpoint as the callers have it; open at one of them is open. */
function worstBreaker(plan: MeshPlan, ledger: Ledger, endpoint: string): EndpointBody["breaker"] {
  const found = plan.workloads.flatMap(({ name, namespace }) =>
    ledger.lastReports(`${namespace}/${name}`).map(({ breakers }) => breakers.get(endpoint)),
  );
  return found.includes("open") ? "open" : found.includes("half-open") ? "half-open" : "closed";
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
  const [p50Ms, p99Ms] = [timeline?.latency(nowMs, 0.5), timeline?.latency(nowMs, 0.99)];
  return { ...(p50Ms === undefined ? {} : { p50Ms }), ...(p99Ms === undefined ? {} : { p99Ms }) };
}
