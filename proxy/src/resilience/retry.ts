/**
 * May a try that failed be made again? Only where it cannot have been carried out twice
 * with effect, and where its content is still there to be sent.
 */
import type { RetryCondition } from "@regomesh/policy-runtime";

export type TryOutcome =
  /** No connection came about: the endpoint has seen nothing. */
  | { readonly kind: "connect" }
  /** The other end says that it has not begun with the request (GOAWAY, REFUSED_STREAM: RFC 9113, section 8.7). */
  | { readonly kind: "unprocessed" }
  /** The connection broke before the response's head. `isReused`: it may have been idle-closed before our bytes came. */
  | { readonly kind: "reset"; readonly isReused: boolean }
  | { readonly kind: "timeout" }
  /** A call of gRPC ended with UNAVAILABLE before any reply. */
  | { readonly kind: "unavailable" }
  | { readonly kind: "status"; readonly status: number };

export type TryFacts = {
  /** GET, HEAD, OPTIONS, PUT, DELETE, TRACE: twice is as once (RFC 9110 §9.2.2). */
  readonly isIdempotent: boolean;
  /** Content was sent that is no longer here. */
  readonly hasSentContent: boolean;
  readonly triesMade: number;
};

export type RetryVerdict =
  | { readonly kind: "retry" }
  | { readonly kind: "stop"; readonly why: "condition" | "attempts" | "unsafe" };

const RETRY: RetryVerdict = { kind: "retry" };
const STOP_CONDITION: RetryVerdict = { kind: "stop", why: "condition" };
const STOP_ATTEMPTS: RetryVerdict = { kind: "stop", why: "attempts" };
const STOP_UNSAFE: RetryVerdict = { kind: "stop", why: "unsafe" };

/** The verdict before the budget is asked; `statuses`: of responses after which another try is made, beside what `on` covers. */
export function retryVerdict(
  outcome: TryOutcome,
  facts: TryFacts,
  on: readonly RetryCondition[],
  attempts: number,
  statuses: readonly number[] = [],
): RetryVerdict {
  // A kept-alive connection that the other end closed just then (RFC 9112 §9.3.1): once, whatever was configured.
  if (
    outcome.kind === "reset" &&
    outcome.isReused &&
    facts.triesMade === 1 &&
    !facts.hasSentContent &&
    facts.isIdempotent
  ) {
    return RETRY;
  }
  // Nobody has seen it: any request may be sent again, at least once, as long as its content is there.
  if (outcome.kind === "unprocessed") {
    if (facts.hasSentContent) return STOP_UNSAFE;
    return facts.triesMade <= Math.max(1, attempts) ? RETRY : STOP_ATTEMPTS;
  }
  if (!isCovered(outcome, on) && !(outcome.kind === "status" && statuses.includes(outcome.status)))
    return STOP_CONDITION;
  if (facts.triesMade > attempts) return STOP_ATTEMPTS;
  if (facts.hasSentContent) return STOP_UNSAFE;
  // Whoever names that status for a service says that its calls may be made twice.
  if (outcome.kind === "connect" || outcome.kind === "unavailable" || facts.isIdempotent) return RETRY;
  return STOP_UNSAFE;
}

function isCovered(
  outcome: Exclude<TryOutcome, { readonly kind: "unprocessed" }>,
  on: readonly RetryCondition[],
): boolean {
  switch (outcome.kind) {
    case "connect":
      return on.includes("connect");
    case "reset":
      return on.includes("reset");
    case "timeout":
      return on.includes("timeout") || on.includes("gateway-error") || on.includes("5xx");
    case "unavailable":
      return on.includes("unavailable");
    case "status":
      if (on.includes("5xx") && outcome.status >= 500) return true;
      return on.includes("gateway-error") && outcome.status >= 502 && outcome.status <= 504;
  }
}
