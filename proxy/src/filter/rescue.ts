/**
 * The one place that says which status a reason gives. 403 and 429 are verdicts of a
 * policy alone; what the mesh cannot do is 502, 503 or 504; a request that breaks the
 * protocol gets what RFC 9110 asks.
 */
import type { Reason } from "./reason.ts";

/** Who did not do what it should; `upstream` is what this proxy forwards to. */
export type Failed = "client" | "mesh" | "upstream";

export type Rescue = {
  readonly status: number;
  readonly failed: Failed;
  /** How the request counts and is recorded. */
  readonly verdict: "denied" | "limited" | "broken" | "invalid" | "abandoned" | "allowed";
  /** One sentence for the client: what happened, never how the mesh is built. */
  readonly message: string;
};

const RESCUES: Readonly<Record<Reason, Rescue>> = {
  bad_request: invalid(400, "the request is not well formed"),
  bad_path: invalid(400, "the path holds what may not be forwarded"),
  bad_query: invalid(400, "the query is not well formed"),
  request_timeout: invalid(408, "the request did not come in time"),
  content_too_large: invalid(413, "the content is too large"),
  target_too_long: invalid(414, "the request target is too long"),
  expectation_failed: invalid(417, "the expectation is not known"),
  fields_too_large: invalid(431, "the header section is too large"),
  not_implemented: invalid(501, "the transfer coding or method is not implemented"),
  version_not_supported: invalid(505, "the HTTP version is not supported"),

  denied: { status: 403, failed: "client", verdict: "denied", message: "denied by policy" },
  default_deny: { status: 403, failed: "client", verdict: "denied", message: "no policy allows it" },
  rate_limited: { status: 429, failed: "client", verdict: "limited", message: "too many requests" },
  redirected: { status: 302, failed: "mesh", verdict: "allowed", message: "redirected" },
  responded: { status: 200, failed: "mesh", verdict: "allowed", message: "answered by policy" },
  fault_injected: broken(503, "a fault that a policy asked for"),

  no_snapshot: broken(503, "the proxy has no configuration yet"),
  no_such_service: broken(404, "the mesh knows no such service"),
  no_such_port: broken(404, "the workload has no such port"),
  no_endpoint: broken(503, "the service has no endpoint"),
  no_route: broken(503, "the route names what is not there"),
  pool_exhausted: broken(503, "too many requests wait for the service"),
  connect_failed: upstream(503, "no connection to the service"),
  connect_timeout: upstream(503, "no connection to the service in time"),
  peer_refused: upstream(503, "the service refused the connection"),
  peer_identity: upstream(503, "the service showed another identity"),
  upstream_reset: upstream(503, "the service broke the connection"),
  upstream_protocol: upstream(502, "the service's response is not well formed"),
  upstream_timeout: upstream(504, "the service did not answer in time"),
  request_deadline: upstream(504, "the request was not answered in time"),
  draining: broken(503, "the proxy is ending"),
  connection_ended: broken(503, "what opened the connection has ended"),
  policy_stale: broken(503, "the policies are out of date"),
  overloaded: broken(503, "the proxy is overloaded"),
  // RFC 5842, section 7.2.
  loop_detected: broken(508, "the request goes round"),
  // Nobody sees this status but logs and metrics (nginx's number for it).
  client_gone: { status: 499, failed: "client", verdict: "abandoned", message: "the client left" },
  limit_unsupported: broken(503, "a limit asks for what this proxy cannot count"),
  internal: broken(500, "a fault in the proxy"),

  policy_type_error: broken(503, "a policy gave a value of the wrong type"),
  policy_conflict: broken(503, "the rules of a policy contradict each other"),
  policy_trap: broken(503, "a policy failed"),
  policy_fuel_exhausted: broken(503, "a policy took too many steps"),
  policy_memory_exhausted: broken(503, "a policy took too much memory"),
  policy_depth_exceeded: broken(503, "a policy went too deep"),
  policy_abi_mismatch: broken(503, "a policy was built for another proxy"),
  policy_missing: broken(503, "a policy is not there"),
};

export function rescue(reason: Reason): Rescue {
  return RESCUES[reason];
}

export function isReason(text: string): text is Reason {
  return Object.hasOwn(RESCUES, text);
}

function invalid(status: number, message: string): Rescue {
  return { status, failed: "client", verdict: "invalid", message };
}

function broken(status: number, message: string): Rescue {
  return { status, failed: "mesh", verdict: "broken", message };
}

function upstream(status: number, message: string): Rescue {
  return { status, failed: "upstream", verdict: "broken", message };
}
