/**
 * The circuit breaker of one endpoint. Mutable, for it stands on the path of every
 * request, but a machine all the same: three moves, each asked with the time.
 *
 * closed --failuresMax failures in a row--> open --backoff over--> half-open
 * half-open: one trial request; its success closes the breaker, its failure
 * opens it again with twice the backoff. The outcome of a request admitted before
 * the last change of state counts for nothing: generations tell them apart.
 */
export type BreakerSettings = {
  readonly failuresMax: number;
  readonly openMs: number;
  readonly openMaxMs: number;
};

export type BreakerKind = "closed" | "open" | "half-open";

export type Breaker = {
  kind: BreakerKind;
  failures: number;
  untilMs: number;
  backoffMs: number;
  /** Grows with each change of state. */
  generation: number;
};

/** What `admit` gives where the request may not pass. */
export const REFUSED = -1;

export function makeBreaker(): Breaker {
  return { kind: "closed", failures: 0, untilMs: 0, backoffMs: 0, generation: 0 };
}

/** Whether a request would be let through now; changes nothing. */
export function mayAdmit(breaker: Breaker, nowMs: number): boolean {
  switch (breaker.kind) {
    case "closed":
      return true;
    case "open":
      return nowMs >= breaker.untilMs;
    case "half-open":
      return false;
  }
}

/** The generation under which the request runs, or REFUSED. */
export function admit(breaker: Breaker, nowMs: number): number {
  if (breaker.kind === "closed") return breaker.generation;
  if (!mayAdmit(breaker, nowMs)) return REFUSED;
  move(breaker, "half-open");
  return breaker.generation;
}

/** Counts the outcome of a request that `admit` let pass under `generation`. */
export function settle(
  breaker: Breaker,
  settings: BreakerSettings,
  generation: number,
  isSuccess: boolean,
  nowMs: number,
): void {
  if (generation !== breaker.generation) return;
  switch (breaker.kind) {
    case "closed":
      breaker.failures = isSuccess ? 0 : breaker.failures + 1;
      if (breaker.failures >= settings.failuresMax) open(breaker, settings.openMs, nowMs);
      return;
    case "half-open":
      if (isSuccess) move(breaker, "closed");
      else open(breaker, Math.min(breaker.backoffMs * 2, settings.openMaxMs), nowMs);
      return;
    case "open":
      return;
  }
}

/** The request ended without saying anything of the endpoint (its client left): a trial may be had again. */
export function abandon(breaker: Breaker, generation: number, nowMs: number): void {
  if (generation !== breaker.generation || breaker.kind !== "half-open") return;
  breaker.untilMs = nowMs;
  move(breaker, "open");
}

function open(breaker: Breaker, backoffMs: number, nowMs: number): void {
  breaker.backoffMs = backoffMs;
  breaker.untilMs = nowMs + backoffMs;
  move(breaker, "open");
}

function move(breaker: Breaker, kind: BreakerKind): void {
  breaker.kind = kind;
  breaker.failures = 0;
  breaker.generation++;
}
