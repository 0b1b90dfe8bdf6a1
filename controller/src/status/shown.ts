/**
 * Bodies as an open page is told them: figures as fine as they are read, and times of a last word only
 * where there has been none for a while. Otherwise every second would change everything.
 */
import type { EdgeBody, GraphBody, NodeBody } from "../api/graph.ts";
import type { ProxyBody } from "../api/proxies.ts";
import type { StatusBody } from "../api/status.ts";

/** Digits of a rate that anybody reads, and of a latency. */
const DIGITS = 3;
const LATENCY_DIGITS = 2;

export function toShownGraph(graph: GraphBody): GraphBody {
  return {
    ...graph,
    requestsPerSecond: round(graph.requestsPerSecond),
    refusedPerSecond: round(graph.refusedPerSecond),
    nodes: graph.nodes.map(toShownNode),
    edges: graph.edges.map(toShownEdge),
  };
}

/** What edges have agreed on is asked for with an edge's history. */
export function toShownStatus({ links: _, ...status }: StatusBody): StatusBody {
  return { ...status, proxies: status.proxies.map(toShownProxy) };
}

function toShownNode({ lastWordMs, ...node }: NodeBody): NodeBody {
  return {
    ...node,
    ...shownFigures(node),
    ...(lastWordMs === undefined || node.state === "ready" ? {} : { lastWordMs }),
  };
}

function toShownEdge(edge: EdgeBody): EdgeBody {
  const { deniedPerSecond, limitedPerSecond } = edge;
  return {
    ...edge,
    ...shownFigures(edge),
    revisions: [], // asked for with an edge's history
    deniedPerSecond: round(deniedPerSecond),
    limitedPerSecond: round(limitedPerSecond),
  };
}

function toShownProxy({ lastWordMs, ...proxy }: ProxyBody): ProxyBody {
  const { state, isOrphan } = proxy;
  const isHeard = state === "ready" && isOrphan !== true;
  return {
    ...proxy,
    refusedPerSecond: round(proxy.refusedPerSecond),
    ...(lastWordMs === undefined || isHeard ? {} : { lastWordMs }),
  };
}

type Figures = Pick<EdgeBody, "requestsPerSecond" | "success" | "p50Ms" | "p99Ms">;

function shownFigures({ requestsPerSecond, success, p50Ms, p99Ms }: Figures): Figures {
  return {
    requestsPerSecond: round(requestsPerSecond),
    // What is not all is not shown as all.
    success: success === 1 ? 1 : Math.min(0.9999, Number(success.toFixed(4))),
    ...(p50Ms === undefined ? {} : { p50Ms: round(p50Ms, LATENCY_DIGITS) }),
    ...(p99Ms === undefined ? {} : { p99Ms: round(p99Ms, LATENCY_DIGITS) }),
  };
}

function round(figure: number, digits = DIGITS): number {
  return Number(figure.toPrecision(digits));
}
