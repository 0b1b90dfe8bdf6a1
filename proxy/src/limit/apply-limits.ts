/** Counts the limits that a policy asked for: all are taken, or none. */
import type { LimitDecision } from "@regomesh/policy-runtime";
import { type BucketTable, giveBackTokens, hashLimitKey, takeTokens, WINDOW_MS_MAX } from "./token-bucket.ts";

export type LimitVerdict =
  | { readonly kind: "within" }
  | { readonly kind: "over"; readonly retryAfterMs: number; readonly key: string }
  | { readonly kind: "unsupported"; readonly detail: string };

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
    const verdict = take(table, scope, limit, nowMs);
    if (verdict === WITHIN) continue;
    for (let taken = 0; taken < index; taken++) {
      const other = limits[taken] as LimitDecision;
      giveBackTokens(table, hashLimitKey(scope, other.key, other.limit, other.windowMs), other, nowMs);
    }
    return verdict;
  }
  return WITHIN;
}

function take(table: BucketTable, scope: string, limit: LimitDecision, nowMs: number): LimitVerdict {
  if (limit.scope === "global") return { kind: "unsupported", detail: `limit ${limit.key} is global` };
  if (limit.windowMs > WINDOW_MS_MAX)
    return { kind: "unsupported", detail: `limit ${limit.key} has a window above a day` };
  if (limit.cost <= 0) return WITHIN;
  if (limit.limit <= 0) return { kind: "over", retryAfterMs: limit.windowMs, key: limit.key };
  const hash = hashLimitKey(scope, limit.key, limit.limit, limit.windowMs);
  const waitMs = takeTokens(table, hash, limit, nowMs);
  return waitMs === 0 ? WITHIN : { kind: "over", retryAfterMs: waitMs, key: limit.key };
}
