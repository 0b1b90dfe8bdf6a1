/** How long a client may take for what, and how much is done for one that is on its way out. */
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
  /** For the workload's own application, from a request's end to its response's head; 0: silence alone ends it. */
  readonly applicationMs: number;
};

export const DEFAULT_TIMEOUTS: DownstreamTimeouts = {
  idleMs: 60_000,
  headMs: 10_000,
  stallMs: 60_000,
  // Clients that half-close are rare, and answered in less; those that gave up are the rule.
  leftMs: 1000,
  // As long as silence may last: whoever asks has a deadline of his own, and a shorter one.
  applicationMs: 300_000,
};

/** After a last response the client may still be sending: it is read for a while, so that the response is not lost. */
export const LINGER_MS = 1000;
export const LINGER_BYTES_MAX = 1024 * 1024;
/** Between a connection's opening, or a response, and the next request of a client that is at it. */
export const SETTLE_MS = 100;
/** Content that is read and thrown away rather than the connection closed. */
export const DISCARD_BYTES_MAX = 64 * 1024;
/** Five minutes by default, as Envoy's idle timeout of streams. */
export const QUIET_TURNS_MAX = 5;
/** A chunked request's head waits this long for its first chunk to prove well formed. */
export const HOLD_MS = 100;
