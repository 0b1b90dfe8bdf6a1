/** Time as a capability: only `main` files make the real one. */
export interface Clock {
  /** Milliseconds since the epoch, wall clock. */
  nowMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason if it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
