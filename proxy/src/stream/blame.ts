/** Who failed where the mesh answered by itself; a breaker counts its endpoint's failures alone. */
import type { Reason } from "../filter/reason.ts";
import { type Failed, rescue } from "../filter/rescue.ts";

/** Whose failure a reason is, seen from the proxy that gives it. */
export function blameOf(reason: Reason): Failed {
  return rescue(reason).failed;
}

/** Whether a sidecar refused what another one of the same service may serve: it never reached an application. */
export function mayBeServedElsewhere(reason: Reason): boolean {
  return ELSEWHERE.has(reason);
}

const ELSEWHERE: ReadonlySet<Reason> = new Set(["no_snapshot", "draining", "overloaded", "pool_exhausted"]);
