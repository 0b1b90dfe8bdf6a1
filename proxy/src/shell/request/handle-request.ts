/**
 * What both listeners do before the policy is asked: the path is normalised once, the
 * head that goes on is written, and everything after looks at those bytes.
 */

import { HeadTable, KnownField, type LimitDecision, type PolicyDecision } from "@regomesh/policy-runtime";
import { type Decider, deciderOf } from "../../decide/authorize.ts";
import type { BoundPolicy, BoundRef } from "../../decide/bound-policy.ts";
import { type FoldedAuthority, foldAuthority } from "../../http1/authority.ts";
import { FieldEdits } from "../../http1/field-edits.ts";
import { type Head, TargetForm } from "../../http1/head.ts";
import { headRoom, type Span, writeRequestHead } from "../../http1/head-writer.ts";
import { Method } from "../../http1/method.ts";
import { applyLimits } from "../../limit/apply-limits.ts";
import { Counter } from "../../metrics/counters.ts";
import { PathNormaliser, PathOutcome } from "../../path/normalise-path.ts";
import { refusedPath } from "../../path/refused-path.ts";
import type { InForce } from "../../snapshot/in-force.ts";
import type { Downstream } from "../downstream/downstream.ts";
import { refusalAnswer } from "./answer.ts";
import { printRules } from "./explain.ts";

/** Used by one request at a time, from its head to its decision, which is one call. */
export const edits = new FieldEdits();
/** Spans of the head that was written last, as the policy is handed them. */
const table = new HeadTable();
const normaliser = new PathNormaliser();
const VALID_REQUEST_ID = /^[A-Za-z0-9._~+/=:@-]{1,128}$/;

/** The target as it goes on: undefined where it stays, "refused" where it was answered. */
export function normalisePath(downstream: Downstream, head: Head, inForce: InForce): Span | undefined | "refused" {
  if (head.targetForm === TargetForm.asterisk || head.pathStart === head.pathEnd) return undefined;
  const level = inForce.workload.pathLevel;
  const { bytes, pathStart, pathEnd } = head;
  const fault = refusedPath(level, bytes, pathStart, pathEnd);
  if (fault !== undefined) {
    describe(downstream, head);
    downstream.respond("bad_path", fault);
    return "refused";
  }
  const outcome = normaliser.normalise(level, bytes, pathStart, pathEnd);
  if (outcome === PathOutcome.unchanged) return undefined;
  if (outcome === PathOutcome.changed) return normaliser;
  describe(downstream, head);
  downstream.respond("bad_path", "the path cannot be normalised");
  return "refused";
}

const folded: FoldedAuthority = { bytes: new Uint8Array(256), start: 0, end: 0 };

/**
 * The authority in the one spelling that policies, routing and the next hop see, undefined where
 * the received one is it; `isRouted` where the mesh routes by it. Holds until it is asked again.
 */
export function foldedAuthority(head: Head, isRouted: boolean): Span | undefined {
  const { bytes, authorityStart, authorityEnd } = head;
  if (folded.bytes.length < authorityEnd - authorityStart) folded.bytes = new Uint8Array(authorityEnd - authorityStart);
  return foldAuthority(bytes, authorityStart, authorityEnd, isRouted, folded) ? folded : undefined;
}

/** Method and target for the record of a request whose head was never written. */
export function describe(downstream: Downstream, head: Head): void {
  downstream.record.method = head.methodText();
  downstream.record.path = head.pathText();
}

/** True where the request ends here, because its Max-Forwards is used up. */
export function answersItself(downstream: Downstream, head: Head): boolean {
  if (head.maxForwards !== 0) return false;
  describe(downstream, head);
  if (head.method === Method.options) downstream.answer({ status: 200, fields: [], body: "" });
  else downstream.respond("not_implemented", "TRACE is not answered by the proxy");
  return true;
}

/** Prepares `edits` with the request's id, the client's where it has a usable one. */
export function settleRequestId(downstream: Downstream, head: Head): void {
  const index = head.indexOf(KnownField.requestId);
  const given = index < 0 ? undefined : head.valueText(index);
  if (given !== undefined && VALID_REQUEST_ID.test(given) && (head.repeated & (1 << KnownField.requestId)) === 0) {
    downstream.record.requestId = given;
    return;
  }
  const { requestIds } = downstream.thread;
  downstream.record.requestId = requestIds.next();
  edits.drop |= 1 << KnownField.requestId;
  edits.addLines(requestIds.lines);
}

/** Writes the head that goes on into a slab that the exchange holds; `isAsked`: a policy is to decide about it. */
export function writeHead(
  downstream: Downstream,
  head: Head,
  target: Span | undefined,
  authority: Span | undefined,
  isAsked = false,
): void {
  const slab = downstream.thread.slabs.take(headRoom(head, edits, target, authority));
  const end = writeRequestHead(slab, 0, head, edits, target, authority, isAsked ? table : undefined);
  downstream.exchange.hold(slab, end);
}

/** Asks everything that is bound in one call. */
export function ask(downstream: Downstream, bound: BoundPolicy): PolicyDecision {
  const { exchange, record, thread } = downstream;
  const { policy } = bound;
  policy.setConnection(downstream.context);
  const beganMs = thread.monoMs();
  const decision = policy.decide(
    exchange.head as Buffer,
    exchange.headEnd,
    table,
    bound.mask,
    record.requestId,
    thread.wallMs(),
  );
  record.policyMs = thread.monoMs() - beganMs;
  thread.counters.decided(record.policyMs);
  if (decision.builtinErrors > 0) {
    record.builtinErrors = decision.builtinErrors;
    thread.counters.add(Counter.builtinErrors, decision.builtinErrors);
  }
  return decision;
}

/** Counts the limits that the policy asks for, all units' together: a refused request takes of none. True where it was refused. */
export function isLimited(
  downstream: Downstream,
  decision: PolicyDecision,
  refs: readonly BoundRef[],
  inForce: InForce,
): boolean {
  const { thread, record } = downstream;
  const limits: LimitDecision[] = [];
  const askedBy: BoundRef[] = [];
  for (const ref of refs) {
    const { bit, bound } = ref;
    const outcome = decision.limits(bit);
    if (outcome.kind === "undefined") continue;
    if (outcome.kind === "fault") {
      thread.counters.add(Counter.policyFaults);
      if (bound.onFault === "allow") continue;
      refuseWithRules(downstream, decision, { decider: deciderOf(bound), refs: [ref] }, () =>
        downstream.respond(outcome.fault, outcome.message),
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
  refuseWithRules(downstream, decision, { decider: deciderOf(bound), refs: [ref] }, () => {
    if (verdict.kind === "unsupported") return downstream.respond("limit_unsupported", verdict.detail);
    record.entrypoint = bound.name;
    const { retryAfterMs } = verdict;
    const fields =
      retryAfterMs === undefined ? [] : [["retry-after", String(Math.max(1, Math.ceil(retryAfterMs / 1000)))] as const];
    downstream.answer(refusalAnswer(downstream, "rate_limited", `limit ${verdict.key}`, { fields }));
  });
  return true;
}

/** Who decided, and the entrypoints whose rules say why. */
export type Decided = { readonly decider: Decider; readonly refs: readonly BoundRef[] };

/** Keeps the rules that made the decision for the record before its storage is used again. */
export function refuseWithRules(
  downstream: Downstream,
  decision: PolicyDecision,
  { decider, refs }: Decided,
  refuse: () => void,
): void {
  const { record, thread } = downstream;
  record.entrypoint = decider.entrypoint;
  if (thread.decisions.wantsRefused) record.rules = printRules(decision, decider, refs);
  refuse();
}

/** As refuseWithRules, of a request that goes on: the last entrypoint is the one that speaks for the workload itself. */
export function keepRules(downstream: Downstream, decision: PolicyDecision, refs: readonly BoundRef[]): void {
  const { record, thread } = downstream;
  const last = refs.at(-1);
  if (last === undefined) return;
  if (record.entrypoint === "") record.entrypoint = last.bound.name;
  if (thread.decisions.wantsAllowed) record.rules = printRules(decision, deciderOf(last.bound), refs);
}
