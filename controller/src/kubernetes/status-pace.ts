/**
 * How often one object's status is written, as a value. What people wait for is written at once, a few times in a
 * row; who changes an object all the time has it written every five seconds, and counts alone never more often.
 */
/** As the status was written last: then so many writes were left that need not wait. */
export type Pace = { readonly lastMs: number; readonly left: number };

/** A change has two: it is accepted, and it is programmed. */
const BURST = 4;
const EVERY_MS = 5000;
const LEAST_MS = 500;

export const NEVER_WRITTEN: Pace = { lastMs: Number.NEGATIVE_INFINITY, left: BURST };

/** When it may be written next: what people wait for, or counts alone. */
export function dueAtMs({ lastMs, left }: Pace, isUrgent: boolean): number {
  if (!isUrgent) return lastMs + EVERY_MS;
  return lastMs + Math.max(LEAST_MS, (1 - left) * EVERY_MS);
}

/** It is as if it had never been written. */
export function isRested({ lastMs }: Pace, nowMs: number): boolean {
  return nowMs - lastMs > BURST * EVERY_MS;
}

/** Once it has been written. */
export function wrote({ lastMs, left }: Pace, nowMs: number): Pace {
  return { lastMs: nowMs, left: Math.min(BURST, left + (nowMs - lastMs) / EVERY_MS) - 1 };
}
