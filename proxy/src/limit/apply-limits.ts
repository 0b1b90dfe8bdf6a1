/** Counts the limits that a policy asked for: all are taken, or none. */
import type { LimitDecision } from "@regomesh/policy-runtime";
import { type BucketTable, giveBackTokens, hashLimitKey, takeTokens, WINDOW_MS_MAX } from "./token-bucket.ts";

export type LimitVerdict =
  | { readonly kind: "within" }
  /** `index`: of the limit that refuses. `retryAfterMs` is undefined where no wait helps. */
  | { readonly kind: "over"; readonly retryAfterMs: number | undefined; readonly key: string; readonly index: number }
  | { readonly kind: "unsupported"; readonly detail: string; readonly index: number };

const WITHIN: LimitVerdict = { kind: "within" };

/** `scope` tells apart what one key means to different workloads; `nowMs` counts from the table's epoch. */
export function applyLimits(
  table: BucketTable,
  scope: string,
  limits: readonly LimitDecision[],
  nowMs: number,
): LimitVerdict {
  for (let index = 0; index < limits.length; index++) {
    const limit = limits[index] as LimitDecision;
    const verdict = take(table, scope, limit, index, nowMs);
    if (verdict === WITHIN) continue;
    for (let taken = 0; taken < index; taken++) {
      const other = limits[taken] as LimitDecision;
      giveBackTokens(table, hashLimitKey(table, scope, other.key, other.limit, other.windowMs), other, nowMs);
    }
    return verdict;
  }
  return WITHIN;
}

function take(table: BucketTable, scope: string, limit: LimitDecision, index: number, nowMs: number): LimitVerdict {
  const { key } = limit;
  if (limit.scope === "global") return { kind: "unsupported", detail: `limit ${key} is global`, index };
  if (limit.windowMs > WINDOW_MS_MAX) {
    return { kind: "unsupported", detail: `limit ${key} has a window above a day`, index };
  }
  if (limit.cost <= 0) return WITHIN;
  if (limit.limit <= 0) return { kind: "over", retryAfterMs: undefined, key, index };
  const waitMs = takeTokens(table, hashLimitKey(table, scope, key, limit.limit, limit.windowMs), limit, nowMs);
  if (waitMs === 0) return WITHIN;
  return { kind: "over", retryAfterMs: Number.isFinite(waitMs) ? waitMs : undefined, key, index };
}
