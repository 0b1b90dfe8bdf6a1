/**
 * What bindings in shadow would have changed. Each is looked at as if it alone were enforced
 * beside what is: so the rank of its tier counts, and a shadow that no request would feel
 * changes nothing. Nothing follows from it but the record.
 */
import type { PolicyDecision, RouteDecision } from "@regomesh/policy-runtime";
import { applyLimits } from "../limit/apply-limits.ts";
import type { BucketTable } from "../limit/token-bucket.ts";
import { type Authorization, authorize } from "./authorize.ts";
import type { BoundPolicy, BoundRef, Shadow } from "./bound-policy.ts";

/** `break`: the request would have failed, since the policy gave no usable answer. */
export const SHADOW_CHANGES = ["allow", "deny", "limit", "route", "break"] as const;
export type ShadowChange = (typeof SHADOW_CHANGES)[number];

export type ShadowDifference = { readonly shadow: Shadow; readonly would: ShadowChange };

export type ShadowContext = {
  readonly authorization: Authorization;
  readonly defaultVerdict: "deny" | "allow";
  /** Limits in shadow count in buckets of their own. */
  readonly buckets: BucketTable;
  readonly principal: string;
  readonly nowMs: number;
};

const NONE: readonly ShadowDifference[] = [];

/** What each shadow of a policy would have changed about a decision; those that would change nothing are not listed. */
export function compareShadows(
  decision: PolicyDecision,
  bound: BoundPolicy,
  context: ShadowContext,
): readonly ShadowDifference[] {
  let found: ShadowDifference[] | undefined;
  for (const shadow of bound.shadows) {
    const would = changeOf(shadow, decision, bound, context);
    if (would === undefined) continue;
    found ??= [];
    found.push({ shadow, would });
  }
  return found ?? NONE;
}

function changeOf(
  shadow: Shadow,
  decision: PolicyDecision,
  bound: BoundPolicy,
  context: ShadowContext,
): ShadowChange | undefined {
  const { authorization, defaultVerdict } = context;
  switch (shadow.ref.bound.kind) {
    case "authz": {
      const would = verdictOf(authorize(decision, shadow.authz, defaultVerdict));
      return would === verdictOf(authorization) ? undefined : would;
    }
    case "limits":
      return authorization.kind === "permitted" ? limitChange(shadow.ref, decision, context) : undefined;
    case "route":
      return authorization.kind === "permitted" ? routeChange(shadow, decision, bound) : undefined;
  }
}

function verdictOf(authorization: Authorization): "allow" | "deny" | "break" {
  if (authorization.kind === "permitted") return "allow";
  const { reason } = authorization.refusal;
  return reason === "denied" || reason === "default_deny" ? "deny" : "break";
}

function limitChange(
  { bit, bound }: BoundRef,
  decision: PolicyDecision,
  { buckets, principal, nowMs }: ShadowContext,
): ShadowChange | undefined {
  const outcome = decision.limits(bit);
  if (outcome.kind === "undefined") return undefined;
  if (outcome.kind === "fault") return bound.onFault === "allow" ? undefined : "break";
  const scope = `${principal} in shadow of ${bound.binding}`;
  const verdict = applyLimits(buckets, scope, outcome.value, nowMs);
  if (verdict.kind === "within") return undefined;
  return verdict.kind === "over" ? "limit" : "break";
}

function routeChange(shadow: Shadow, decision: PolicyDecision, bound: BoundPolicy): ShadowChange | undefined {
  const would = firstRoute(decision, shadow.routes);
  const is = firstRoute(decision, bound.routes);
  if (would === "break") return is === "break" ? undefined : "break";
  return JSON.stringify(would) === JSON.stringify(is) ? undefined : "route";
}

function firstRoute(decision: PolicyDecision, refs: readonly BoundRef[]): RouteDecision | undefined | "break" {
  for (const { bit } of refs) {
    const outcome = decision.route(bit);
    if (outcome.kind === "defined") return outcome.value;
    if (outcome.kind === "fault") return "break";
  }
  return undefined;
}
