/** How long a client may take for what. */
export type DownstreamTimeouts = {
  /** Between requests. */
  readonly idleMs: number;
  /** From the first byte of a head to its last: slow loris. */
  readonly headMs: number;
  /** Without a byte of content, or of the response taken. */
  readonly stallMs: number;
  /**
   * For a response to a client that has closed its writing side behind a whole request:
   * it may wait for the response, or be gone altogether. 0: as long as any other.
   */
  readonly leftMs: number;
};

export const DEFAULT_TIMEOUTS: DownstreamTimeouts = {
  idleMs: 60_000,
  headMs: 10_000,
  stallMs: 60_000,
  // Clients that half-close are rare, and answered in less; those that gave up are the rule.
  leftMs: 1000,
};
