/**
 * What `regomesh capture` has the kernel do in a workload's network namespace: whatever the workload opens goes to its
 * sidecar's outbound port, whatever comes for it to the inbound one, by TCP, IPv4 and IPv6 alike. What the sidecar
 * itself sends passes, and so does what stays on loopback.
 */

import type { Network } from "@regomesh/base";

export type CaptureRules = {
  /** Where the sidecar listens, on every address of its namespace. */
  readonly outboundPort: number;
  readonly inboundPort: number;
  /** Whose traffic passes: the sidecar's. */
  readonly uids: readonly number[];
  /** What goes round the sidecar, by the port and the address that are called. */
  readonly outboundExcept: Exceptions;
  /** By the workload's own port, and the address of who calls. */
  readonly inboundExcept: Exceptions;
};

export type Exceptions = { readonly ports: readonly number[]; readonly networks: readonly Network[] };

/**
 * A port of loopback that the rules lead to the sidecar even where the sidecar itself calls it: by it a sidecar finds
 * out whether they are in force.
 */
export const CHECK_PORT = 15_009;
