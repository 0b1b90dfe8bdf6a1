/** What injection and `regomesh capture` agree on: the one writes the flags that the other reads. */

/** Whoever runs as this user is the sidecar: what it sends passes. Istio's, which operators know, as the ports are. */
export const PROXY_UID = 1337;
/** Where the sidecar takes what the workload opens, and what comes for it. */
export const OUTBOUND_PORT = 15_001;
export const INBOUND_PORT = 15_006;
/** Of each kind: by port or by address, outbound or inbound. */
export const CAPTURE_EXCEPTIONS_MAX = 64;
