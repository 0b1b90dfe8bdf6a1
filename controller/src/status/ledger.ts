/**
 * What the proxies report, added up: edges between services as both ends saw them, and the
 * last word of each proxy. Counters are totals since a proxy's start; the first report of
 * an instance is where counting begins.
 */
import type { EdgeReport, ProxyReport } from "@regomesh/protocol";
import { findService, OUTSIDE, type Places } from "./places.ts";
import { EMPTY, since, type Tally, toTally } from "./tally.ts";
import { Timeline } from "./timeline.ts";

export type EdgeSides = {
  readonly from: string;
  readonly to: string;
  /** As the sending proxy saw it; undefined where no proxy sends. */
  readonly outbound: Timeline | undefined;
  readonly inbound: Timeline | undefined;
  readonly mtls: boolean;
  readonly deniedTotal: number;
};

export type ProxyWord = {
  readonly instance: string;
  readonly atMs: number;
  readonly svidNotAfterMs: number;
  readonly policyP50Ns: number;
  readonly policyP99Ns: number;
  readonly refused: Timeline;
  readonly breakers: ReadonlyMap<string, string>;
};

/** A report of more edges is cut: a mesh of that many services has other tools. */
const EDGES_PER_REPORT_MAX = 1000;
const EDGES_MAX = 10_000;

type Direction = "inbound" | "outbound";
type Side = { readonly timeline: Timeline; totals: Map<string, Tally>; isMtls: boolean };
type Edge = { readonly from: string; readonly to: string; readonly sides: Partial<Record<Direction, Side>> };
type Word = Omit<ProxyWord, "atMs"> & { atMs: number; refusedTotal: number };

export class Ledger {
  readonly #edges = new Map<string, Edge>();
  readonly #words = new Map<string, Word>();

  /** Takes in a report of a workload, `namespace/name`. */
  apply(workload: string, report: ProxyReport, places: Places, nowMs: number): void {
    const own = places.serviceOfWorkload.get(workload);
    if (own === undefined) return;
    const before = this.#words.get(workload);
    const isFirst = before?.instance !== report.instance;
    this.#hear(workload, report, isFirst ? undefined : before, nowMs);
    for (const edge of report.edges.slice(0, EDGES_PER_REPORT_MAX)) {
      const ends = endsOf(edge, own, report.namespace, places);
      if (ends !== undefined) this.#count(ends, edge, `${workload} ${report.instance}`, isFirst, nowMs);
    }
  }

  /** The last word of a workload's proxy. */
  word(workload: string): ProxyWord | undefined {
    return this.#words.get(workload);
  }

  edges(nowMs: number): readonly EdgeSides[] {
    for (const [key, edge] of this.#edges) if (!isAlive(edge, nowMs)) this.#edges.delete(key);
    return [...this.#edges.values()].map(({ from, to, sides }) => ({
      from,
      to,
      outbound: sides.outbound?.timeline,
      inbound: sides.inbound?.timeline,
      mtls: (sides.inbound ?? sides.outbound)?.isMtls ?? false,
      deniedTotal: Math.max(deniedOf(sides.inbound), deniedOf(sides.outbound)),
    }));
  }

  #hear(workload: string, report: ProxyReport, before: Word | undefined, nowMs: number): void {
    const refused = before?.refused ?? new Timeline();
    const change = before === undefined ? 0 : Math.max(0, report.refusedTotal - before.refusedTotal);
    refused.record({ ...EMPTY, denied: change }, nowMs);
    this.#words.set(workload, {
      instance: report.instance,
      atMs: nowMs,
      svidNotAfterMs: report.svidNotAfterMs,
      policyP50Ns: report.policyP50Ns,
      policyP99Ns: report.policyP99Ns,
      refused,
      refusedTotal: report.refusedTotal,
      breakers: new Map(
        report.endpoints
          .slice(0, EDGES_PER_REPORT_MAX)
          .map(({ service, address, port, breaker }) => [`${service} ${address}:${port}`, breaker]),
      ),
    });
  }

  #count(
    { from, to, direction }: { readonly from: string; readonly to: string; readonly direction: Direction },
    edge: EdgeReport,
    reporter: string,
    isFirst: boolean,
    nowMs: number,
  ): void {
    const key = `${from} ${to}`;
    let found = this.#edges.get(key);
    if (found === undefined) {
      if (this.#edges.size >= EDGES_MAX) return;
      found = { from, to, sides: {} };
      this.#edges.set(key, found);
    }
    const side = found.sides[direction] ?? { timeline: new Timeline(), totals: new Map(), isMtls: edge.mtls };
    found.sides[direction] = side;
    side.isMtls = edge.mtls;
    const series = `${reporter} ${edge.service} ${edge.subset} ${edge.peerService} ${edge.peerPrincipal} ${edge.mtls}`;
    const now = toTally(edge);
    const before = side.totals.get(series);
    side.totals.set(series, now);
    // An instance heard for the first time may have counted for hours; an edge that is new to it counts from zero.
    const change = before === undefined ? (isFirst ? EMPTY : now) : since(now, before);
    side.timeline.record(change, nowMs);
  }
}

/** Which services an edge joins; undefined where its other end is neither a service nor outside. */
function endsOf(edge: EdgeReport, own: string, namespace: string, places: Places) {
  if (edge.direction === "inbound") {
    const from = findService(places, namespace, edge.peerService, edge.peerPrincipal) ?? OUTSIDE;
    return { from, to: own, direction: "inbound" as const };
  }
  const other = edge.peerService === "" ? edge.service : edge.peerService;
  const to = findService(places, namespace, other, edge.peerPrincipal);
  return to === undefined ? undefined : { from: own, to, direction: "outbound" as const };
}

function deniedOf(side: Side | undefined): number {
  return [...(side?.totals.values() ?? [])].reduce((sum, { denied, limited }) => sum + denied + limited, 0);
}

function isAlive({ sides }: Edge, nowMs: number): boolean {
  return [sides.inbound, sides.outbound].some((side) => {
    if (side === undefined) return false;
    const counted = [...side.totals.values()].some(({ requests }) => requests > 0);
    return counted && (side.timeline.isAlive(nowMs) || side.timeline.total.requests === 0);
  });
}
