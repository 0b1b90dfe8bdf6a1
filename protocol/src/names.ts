/** Names that both planes must know. */

/**
 * The DNS name in the controller's certificate, whatever address it is dialled by: pass it
 * as `grpc.ssl_target_name_override` (Node refuses an IP address as server name). No
 * workload's certificate has a DNS name, so none can stand for the controller.
 */
export const CONTROLLER_SERVER_NAME = "regomesh-controller";

/** SPIFFE ID of the controller's server certificate. */
export function controllerId(trustDomain: string): string {
  return `spiffe://${trustDomain}/regomesh/controller`;
}

/** SPIFFE ID of the certificate (for code signing alone, no TLS) whose key signs snapshots. */
export function snapshotSignerId(trustDomain: string): string {
  return `spiffe://${trustDomain}/regomesh/snapshots`;
}

/** What a join token file holds, as JSON. */
export type JoinTokenFile = {
  readonly token: string;
  /** The one identity that the token gives. */
  readonly spiffeId: string;
  /** The mesh's root: the proxy accepts no other controller. */
  readonly caPem: string;
};
