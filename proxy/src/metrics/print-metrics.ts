/** Metrics as Prometheus reads them (text format 0.0.4). Names are of the mesh, times in seconds. */
import { SHADOW_CHANGES } from "../decide/shadow.ts";
import { Counter, decisionCounts } from "./counters.ts";
import {
  CODE_CLASS_COLUMN,
  CODE_CLASSES,
  EDGE_COUNTERS,
  EdgeColumn,
  type EdgeCounts,
  type EdgeKey,
  sumRevisions,
} from "./edge-table.ts";
import { GRPC_STATUSES, type GrpcCalls } from "./grpc-calls.ts";
import type { Handshakes } from "./handshakes.ts";
import { BOUNDS_MS, BUCKETS } from "./histogram.ts";
import type { OwnAnswers } from "./own-answers.ts";
import type { ShadowCounts } from "./shadow-table.ts";

export type ProxyFacts = {
  readonly isReady: boolean;
  readonly revision: string;
  /** notAfter of the SVID in seconds since the epoch; undefined without one. */
  readonly svidNotAfterSeconds: number | undefined;
  readonly isSvidExpired: boolean;
  readonly isControllerConnected: boolean | undefined;
};

type Totals = {
  readonly edges: readonly EdgeCounts[];
  readonly pastEdges: readonly EdgeCounts[];
  readonly ownAnswers: readonly OwnAnswers[];
  readonly shadows: readonly ShadowCounts[];
  readonly grpcCalls: readonly GrpcCalls[];
  readonly handshakes: readonly Handshakes[];
  readonly counters: Float64Array;
};

const COUNTERS: readonly (readonly [name: string, counter: Counter, kind: "counter" | "gauge", help: string])[] = [
  ["regomesh_requests_total", Counter.requests, "counter", "Requests that ended, of every kind."],
  ["regomesh_requests_refused_total", Counter.refused, "counter", "Requests that a policy denied or limited."],
  [
    "regomesh_requests_invalid_total",
    Counter.invalid,
    "counter",
    "Requests that broke the protocol, or whose client left.",
  ],
  ["regomesh_retries_total", Counter.retries, "counter", "Tries after the first one."],
  ["regomesh_downstream_connections_total", Counter.connectionsOpened, "counter", "Connections of clients."],
  ["regomesh_downstream_connections", Counter.connectionsOpen, "gauge", "Connections of clients that are open."],
  ["regomesh_upstream_connections_total", Counter.upstreamOpened, "counter", "Connections to endpoints."],
  ["regomesh_upstream_connections", Counter.upstreamOpen, "gauge", "Connections to endpoints that are open."],
  ["regomesh_handshake_failures_total", Counter.handshakeFailures, "counter", "Peers that did not prove who they are."],
  [
    "regomesh_policy_builtin_errors_total",
    Counter.builtinErrors,
    "counter",
    "Built-in errors; each made its expression undefined.",
  ],
  ["regomesh_policy_faults_total", Counter.policyFaults, "counter", "Entrypoints that gave no usable answer."],
  [
    "regomesh_decisions_dropped_total",
    Counter.decisionsDropped,
    "counter",
    "Decisions that were not kept for reports.",
  ],
  [
    "regomesh_policy_over_budget_total",
    Counter.overBudget,
    "counter",
    "Decisions that took more than the budget that their rules' metadata say.",
  ],
  [
    "regomesh_log_lines_dropped_total",
    Counter.logLinesDropped,
    "counter",
    "Access log lines that the disk did not take, or not in time.",
  ],
  ["regomesh_mirrors_total", Counter.mirrors, "counter", "Copies of requests that were sent."],
  [
    "regomesh_mirrors_dropped_total",
    Counter.mirrorsDropped,
    "counter",
    "Copies that were not sent, for want of a connection or because the content was too large.",
  ],
  [
    "regomesh_internal_faults_total",
    Counter.internalFaults,
    "counter",
    "Faults of the proxy itself; each ended a connection.",
  ],
];

export function printMetrics(totals: Totals, facts: ProxyFacts | undefined): string {
  const { edges, pastEdges, ownAnswers, shadows, grpcCalls, handshakes, counters } = totals;
  const lines: string[] = [];
  for (const [name, counter, kind, help] of COUNTERS) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, `${name} ${counters[counter] ?? 0}`);
  }
  printDecisions(counters, lines);
  // A series a revision would grow without end: what the revisions did apart, the controller is told.
  printEdges(sumRevisions([...edges, ...pastEdges]), lines);
  printOwnAnswers(ownAnswers, lines);
  printShadows(shadows, lines);
  printGrpcCalls(grpcCalls, lines);
  printHandshakes(handshakes, lines);
  if (facts !== undefined) printFacts(facts, lines);
  return `${lines.join("\n")}\n`;
}

function printDecisions(counters: Float64Array, lines: string[]): void {
  const name = "regomesh_policy_duration_seconds";
  lines.push(`# HELP ${name} Time of one decision.`, `# TYPE ${name} histogram`);
  // The decisions' histogram counts microseconds where the bounds say milliseconds.
  printHistogram(name, "", decisionCounts(counters), 0, 1e-6, lines);
}

function printEdges(edges: readonly EdgeCounts[], lines: string[]): void {
  const requests = "regomesh_edge_requests_total";
  lines.push(`# HELP ${requests} Requests between two services, by how they ended.`, `# TYPE ${requests} counter`);
  for (const edge of edges) {
    for (const result of ["success", "failures", "denied", "limited"] as const) {
      const count = edge.counts[EdgeColumn[result]] ?? 0;
      lines.push(`${requests}{${labels(edge)},result="${result}"} ${count}`);
    }
  }
  const responses = "regomesh_edge_responses_total";
  lines.push(`# HELP ${responses} Responses to clients by the class of their status.`, `# TYPE ${responses} counter`);
  for (const edge of edges) {
    for (const [index, codeClass] of CODE_CLASSES.entries()) {
      const count = edge.counts[CODE_CLASS_COLUMN + index] ?? 0;
      // Most edges have seen two of them: a series that only says 0 costs every scrape.
      if (count > 0) lines.push(`${responses}{${labels(edge)},code_class="${codeClass}"} ${count}`);
    }
  }
  const duration = "regomesh_edge_duration_seconds";
  lines.push(`# HELP ${duration} Time from the request's head to the response's end.`, `# TYPE ${duration} histogram`);
  for (const edge of edges) printHistogram(duration, labels(edge), edge.counts, EDGE_COUNTERS, 1e-3, lines);
}

function printOwnAnswers(answers: readonly OwnAnswers[], lines: string[]): void {
  const name = "regomesh_own_answers_total";
  lines.push(
    `# HELP ${name} Requests that the mesh itself answered or ended, by the reason.`,
    `# TYPE ${name} counter`,
  );
  for (const answer of answers) lines.push(`${name}{${labels(answer)},reason="${answer.reason}"} ${answer.count}`);
}

function printShadows(shadows: readonly ShadowCounts[], lines: string[]): void {
  const name = "regomesh_shadow_decisions_total";
  lines.push(
    `# HELP ${name} Decisions of bindings in shadow, by what they would have changed.`,
    `# TYPE ${name} counter`,
  );
  for (const { direction, binding, entrypoint, decisions, changes } of shadows) {
    const label = `direction="${direction}",binding="${escapeLabel(binding)}",entrypoint="${escapeLabel(entrypoint)}"`;
    const changed = SHADOW_CHANGES.reduce((sum, change) => sum + changes[change], 0);
    lines.push(`${name}{${label},would="same"} ${decisions - changed}`);
    for (const change of SHADOW_CHANGES) lines.push(`${name}{${label},would="${change}"} ${changes[change]}`);
  }
}

function printGrpcCalls(calls: readonly GrpcCalls[], lines: string[]): void {
  if (calls.length === 0) return;
  const labelled = calls.map((call) => {
    return { ...call, label: `direction="${call.direction}",method="${escapeLabel(call.method)}"` };
  });
  const total = "regomesh_grpc_calls_total";
  const help = "Calls of gRPC by their status; those whose methods are not told apart have none.";
  lines.push(`# HELP ${total} ${help}`, `# TYPE ${total} counter`);
  for (const { label, counts } of labelled) {
    for (let status = 0; status < GRPC_STATUSES; status++) {
      const count = counts[status] ?? 0;
      if (count > 0) lines.push(`${total}{${label},grpc_status="${status}"} ${count}`);
    }
  }
  const duration = "regomesh_grpc_call_duration_seconds";
  lines.push(`# HELP ${duration} Time from a call's head to its end.`, `# TYPE ${duration} histogram`);
  for (const { label, counts } of labelled) printHistogram(duration, label, counts, GRPC_STATUSES, 1e-3, lines);
}

function printHandshakes(handshakes: readonly Handshakes[], lines: string[]): void {
  if (handshakes.length === 0) return;
  const total = "regomesh_handshakes_total";
  lines.push(`# HELP ${total} Handshakes of mutual TLS by peer and what they agreed on.`, `# TYPE ${total} counter`);
  for (const { count, ...key } of handshakes) {
    const label = Object.entries(key).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
    lines.push(`${total}{${label.join(",")}} ${count}`);
  }
}

function printFacts(facts: ProxyFacts, lines: string[]): void {
  const gauge = (name: string, help: string, value: string): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, value);
  };
  gauge(
    "regomesh_ready",
    "1 where /readyz says yes: identity, policy and endpoints are there.",
    `regomesh_ready ${facts.isReady ? 1 : 0}`,
  );
  const revision = `regomesh_revision_info{revision="${escapeLabel(facts.revision)}"} 1`;
  gauge("regomesh_revision_info", "The revision in force.", revision);
  if (facts.svidNotAfterSeconds !== undefined) {
    const name = "regomesh_svid_not_after_timestamp_seconds";
    gauge(name, "When the SVID ends.", `${name} ${facts.svidNotAfterSeconds}`);
    const expired = "regomesh_svid_expired";
    gauge(expired, "1 where the SVID has ended: no peer takes it.", `${expired} ${facts.isSvidExpired ? 1 : 0}`);
  }
  if (facts.isControllerConnected !== undefined) {
    const name = "regomesh_controller_connected";
    gauge(name, "1 while the snapshot stream is open.", `${name} ${facts.isControllerConnected ? 1 : 0}`);
  }
}

/** Cumulative, as the format asks; the sum is estimated from the bounds. */
function printHistogram(
  name: string,
  label: string,
  counts: Float64Array,
  offset: number,
  unit: number,
  lines: string[],
): void {
  const prefix = label === "" ? "" : `${label},`;
  let seen = 0;
  let sum = 0;
  for (let i = 0; i < BUCKETS; i++) {
    const count = counts[offset + i] ?? 0;
    const bound = BOUNDS_MS[i] ?? 0;
    seen += count;
    if (Number.isFinite(bound)) sum += count * bound * unit * 0.8;
    const le = Number.isFinite(bound) ? String(Number((bound * unit).toPrecision(6))) : "+Inf";
    lines.push(`${name}_bucket{${prefix}le="${le}"} ${seen}`);
  }
  const braces = label === "" ? "" : `{${label}}`;
  lines.push(`${name}_sum${braces} ${sum}`, `${name}_count${braces} ${seen}`);
}

function labels(edge: EdgeKey): string {
  const { direction, peerService, peerPrincipal, service, subset, mtls } = edge;
  return [
    `direction="${direction}"`,
    `peer_service="${escapeLabel(peerService)}"`,
    `peer_principal="${escapeLabel(peerPrincipal)}"`,
    `service="${escapeLabel(service)}"`,
    `subset="${escapeLabel(subset)}"`,
    `mtls="${mtls}"`,
  ].join(",");
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}
