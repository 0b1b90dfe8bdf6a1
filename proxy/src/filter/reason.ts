/**
 * Why the mesh itself answered a request: one closed list, so that *denied* and
 * *broken* never look alike in logs, metrics and responses.
 */
import type { PolicyFault } from "@regomesh/policy-runtime";

/** The request breaks the protocol, or a limit on its form. */
export type ProtocolReason =
  | "bad_request"
  | "bad_path"
  | "bad_query"
  | "request_timeout"
  | "content_too_large"
  | "target_too_long"
  | "fields_too_large"
  | "expectation_failed"
  | "not_implemented"
  | "version_not_supported";

/** A policy's verdict. */
export type VerdictReason = "denied" | "default_deny" | "rate_limited" | "redirected" | "responded" | "fault_injected";

/** The mesh cannot serve it. */
export type ServeReason =
  | "no_snapshot"
  | "no_such_service"
  | "no_such_port"
  | "no_endpoint"
  | "no_route"
  | "pool_exhausted"
  | "connect_failed"
  | "connect_timeout"
  | "peer_refused"
  | "peer_identity"
  | "upstream_reset"
  | "upstream_protocol"
  | "upstream_timeout"
  | "request_deadline"
  | "draining"
  | "connection_ended"
  | "policy_stale"
  | "overloaded"
  | "loop_detected"
  | "client_gone"
  | "limit_unsupported"
  | "internal";

export type Reason = ProtocolReason | VerdictReason | ServeReason | PolicyFault;
