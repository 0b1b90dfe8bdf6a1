/**
 * What both listeners do before the policy is asked: the path is normalised once, the
 * head that goes on is written, and everything after looks at those bytes.
 */

import { type ConnectionContext, KnownField, type LimitDecision, type PolicyDecision } from "@regomesh/policy-runtime";
import { type Decider, deciderOf } from "../../decide/authorize.ts";
import type { BoundPolicy, BoundRef } from "../../decide/bound-policy.ts";
import { isLoop, PASSES_MAX, type Via, viaLine } from "../../edge/via.ts";
import { foldAuthority } from "../../http1/authority.ts";
import { type Head, TargetForm } from "../../http1/head.ts";
import { headRoom, type Span, writeRequestHead } from "../../http1/head-writer.ts";
import { Method } from "../../http1/method.ts";
import { applyLimits } from "../../limit/apply-limits.ts";
import { Counter } from "../../metrics/counters.ts";
import { PathOutcome } from "../../path/normalise-path.ts";
import { refusedPath } from "../../path/refused-path.ts";
import type { InForce } from "../../snapshot/in-force.ts";
import { refusalAnswer } from "./answer.ts";
import type { ClientRequest } from "./client-request.ts";
import type { Composer } from "./composer.ts";
import { printRules } from "./explain.ts";
import { isRequestId } from "./request-ids.ts";

/** The target as it goes on: undefined where it stays, "refused" where it was answered. */
export function normalisePath(request: ClientRequest, head: Head, inForce: InForce): Span | undefined | "refused" {
  if (head.targetForm === TargetForm.asterisk || head.pathStart === head.pathEnd) return undefined;
  const level = inForce.workload.pathLevel;
  const { bytes, pathStart, pathEnd } = head;
  const fault = refusedPath(level, bytes, pathStart, pathEnd);
  if (fault !== undefined) {
    describe(request, head);
    request.respond("bad_path", fault);
    return "refused";
  }
  const { normaliser } = request.thread.composer;
  const outcome = normaliser.normalise(level, bytes, pathStart, pathEnd);
  if (outcome === PathOutcome.unchanged) return undefined;
  if (outcome === PathOutcome.changed) return normaliser;
  describe(request, head);
  request.respond("bad_path", "the path cannot be normalised");
  return "refused";
}

/**
 * The authority in the one spelling that policies, routing and the next hop see, undefined where
 * the received one is it; `isRouted` where the mesh routes by it. Holds until it is asked again.
 */
export function foldedAuthority({ folded }: Composer, head: Head, isRouted: boolean): Span | undefined {
  const { bytes, authorityStart, authorityEnd } = head;
  if (folded.bytes.length < authorityEnd - authorityStart) folded.bytes = new Uint8Array(authorityEnd - authorityStart);
  return foldAuthority(bytes, authorityStart, authorityEnd, isRouted, folded) ? folded : undefined;
}

/** Method and target for the record of a request whose head was never written. */
export function describe(request: ClientRequest, head: Head): void {
  request.record.method = head.methodText();
  request.record.path = head.pathText();
}

/** True where the request ends here, because its Max-Forwards is used up. */
export function answersItself(request: ClientRequest, head: Head): boolean {
  if (head.maxForwards !== 0) return false;
  describe(request, head);
  if (head.method === Method.options) request.answer({ status: 200, fields: [], body: "" });
  else request.respond("not_implemented", "TRACE is not answered by the proxy");
  return true;
}

/** True where the request ends here, because it goes round; otherwise the edits say that it came this way. */
export function endsLoop(request: ClientRequest, head: Head, via: Via): boolean {
  if (!isLoop(head, via)) {
    request.thread.composer.edits.addLines(viaLine(via, head));
    return false;
  }
  describe(request, head);
  request.respond("loop_detected", `it came this way ${PASSES_MAX} times`);
  return true;
}

/** Prepares the edits with the request's id, the client's where it has a usable one. */
export function settleRequestId(request: ClientRequest, head: Head): void {
  const { requestId } = request.record;
  const at = head.indexOf(KnownField.requestId) * 4;
  if (at >= 0 && (head.repeated & (1 << KnownField.requestId)) === 0) {
    const start = head.spans[at + 2]!;
    const end = head.spans[at + 3]!;
    if (isRequestId(head.bytes, start, end)) return void requestId.take(head.bytes, start, end);
  }
  const { requestIds, composer } = request.thread;
  const { edits } = composer;
  requestIds.next(requestId);
  edits.drop |= 1 << KnownField.requestId;
  edits.addLines(requestIds.lines);
}

/** Writes the head that goes on into a slab that the exchange holds; `isAsked`: a policy is to decide about it. */
export function writeHead(
  request: ClientRequest,
  head: Head,
  target: Span | undefined,
  authority: Span | undefined,
  isAsked = false,
): void {
  const { slabs, composer } = request.thread;
  const { edits, table } = composer;
  const slab = slabs.take(headRoom(head, edits, target, authority));
  const end = writeRequestHead(slab, 0, head, edits, target, authority, isAsked ? table : undefined);
  request.exchange.hold(slab, end);
}

/** Asks everything that is bound in one call; `context`: what is known of the request beside its head. */
export function ask(
  request: ClientRequest,
  bound: BoundPolicy,
  context: ConnectionContext = request.context,
): PolicyDecision {
  const { exchange, record, thread } = request;
  const { policy } = bound;
  policy.setConnection(context);
  const beganMs = thread.clock.freshMs();
  const decision = policy.decide(
    exchange.head as Buffer,
    exchange.headEnd,
    thread.composer.table,
    bound.mask,
    record.requestId,
    thread.wallMs(),
  );
  record.policyMs = thread.clock.freshMs() - beganMs;
  thread.counters.decided(record.policyMs);
  if (decision.builtinErrors > 0) {
    record.builtinErrors = decision.builtinErrors;
    thread.counters.add(Counter.builtinErrors, decision.builtinErrors);
  }
  const { overBudget } = decision;
  if (overBudget > 0) thread.counters.add(Counter.overBudget, overBudget);
  return decision;
}

/** Counts the limits that the policy asks for, all units' together: a refused request takes of none. True where it was refused. */
export function isLimited(
  request: ClientRequest,
  decision: PolicyDecision,
  refs: readonly BoundRef[],
  inForce: InForce,
): boolean {
  const { thread, record } = request;
  const limits: LimitDecision[] = [];
  const askedBy: BoundRef[] = [];
  for (const ref of refs) {
    const { bit, bound } = ref;
    const outcome = decision.limits(bit);
    if (outcome.kind === "undefined") continue;
    if (outcome.kind === "fault") {
      thread.counters.add(Counter.policyFaults);
      if (bound.onFault === "allow") continue;
      refuseWithRules(request, decision, { decider: deciderOf(bound), refs: [ref] }, () =>
        request.respond(outcome.fault, outcome.message),
      );
      return true;
    }
    for (const limit of outcome.value) {
      limits.push(limit);
      askedBy.push(ref);
    }
  }
  if (limits.length === 0) return false;
  const verdict = applyLimits(thread.buckets, inForce.workload.principal, limits, thread.monoMs());
  if (verdict.kind === "within") return false;
  const ref = askedBy[verdict.index] as BoundRef;
  const { bound } = ref;
  refuseWithRules(request, decision, { decider: deciderOf(bound), refs: [ref] }, () => {
    if (verdict.kind === "unsupported") return request.respond("limit_unsupported", verdict.detail);
    record.entrypoint = bound.name;
    const { retryAfterMs } = verdict;
    const fields =
      retryAfterMs === undefined ? [] : [["retry-after", String(Math.max(1, Math.ceil(retryAfterMs / 1000)))] as const];
    request.answer(refusalAnswer(request, "rate_limited", `limit ${verdict.key}`, { fields }));
  });
  return true;
}

/** Who decided, and the entrypoints whose rules say why. */
export type Decided = { readonly decider: Decider; readonly refs: readonly BoundRef[] };

/** Keeps the rules that made the decision for the record before its storage is used again. */
export function refuseWithRules(
  request: ClientRequest,
  decision: PolicyDecision,
  { decider, refs }: Decided,
  refuse: () => void,
): void {
  const { record, thread } = request;
  record.entrypoint = decider.entrypoint;
  if (thread.decisions.wantsRefused) record.rules = printRules(decision, decider, refs);
  refuse();
}

/** As refuseWithRules, of a request that goes on: the last entrypoint is the one that speaks for the workload itself. */
export function keepRules(request: ClientRequest, decision: PolicyDecision, refs: readonly BoundRef[]): void {
  const { record, thread } = request;
  const last = refs.at(-1);
  if (last === undefined) return;
  if (record.entrypoint === "") record.entrypoint = last.bound.name;
  if (thread.decisions.wantsAllowed) record.rules = printRules(decision, deciderOf(last.bound), refs);
}
