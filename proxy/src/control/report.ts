/** What a proxy has counted, as the controller is told it. */
import type { DecisionReport, EdgeReport, EndpointState, Holding, ProxyReport } from "@regomesh/protocol";
import { Counter, decisionCounts } from "../metrics/counters.ts";
import { EDGE_COUNTERS, EdgeColumn, type EdgeCounts } from "../metrics/edge-table.ts";
import type { Handshakes } from "../metrics/handshakes.ts";
import { BOUNDS_MS, BUCKETS, quantileMs } from "../metrics/histogram.ts";
import type { ShadowCounts } from "../metrics/shadow-table.ts";

/** The last bucket has no bound: the largest number stands for it. */
const BOUNDS = BOUNDS_MS.map((bound) => (Number.isFinite(bound) ? bound : Number.MAX_VALUE));

export type ReportFacts = {
  readonly workload: string;
  readonly namespace: string;
  /** The process that counted: totals begin anew with another. */
  readonly instance: string;
  readonly timeMs: number;
  readonly edges: readonly EdgeCounts[];
  readonly shadows: readonly ShadowCounts[];
  readonly handshakes: readonly Handshakes[];
  readonly counters: Float64Array;
  readonly decisions: readonly DecisionReport[];
  readonly dropped: number;
  readonly endpoints: readonly EndpointState[];
  readonly holding: Holding;
  readonly svidNotAfterMs: number;
  /** What its machine does not do for it, a sentence each. */
  readonly troubles: readonly string[];
  readonly captured: boolean;
};

export function toReport(facts: ReportFacts): ProxyReport {
  const policy = decisionCounts(facts.counters);
  return {
    workload: facts.workload,
    namespace: facts.namespace,
    instance: facts.instance,
    timeMs: facts.timeMs,
    edges: facts.edges.map(toEdgeReport),
    decisions: [...facts.decisions],
    decisionsDropped: facts.dropped,
    holding: facts.holding,
    svidNotAfterMs: facts.svidNotAfterMs,
    // The histogram counts microseconds where its bounds say milliseconds.
    policyP50Ns: quantileMs(policy, 0, 0.5) * 1000,
    policyP99Ns: quantileMs(policy, 0, 0.99) * 1000,
    refusedTotal: facts.counters[Counter.refused] ?? 0,
    overBudgetTotal: facts.counters[Counter.overBudget] ?? 0,
    endpoints: [...facts.endpoints],
    shadows: facts.shadows.map(({ changes, ...counted }) => ({
      ...counted,
      wouldAllow: changes.allow,
      wouldDeny: changes.deny,
      wouldLimit: changes.limit,
      wouldRoute: changes.route,
      wouldBreak: changes.break,
    })),
    troubles: [...facts.troubles],
    captured: facts.captured,
    handshakes: facts.handshakes.map(({ peer, ...agreed }) => ({ ...agreed, peerPrincipal: peer })),
  };
}

function toEdgeReport({ counts, ...key }: EdgeCounts): EdgeReport {
  const { direction, peerService, peerPrincipal, service, subset, mtls, revision } = key;
  return {
    direction,
    peerService,
    peerPrincipal,
    service,
    subset,
    mtls,
    revision,
    requests: counts[EdgeColumn.requests] ?? 0,
    success: counts[EdgeColumn.success] ?? 0,
    failures: counts[EdgeColumn.failures] ?? 0,
    denied: counts[EdgeColumn.denied] ?? 0,
    limited: counts[EdgeColumn.limited] ?? 0,
    boundsMs: BOUNDS,
    counts: Array.from({ length: BUCKETS }, (_, bucket) => counts[EDGE_COUNTERS + bucket] ?? 0),
  };
}
