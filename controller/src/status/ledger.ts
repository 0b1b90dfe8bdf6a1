/**
 * What the proxies report, added up: edges between services as both ends saw them, and the
 * last report of each proxy. Counters are totals since a proxy's start; the first report of
 * an instance is where counting begins.
 *
 * A proxy chooses the strings that it reports: of each instance no more is kept than one
 * report can hold, of all instances of a workload no more than so many series, each by a
 * digest of its names, and of each edge no more than a few revisions.
 */
import { clip as clipText } from "@regomesh/base";
import { type EdgeReport, type ProxyReport, type RevisionId, snapshotHash } from "@regomesh/protocol";
import type { LinkBody } from "../api/graph.ts";
import type { Counted } from "../distribution/traffic.ts";
import { sumAgreements, toAgreements } from "./agreements.ts";
import { findService, OUTSIDE, type Places, shadowKey } from "./places.ts";
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
  /** By the revision that decided, as the sender counted where there is one; the newest first. */
  readonly revisions: readonly RevisionTally[];
};

export type RevisionTally = {
  readonly epoch: string;
  readonly sequence: number;
  readonly name: string;
  readonly requests: number;
  readonly failures: number;
  readonly denied: number;
  readonly limited: number;
};

/** What a binding in shadow would have changed, over all proxies since their starts. */
export type ShadowTally = {
  readonly decisions: number;
  readonly allow: number;
  readonly deny: number;
  readonly limit: number;
  readonly route: number;
  readonly break: number;
};

export type LastReport = {
  readonly instance: string;
  readonly atMs: number;
  readonly svidNotAfterMs: number;
  readonly policyP50Ns: number;
  readonly policyP99Ns: number;
  readonly overBudgetTotal: number;
  readonly refused: Timeline;
  readonly breakers: ReadonlyMap<string, string>;
  readonly troubles: readonly string[];
  readonly isCaptured: boolean;
  readonly links: readonly LinkBody[];
};

/** A report of more edges is cut: a mesh of that many services has other tools. */
const EDGES_PER_REPORT_MAX = 1000;
const EDGES_MAX = 10_000;
/** Instances of one workload whose totals are known; of more, the one that was silent longest is let go. */
const INSTANCES_MAX = 64;
/** Series of one workload, all instances: 64 replicas with 250 each. Of more, the instance that was silent longest is let go. */
const SERIES_PER_WORKLOAD_MAX = 16_000;
/** Revisions of one edge that are told apart: as many as a proxy tells apart. */
const REVISIONS_MAX = 8;
/** Things that a proxy keeps, with room. */
const TROUBLES_MAX = 8;
/** No name of the mesh is longer; SPIFFE IDs of ours are not either. */
const TEXT_LENGTH_MAX = 512;
/** An address with its zone. */
const ADDRESS_LENGTH_MAX = 64;
const NOT_CLOSED = new Set(["open", "half-open"]);
/** Digits of a series' digest: 128 bits, which nobody makes to collide. */
const DIGEST_LENGTH = 32;

type Direction = "inbound" | "outbound";
type Side = {
  readonly timeline: Timeline;
  readonly revisions: Map<string, RevisionTally>;
  isMtls: boolean;
  deniedTotal: number;
  /** Requests in the totals of its reporters, those before the first report included. */
  requestsTotal: number;
};
type Edge = { readonly from: string; readonly to: string; readonly sides: Partial<Record<Direction, Side>> };
/** Totals by series, of one process. */
type Instance = {
  readonly totals: Map<string, Tally>;
  readonly report: LastReport;
  readonly refusedTotal: number;
  readonly shadows: ReadonlyMap<string, ShadowTally>;
};

export class Ledger {
  readonly #edges = new Map<string, Edge>();
  readonly #shadows = new Map<string, ShadowTally>();
  /** By workload, then by instance; the one heard last is last. */
  readonly #workloads = new Map<string, Map<string, Instance>>();

  /** Takes in a report of a workload, `namespace/name`; what is new in it, by revision. */
  apply(workload: string, report: ProxyReport, places: Places, nowMs: number): readonly Counted[] {
    const own = places.serviceOfWorkload.get(workload);
    if (own === undefined) return [];
    const instances = this.#workloads.get(workload) ?? new Map<string, Instance>();
    this.#workloads.set(workload, instances);
    const name = clip(report.instance);
    const before = instances.get(name);
    const instance: Instance = {
      totals: before?.totals ?? new Map<string, Tally>(),
      report: toLastReport(report, before, own, places, nowMs),
      refusedTotal: report.refusedTotal,
      shadows: this.#countShadows(report, before?.shadows, places),
    };
    instances.delete(name);
    instances.set(name, instance);
    const listed = new Set<string>();
    const counted: Counted[] = [];
    for (const edge of report.edges.slice(0, EDGES_PER_REPORT_MAX)) {
      const ends = endsOf(edge, own, report.namespace, places);
      if (ends === undefined) continue;
      const { series, change } = this.#count(ends, edge, instance.totals, before === undefined, nowMs);
      listed.add(series);
      const { revision } = edge;
      if (revision !== undefined && change.requests > 0) counted.push(toCounted(workload, revision, change));
    }
    // A whole report names all that its process still counts: what it leaves out, a revision that
    // is no longer told apart, would begin at zero again. Of one that was cut the rest is still known.
    const isWhole = report.edges.length <= EDGES_PER_REPORT_MAX;
    for (const series of instance.totals.keys()) {
      if (!isWhole && instance.totals.size <= EDGES_PER_REPORT_MAX) break;
      if (!listed.has(series)) instance.totals.delete(series);
    }
    letGo(instances);
    return counted;
  }

  /** The last report of a workload's proxy: of that instance, or of whichever reported last. */
  lastReport(workload: string, instance?: string): LastReport | undefined {
    return instance === undefined
      ? this.lastReports(workload).at(-1)
      : this.#workloads.get(workload)?.get(clip(instance))?.report;
  }

  /** The last report of each of a workload's proxies, whoever reported last at the end. */
  lastReports(workload: string): readonly LastReport[] {
    return [...(this.#workloads.get(workload)?.values() ?? [])].map(({ report }) => report);
  }

  /** By `direction binding entrypoint`; undefined where no proxy has decided for it. */
  shadow(key: string): ShadowTally | undefined {
    return this.#shadows.get(key);
  }

  /** What the ends of edges have agreed on, by the last report of every proxy. */
  links(): readonly LinkBody[] {
    const instances = [...this.#workloads.values()].flatMap((workload) => [...workload.values()]);
    return sumAgreements(instances.flatMap(({ report }) => report.links));
  }

  /** Series whose totals are kept: what a test of the bound counts. */
  get seriesKept(): number {
    return [...this.#workloads.values()].reduce((sum, instances) => sum + seriesOfAll(instances), 0);
  }

  edges(nowMs: number): readonly EdgeSides[] {
    for (const [key, edge] of this.#edges) if (!isAlive(edge, nowMs)) this.#edges.delete(key);
    return [...this.#edges.values()].map(({ from, to, sides }) => ({
      from,
      to,
      outbound: sides.outbound?.timeline,
      inbound: sides.inbound?.timeline,
      mtls: (sides.inbound ?? sides.outbound)?.isMtls ?? false,
      deniedTotal: Math.max(sides.inbound?.deniedTotal ?? 0, sides.outbound?.deniedTotal ?? 0),
      revisions: [...((sides.outbound ?? sides.inbound)?.revisions.values() ?? [])].reverse(),
    }));
  }

  /** Adds what is new about bindings that are in shadow now; what was reported, for the next time. */
  #countShadows(
    report: ProxyReport,
    before: ReadonlyMap<string, ShadowTally> | undefined,
    places: Places,
  ): ReadonlyMap<string, ShadowTally> {
    for (const key of this.#shadows.keys()) if (!places.shadows.has(key)) this.#shadows.delete(key);
    const told = new Map<string, ShadowTally>();
    for (const shadow of report.shadows.slice(0, EDGES_PER_REPORT_MAX)) {
      const key = shadowKey(shadow);
      if (!places.shadows.has(key)) continue;
      const now = toShadowTally(shadow);
      told.set(key, now);
      const known = before?.get(key);
      const sum = this.#shadows.get(key) ?? NO_SHADOW;
      this.#shadows.set(key, combineShadows(sum, known === undefined ? now : combineShadows(now, known, minus), plus));
    }
    return told;
  }

  /** Counts what is new in one series of a report: its name, and that. */
  #count(
    { from, to, direction }: { readonly from: string; readonly to: string; readonly direction: Direction },
    edge: EdgeReport,
    totals: Map<string, Tally>,
    isFirst: boolean,
    nowMs: number,
  ): { readonly series: string; readonly change: Tally } {
    const series = seriesOf(edge);
    const key = `${from} ${to}`;
    let found = this.#edges.get(key);
    if (found === undefined) {
      if (this.#edges.size >= EDGES_MAX) return { series, change: EMPTY };
      found = { from, to, sides: {} };
      this.#edges.set(key, found);
    }
    const side = found.sides[direction] ?? makeSide(edge.mtls);
    found.sides[direction] = side;
    side.isMtls = edge.mtls;
    const now = toTally(edge, side.timeline.total.boundsMs);
    const before = totals.get(series);
    totals.set(series, now);
    const change = before === undefined ? now : since(now, before);
    side.requestsTotal += change.requests;
    side.deniedTotal += change.denied + change.limited;
    // An instance heard for the first time may have counted for hours; an edge that is new to it counts from zero.
    const isPast = before === undefined && isFirst;
    side.timeline.record(isPast ? EMPTY : change, nowMs);
    if (!isPast) countRevision(side.revisions, edge, change);
    return { series, change: isPast ? EMPTY : change };
  }
}

/** The instances that were silent longest, until the others are no more than are kept; never the last one heard. */
function letGo(instances: Map<string, Instance>): void {
  let series = seriesOfAll(instances);
  for (const [oldest, instance] of instances) {
    if (instances.size === 1) return;
    if (instances.size <= INSTANCES_MAX && series <= SERIES_PER_WORKLOAD_MAX) return;
    instances.delete(oldest);
    series -= sizeOf(instance);
  }
}

function seriesOfAll(instances: ReadonlyMap<string, Instance>): number {
  let sum = 0;
  for (const instance of instances.values()) sum += sizeOf(instance);
  return sum;
}

/** What its strings could make grow: totals, breakers that are not closed, and what was agreed on. */
function sizeOf({ totals, report }: Instance): number {
  return totals.size + report.breakers.size + report.links.length;
}

export const NO_SHADOW: ShadowTally = { decisions: 0, allow: 0, deny: 0, limit: 0, route: 0, break: 0 };
const plus = (a: number, b: number) => a + b;
const minus = (a: number, b: number) => Math.max(0, a - b);

function toShadowTally(shadow: ProxyReport["shadows"][number]): ShadowTally {
  const [decisions, allow, deny, limit, route, broke] = [
    shadow.decisions,
    shadow.wouldAllow,
    shadow.wouldDeny,
    shadow.wouldLimit,
    shadow.wouldRoute,
    shadow.wouldBreak,
  ].map((count) => (Number.isFinite(count) && count > 0 ? count : 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { decisions, allow, deny, limit, route, break: broke };
}

function combineShadows(a: ShadowTally, b: ShadowTally, by: (x: number, y: number) => number): ShadowTally {
  return {
    decisions: by(a.decisions, b.decisions),
    allow: by(a.allow, b.allow),
    deny: by(a.deny, b.deny),
    limit: by(a.limit, b.limit),
    route: by(a.route, b.route),
    break: by(a.break, b.break),
  };
}

function makeSide(isMtls: boolean): Side {
  return { timeline: new Timeline(), revisions: new Map(), isMtls, deniedTotal: 0, requestsTotal: 0 };
}

function seriesOf(edge: EdgeReport): string {
  const { direction, service, subset, peerService, peerPrincipal, mtls, revision } = edge;
  const texts = [direction, service, subset, peerService, peerPrincipal, revision?.epoch ?? ""].map(clip);
  const names = [...texts, mtls, revision?.sequence ?? ""].join("\n");
  return snapshotHash(names).slice(0, DIGEST_LENGTH);
}

function toCounted(workload: string, { epoch, sequence }: RevisionId, change: Tally): Counted {
  const { requests, failures, denied, limited } = change;
  return { workload, epoch, sequence, requests, failures, refusals: denied + limited };
}

function countRevision(revisions: Map<string, RevisionTally>, { revision }: EdgeReport, change: Tally): void {
  if (revision === undefined || change.requests === 0) return;
  const [epoch, name] = [clip(revision.epoch), clip(revision.name)];
  const key = `${epoch} ${revision.sequence}`;
  const before = revisions.get(key);
  revisions.set(key, {
    epoch,
    sequence: revision.sequence,
    name,
    requests: (before?.requests ?? 0) + change.requests,
    failures: (before?.failures ?? 0) + change.failures,
    denied: (before?.denied ?? 0) + change.denied,
    limited: (before?.limited ?? 0) + change.limited,
  });
  for (const oldest of revisions.keys()) {
    if (revisions.size <= REVISIONS_MAX) break;
    revisions.delete(oldest);
  }
}

function toLastReport(
  report: ProxyReport,
  before: Instance | undefined,
  own: string,
  places: Places,
  nowMs: number,
): LastReport {
  const refused = before?.report.refused ?? new Timeline();
  const change = before === undefined ? 0 : Math.max(0, report.refusedTotal - before.refusedTotal);
  refused.record({ ...EMPTY, denied: change }, nowMs);
  return {
    instance: clip(report.instance),
    atMs: nowMs,
    svidNotAfterMs: report.svidNotAfterMs,
    policyP50Ns: report.policyP50Ns,
    policyP99Ns: report.policyP99Ns,
    overBudgetTotal: report.overBudgetTotal,
    refused,
    breakers: new Map(
      report.endpoints
        .slice(0, EDGES_PER_REPORT_MAX)
        // Every endpoint is closed unless it is said not to be.
        .filter(({ breaker }) => NOT_CLOSED.has(breaker))
        .filter(({ service, address }) => places.services.has(service) && address.length <= ADDRESS_LENGTH_MAX)
        .map(({ service, address, port, breaker }) => [`${service} ${address}:${port}`, breaker]),
    ),
    troubles: report.troubles.slice(0, TROUBLES_MAX).map(clip),
    isCaptured: report.captured,
    links: toAgreements(report.handshakes, own, places),
  };
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

function isAlive({ sides }: Edge, nowMs: number): boolean {
  return [sides.inbound, sides.outbound].some((side) => {
    if (side === undefined) return false;
    return side.requestsTotal > 0 && (side.timeline.isAlive(nowMs) || side.timeline.total.requests === 0);
  });
}

function clip(text: string): string {
  return clipText(text, TEXT_LENGTH_MAX);
}
