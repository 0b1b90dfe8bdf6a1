/**
 * Why a proxy refuses a snapshot: a closed list, each reason with its class. `content`: the
 * snapshot itself is wrong, any proxy of this kind would refuse it. `local`: this machine
 * cannot take it now, and may later; another proxy can.
 */

export type NackClass = "content" | "local";

export const NACK_REASONS = {
  /** The body is not JSON, or not of the shape or the format that this proxy reads. */
  snapshot_json: "content",
  snapshot_shape: "content",
  /** The body contradicts itself. */
  snapshot_reference: "content",
  snapshot_hash: "content",
  /** It holds no workload that this proxy serves. */
  snapshot_workload: "content",
  /** Judged by this machine's clock and by the trust bundle that it has now. */
  snapshot_signature: "local",
  /** Older, within its epoch, than what this proxy has in force. */
  snapshot_sequence: "local",
  module_hash: "content",
  /** A content that was neither sent nor is held here: everything can be sent again. */
  content_missing: "local",
  /** A module that was neither sent nor is held here: it can be sent again, whole. */
  policy_missing: "local",
  policy_abi_mismatch: "content",
  policy_bad_module: "content",
  policy_missing_builtin: "content",
  policy_entrypoint: "content",
  policy_reads_body: "content",
  listen_failed: "local",
  /** No memory left for the module or its data. */
  memory: "local",
  /** The state folder's disk is full or refuses to be written. */
  disk: "local",
  /** This proxy failed at it in a way that it has no name for. */
  internal: "local",
} as const satisfies Readonly<Record<string, NackClass>>;

export type NackReason = keyof typeof NACK_REASONS;

/** One thing that keeps a snapshot from being enforced. */
export type SnapshotProblem = { readonly code: NackReason; readonly message: string };

/**
 * What a refusal amounts to. One problem of the machine's own makes all of it local: what
 * the content is worth cannot be known where it could not be tried.
 */
export function classOf(problems: readonly SnapshotProblem[]): NackClass {
  return problems.length > 0 && problems.every(({ code }) => NACK_REASONS[code] === "content") ? "content" : "local";
}

/** A class off the wire; one that this side does not know is `local`: it can be tried again. */
export function parseNackClass(text: string): NackClass {
  return text === "content" ? text : "local";
}

/** A reason off the wire; one that this side does not know is `internal`. */
export function parseNackReason(text: string): NackReason {
  return Object.hasOwn(NACK_REASONS, text) ? (text as NackReason) : "internal";
}
