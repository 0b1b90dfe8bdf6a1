/** What is kept of a request when it has ended: counters, the access log's line, and of some the decision. */
import { clip, maskTarget } from "@regomesh/base";
import type { DecisionReport } from "@regomesh/protocol";
import { asHttpStatus, GrpcStatus } from "../../grpc/status.ts";
import { Counter } from "../../metrics/counters.ts";
import { printDecisionId } from "../../record/decision-id.ts";
import { readFields } from "../../record/head-fields.ts";
import type { ClientRequest } from "./client-request.ts";
import { LOGGED_PATH_BYTES_MAX, writeJsonLine } from "./json-line.ts";
import type { RequestRecord } from "./request-record.ts";
import { writeTextLine } from "./text-line.ts";

const SPACE = 0x20;
/** Of a line beside head, rules and detail. */
const LINE_BYTES = 1024;
/** Of a shadow's note beside its names. */
const SHADOW_WORDS = 20;
/** More of what was wrong than anyone reads. */
const DETAIL_LENGTH_MAX = 512;

export function recordRequest(request: ClientRequest, direction: "inbound" | "outbound"): void {
  const { record, thread, exchange } = request;
  const { counters } = thread;
  const edge = exchange.movedTo?.edge ?? record.edge;
  counters.add(Counter.requests);
  const isRefused = record.verdict === "denied" || record.verdict === "limited";
  if (isRefused) counters.add(Counter.refused);
  if (record.verdict === "invalid") counters.add(Counter.invalid);
  if (edge >= 0 && record.verdict !== "invalid") {
    record.inForce?.counts.count(edge, record.verdict, statusOf(record), record.durationMs);
  }
  if (request.isCall && record.verdict !== "invalid") countCall(request, direction);
  if (record.reason !== "") thread.ownAnswers.count(direction, edge, record.reason);
  writeLine(request, direction);
  if (record.verdict === "invalid") return;
  if (isWanted(request)) thread.decisions.add(decisionReport(request, direction));
  else {
    thread.decisions.drop();
    counters.add(Counter.decisionsDropped);
  }
}

/** A call fails on HTTP's 200. */
function statusOf({ status, grpcStatus }: RequestRecord): number {
  return grpcStatus > 0 && status === 200 ? asHttpStatus(grpcStatus) : status;
}

function countCall(request: ClientRequest, direction: "inbound" | "outbound"): void {
  const { record, thread } = request;
  const { path } = methodAndPath(request);
  const status = record.verdict === "abandoned" ? GrpcStatus.cancelled : record.grpcStatus;
  const query = path.indexOf("?");
  const isAnswered = !record.isLocal && status >= 0 && status !== GrpcStatus.unimplemented;
  thread.grpcCalls.count(direction, query < 0 ? path : path.slice(0, query), isAnswered, status, record.durationMs);
}

/** Whether the decision is kept: refusals, what a shadow would have changed, and a few of the rest. */
function isWanted(request: ClientRequest): boolean {
  const { decisions } = request.thread;
  if (verdictOf(request) !== "allowed") return decisions.wantsRefused;
  return decisions.wantsAllowed || (request.record.shadows.length > 0 && decisions.wantsDiffering);
}

function decisionReport(request: ClientRequest, direction: "inbound" | "outbound"): DecisionReport {
  const { record, thread, exchange, context } = request;
  if (record.decisionId === 0) record.decisionId = thread.ids.next();
  const { method, path } = methodAndPath(request);
  const workload = record.inForce?.workload;
  return {
    id: printDecisionId(record.decisionId),
    timeMs: thread.wallMs(),
    direction,
    verdict: verdictOf(request),
    status: record.status,
    reason: record.verdict === "broken" ? record.reason : "",
    detail: record.verdict === "broken" ? clip(record.detail, DETAIL_LENGTH_MAX) : "",
    method,
    path: maskTarget(path),
    sourcePrincipal: direction === "inbound" ? (context.principal ?? "") : (workload?.principal ?? ""),
    destinationService: record.service,
    destinationWorkload: direction === "inbound" ? (workload?.name ?? "") : (exchange.endpoint?.workload ?? ""),
    rules: [...record.rules],
    shadows: [...record.shadows],
    entrypoint: record.entrypoint,
    revision: record.inForce?.counts.revision,
    requestId: record.requestId.text(),
    durationMs: record.durationMs,
    policyNs: record.policyMs * 1e6,
    builtinErrors: record.builtinErrors,
    fields: exchange.head === undefined ? [] : [...readFields(exchange.head, exchange.headEnd)],
    endpoint: exchange.endpoint === undefined ? "" : `${exchange.endpoint.address}:${exchange.endpoint.port}`,
    tries: exchange.endpoint === undefined ? 0 : exchange.tries,
  };
}

/** What became of the request: where the sidecar at the other end refused it, this side's yes is not the verdict. */
function verdictOf({ record, exchange }: ClientRequest): RequestRecord["verdict"] {
  if (record.verdict !== "allowed" || !exchange.isRefusedByPeer) return record.verdict;
  const isLimited = record.status === 429 || record.grpcStatus === GrpcStatus.resourceExhausted;
  return isLimited ? "limited" : "denied";
}

function methodAndPath({ exchange, record }: ClientRequest): { readonly method: string; readonly path: string } {
  const { head, headEnd } = exchange;
  if (head === undefined) return { method: record.method, path: clip(record.path, LOGGED_PATH_BYTES_MAX) };
  const methodEnd = head.indexOf(SPACE);
  const pathEnd = head.indexOf(SPACE, methodEnd + 1);
  if (methodEnd < 0 || pathEnd < 0 || pathEnd > headEnd) return { method: "", path: "" };
  return {
    method: head.toString("latin1", 0, methodEnd),
    path: head.toString("latin1", methodEnd + 1, Math.min(pathEnd, methodEnd + 1 + LOGGED_PATH_BYTES_MAX)),
  };
}

function writeLine(request: ClientRequest, direction: "inbound" | "outbound"): void {
  const { record, thread, exchange, context } = request;
  const { accessLog } = thread;
  if (accessLog === undefined) return;
  const text =
    record.requestId.length + record.detail.length + record.service.length + (context.principal?.length ?? 0);
  const headBytes = exchange.head === undefined ? record.path.length + record.method.length : LOGGED_PATH_BYTES_MAX;
  const writer = accessLog.begin(LINE_BYTES + (text + headBytes + rulesLength(record)) * 6);
  if (writer === undefined) return void thread.counters.add(Counter.logLinesDropped);
  if (accessLog.format === "text") writeTextLine(writer, request, direction);
  else writeJsonLine(writer, request, direction);
  accessLog.done();
}

function rulesLength({ rules, shadows }: RequestRecord): number {
  let length = 0;
  if (rules.length === 0 && shadows.length === 0) return length;
  for (const { binding, entrypoint } of shadows) length += binding.length + entrypoint.length + SHADOW_WORDS;
  for (const rule of rules) length += rule.length + 3;
  return length;
}
