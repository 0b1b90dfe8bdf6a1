/**
 * What a controller that has just started does not know yet: who else is there. For a while it takes
 * from nobody an endpoint of which it does not know that it is gone, and what the one before it has kept
 * of its proxies counts like a stream. That while is over once none of those that were connected then has
 * come back for as long as they need to, and in no case before or after its bounds: on a machine that is busy
 * the last of five thousand is back after a minute, and one that is gone holds nothing up for longer than that.
 */
import { RESTART_LEASE_MS } from "./roster.ts";

export type Learning = {
  /** When the controller started. */
  readonly fromMs: number;
  readonly untilMs: number;
};

/** Who is not back by then is told to nobody until he is, however many others still come. */
const LEARNS_MAX_MS = 120_000;

export function beginLearning(nowMs: number): Learning {
  return { fromMs: nowMs, untilMs: nowMs + RESTART_LEASE_MS };
}

/** One of those that were connected before the start is back: the others are as late as this one. */
export function noteBack(learning: Learning | undefined, nowMs: number): Learning | undefined {
  if (learning === undefined) return undefined;
  const { fromMs, untilMs } = learning;
  return { fromMs, untilMs: Math.max(untilMs, Math.min(nowMs + RESTART_LEASE_MS, fromMs + LEARNS_MAX_MS)) };
}

/** It as it goes on; undefined once it is over. `isComplete`: all that were connected before are back. */
export function settleLearning(
  learning: Learning | undefined,
  isComplete: boolean,
  nowMs: number,
): Learning | undefined {
  if (learning === undefined) return undefined;
  // Where the clock was put back, neither is further away than it ever was.
  const fromMs = Math.min(learning.fromMs, nowMs);
  const least = fromMs + RESTART_LEASE_MS;
  const untilMs = Math.min(learning.untilMs, nowMs + RESTART_LEASE_MS, isComplete ? least : Number.POSITIVE_INFINITY);
  if (untilMs <= nowMs) return undefined;
  return fromMs === learning.fromMs && untilMs === learning.untilMs ? learning : { fromMs, untilMs };
}
