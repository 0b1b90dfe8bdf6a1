/**
 * The floor under ejection, so that breakers never do more harm than what they guard
 * against: of a service's endpoints no more than half are ejected, and so never the last
 * one (Envoy's maximum ejection percent); and where more than half of those that could be
 * asked are ejected all the same, because others left, breakers count for nothing (its
 * panic threshold).
 */
import type { Breaker } from "./breaker.ts";

type Guarded = { readonly breaker: Breaker };

/** Whether one more endpoint of these, whose breaker is closed, may be ejected. */
export function mayEject(endpoints: readonly Guarded[]): boolean {
  return (ejected(endpoints) + 1) * 2 <= endpoints.length;
}

/** Whether so many are ejected that all must be asked again. */
export function isPanic(endpoints: readonly Guarded[]): boolean {
  return ejected(endpoints) * 2 > endpoints.length;
}

function ejected(endpoints: readonly Guarded[]): number {
  let count = 0;
  for (const { breaker } of endpoints) if (breaker.kind !== "closed") count++;
  return count;
}
