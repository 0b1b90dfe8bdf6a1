/** What is kept of a request when it has ended: counters, the access log's line, and of some the decision. */
import { clip, maskTarget } from "@regomesh/base";
import type { DecisionReport } from "@regomesh/protocol";
import { asHttpStatus, GrpcStatus } from "../../grpc/status.ts";
import { Counter } from "../../metrics/counters.ts";
import type { ByteWriter } from "../../record/byte-writer.ts";
import { printDecisionId } from "../../record/decision-id.ts";
import { readFields } from "../../record/head-fields.ts";
import type { ClientRequest } from "./client-request.ts";
import type { RequestRecord } from "./request-record.ts";
import { writeTextLine } from "./text-line.ts";

const SPACE = 0x20;
/** Of a line beside head, rules and detail. */
const LINE_BYTES = 1024;
/** Of a shadow's note beside its names. */
const SHADOW_WORDS = 20;
/** More of what was wrong than anyone reads. */
const DETAIL_LENGTH_MAX = 512;
/** More of a path than anyone reads. */
const PATH_BYTES_MAX = 2048;

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
  const isAnswered = !record.isLocal && status >= 0 && status !== GrpcStatus.unimplemented;
  thread.grpcCalls.count(direction, path.replace(/\?.*/, ""), isAnswered, status, record.durationMs);
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
    requestId: record.requestId,
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
  if (head === undefined) return { method: record.method, path: clip(record.path, PATH_BYTES_MAX) };
  const methodEnd = head.indexOf(SPACE);
  const pathEnd = head.indexOf(SPACE, methodEnd + 1);
  if (methodEnd < 0 || pathEnd < 0 || pathEnd > headEnd) return { method: "", path: "" };
  return {
    method: head.toString("latin1", 0, methodEnd),
    path: head.toString("latin1", methodEnd + 1, Math.min(pathEnd, methodEnd + 1 + PATH_BYTES_MAX)),
  };
}

function writeLine(request: ClientRequest, direction: "inbound" | "outbound"): void {
  const { record, thread, exchange, context } = request;
  const { accessLog } = thread;
  if (accessLog === undefined) return;
  const { head } = exchange;
  const text =
    record.requestId.length + record.detail.length + record.service.length + (context.principal?.length ?? 0);
  const headBytes = head === undefined ? record.path.length + record.method.length : PATH_BYTES_MAX;
  const writer = accessLog.begin(LINE_BYTES + (text + headBytes + rulesLength(record)) * 6);
  if (writer === undefined) return void thread.counters.add(Counter.logLinesDropped);
  if (accessLog.format === "text") {
    writeTextLine(writer, request, direction, () => writeTarget(writer, request, " "));
    accessLog.done();
    return;
  }
  writer.ascii(lineStart(thread.wallMs(), direction));
  writer.jsonText(record.requestId);
  writer.ascii('","method":"');
  writeTarget(writer, request, '","path":"');
  writer.ascii('","status":');
  writer.integer(record.status);
  if (record.grpcStatus >= 0) {
    writer.ascii(',"grpcStatus":');
    writer.integer(record.grpcStatus);
  }
  writer.ascii(',"verdict":"');
  writer.ascii(record.verdict);
  writeReason(writer, record);
  const source = direction === "inbound" ? (context.principal ?? "") : (record.inForce?.workload.principal ?? "");
  writer.ascii(record.between.of(source, record.service, exchange.endpoint));
  if (exchange.endpoint !== undefined) {
    writer.integer(exchange.tries);
    writer.ascii(',"bytesIn":');
  } else writer.ascii('"bytesIn":');
  writer.integer(record.bytesIn);
  writer.ascii(',"bytesOut":');
  writer.integer(record.bytesOut);
  writer.ascii(',"durationMs":');
  writer.thousandths(record.durationMs);
  writer.ascii(',"policyUs":');
  writer.thousandths(record.policyMs * 1000);
  writer.ascii(',"revision":"');
  writer.jsonText(record.inForce?.snapshot.revision.name ?? "");
  writer.ascii('"}\n');
  accessLog.done();
}

function writeTarget(writer: ByteWriter, { exchange, record }: ClientRequest, between: string): void {
  const { head, headEnd } = exchange;
  if (head === undefined) {
    writer.jsonText(record.method);
    writer.ascii(between);
    return void writer.jsonText(record.path);
  }
  let at = 0;
  while (at < headEnd && head[at] !== SPACE) writer.jsonByte(head[at++] as number);
  writer.ascii(between);
  for (let left = PATH_BYTES_MAX, next = at + 1; left > 0 && head[next] !== SPACE && next < headEnd; left--) {
    writer.jsonByte(head[next++] as number);
  }
}

function writeReason(writer: ByteWriter, record: RequestRecord): void {
  writer.ascii('",');
  if (record.decisionId !== 0) {
    writer.ascii('"decision":"');
    writer.ascii(printDecisionId(record.decisionId));
    writer.ascii('",');
  }
  if (record.reason !== "") {
    writer.ascii('"reason":"');
    writer.ascii(record.reason);
    writer.ascii('","detail":"');
    writer.jsonText(record.detail);
    writer.ascii('",');
  }
  writeShadows(writer, record);
  if (record.rules.length === 0) return;
  writer.ascii('"rules":[');
  for (const [index, rule] of record.rules.entries()) {
    writer.ascii(index === 0 ? '"' : ',"');
    writer.jsonText(rule);
    writer.ascii('"');
  }
  writer.ascii("],");
}

function writeShadows(writer: ByteWriter, { shadows }: RequestRecord): void {
  if (shadows.length === 0) return;
  writer.ascii('"shadow":[');
  for (const [index, { binding, entrypoint, would }] of shadows.entries()) {
    writer.ascii(index === 0 ? '"' : ',"');
    writer.jsonText(`${binding} ${entrypoint} would ${would}`);
    writer.ascii('"');
  }
  writer.ascii("],");
}

function rulesLength({ rules, shadows }: RequestRecord): number {
  let length = 0;
  for (const { binding, entrypoint } of shadows) length += binding.length + entrypoint.length + SHADOW_WORDS;
  for (const rule of rules) length += rule.length + 3;
  return length;
}

let startMs = 0;
let startSecond = 0;
let secondText = "";
const starts = { inbound: "", outbound: "" };

/** A line up to its request's id: made once a millisecond, in which many requests end; its date once a second. */
function lineStart(wallMs: number, direction: "inbound" | "outbound"): string {
  const ms = Math.floor(wallMs);
  if (ms !== startMs) {
    startMs = ms;
    const second = Math.floor(ms / 1000);
    if (second !== startSecond) {
      startSecond = second;
      secondText = new Date(second * 1000).toISOString().slice(0, -4);
    }
    const time = `{"time":"${secondText}${String(ms - second * 1000).padStart(3, "0")}Z","direction":"`;
    starts.inbound = `${time}inbound","requestId":"`;
    starts.outbound = `${time}outbound","requestId":"`;
  }
  return starts[direction];
}
