/**
 * The circuit breaker of one endpoint. Mutable, for it stands on the path of every
 * request, but a machine all the same: its moves are asked with the time.
 *
 * closed --failuresMax failures in a row--> open --backoff over--> half-open
 * half-open: one trial request; its answer closes the breaker, its failure
 * opens it again with twice the backoff. The outcome of a request admitted before
 * the last change of state counts for nothing: generations tell them apart.
 *
 * Whether a closed one may open is not its own to say: a floor of endpoints stays
 * (ejection.ts).
 */
export type BreakerSettings = {
  readonly failuresMax: number;
  /** 0: never opens. */
  readonly openMs: number;
  /** Bound of the doubling; 0: none. */
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

/** What a request did that had been let pass; `nothing`: it says nothing of the endpoint. */
export type Outcome = "success" | "failure" | "nothing";

/** What `admit` gives where the request's outcome does not count. */
export const UNCOUNTED = -1;

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

/**
 * The generation under which a request runs that is sent now; moves a breaker whose time
 * is over to half-open. UNCOUNTED where the breaker would not have let it pass: it goes
 * all the same, for want of a better endpoint.
 */
export function admit(breaker: Breaker, nowMs: number): number {
  if (breaker.kind === "closed") return breaker.generation;
  if (!mayAdmit(breaker, nowMs)) return UNCOUNTED;
  move(breaker, "half-open");
  return breaker.generation;
}

/**
 * The endpoint has begun to answer: a trial is won, and others may pass while its content
 * still comes. The generation under which the request runs on.
 */
export function answer(breaker: Breaker, generation: number): number {
  if (generation !== breaker.generation || breaker.kind !== "half-open") return generation;
  move(breaker, "closed");
  return breaker.generation;
}

/**
 * Counts the outcome of a request that `admit` let pass under `generation`. `mayEject`
 * is asked only where the breaker would open.
 */
export function settle(
  breaker: Breaker,
  settings: BreakerSettings,
  generation: number,
  outcome: Outcome,
  nowMs: number,
  mayEject: () => boolean,
): void {
  if (generation !== breaker.generation) return;
  switch (breaker.kind) {
    case "closed":
      if (outcome === "nothing") return;
      breaker.failures = outcome === "success" ? 0 : breaker.failures + 1;
      if (breaker.failures < settings.failuresMax || settings.openMs === 0 || !mayEject()) return;
      return void open(breaker, settings.openMs, nowMs);
    case "half-open":
      if (outcome === "success") return void move(breaker, "closed");
      if (outcome === "failure") return void open(breaker, doubled(breaker.backoffMs, settings), nowMs);
      // A trial that said nothing may be had again at once.
      breaker.untilMs = nowMs;
      return void move(breaker, "open");
    case "open":
      return;
  }
}

function doubled(backoffMs: number, { openMaxMs }: BreakerSettings): number {
  return openMaxMs === 0 ? backoffMs * 2 : Math.min(backoffMs * 2, openMaxMs);
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
