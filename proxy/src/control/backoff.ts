/** How long to wait before the next attempt: twice as long each time, up to a bound, never in step with others. */
import type { Random } from "@regomesh/base";

export type BackoffSettings = { readonly firstMs: number; readonly maxMs: number };

/** A controller that comes back is found within two seconds; one that is away costs next to nothing. */
export const RECONNECT: BackoffSettings = { firstMs: 100, maxMs: 2000 };

/** Milliseconds before attempt `attempt` (from 1) after as many failures: between half of the step and all of it. */
export function backoffMs(settings: BackoffSettings, attempt: number, random: Random): number {
  const stepMs = Math.min(settings.maxMs, settings.firstMs * 2 ** Math.min(attempt - 1, 30));
  return stepMs / 2 + (random() * stepMs) / 2;
}

/** When to renew what is valid until `notAfterMs`: at half of the time left, a tenth earlier or later, but not at once. */
export function renewAfterMs(nowMs: number, notAfterMs: number, random: Random): number {
  const half = (notAfterMs - nowMs) / 2;
  return Math.max(1000, half * (0.9 + random() * 0.2));
}
