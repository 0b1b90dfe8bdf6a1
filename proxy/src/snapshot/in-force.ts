/**
 * The snapshot that requests are decided by, with all that is made of it once: tables,
 * bound policies. Swapped in one assignment; a request keeps the one it began with.
 */
import type { RevisionId, Snapshot, WorkloadSnapshot } from "@regomesh/protocol";
import type { BoundPolicy } from "../decide/bound-policy.ts";
import type { Via } from "../edge/via.ts";
import type { RevisionCounts } from "../metrics/edge-table.ts";
import type { Cluster } from "../route/cluster.ts";
import type { ServiceTable } from "../route/service-table.ts";

export type InForce = {
  readonly hash: string;
  /** From then on it decides nothing any more (wall clock): whoever made it has not confirmed it. */
  readonly staleAtMs: number;
  /** Nor when the proxy has been behind for so long; without end where the mesh has it serve. */
  readonly staleAfterMs: number;
  readonly snapshot: Snapshot;
  readonly workload: WorkloadSnapshot;
  readonly inbound: BoundPolicy | undefined;
  readonly outbound: BoundPolicy | undefined;
  readonly services: ServiceTable;
  /** The workload's own application, by the inbound port (`inboundKey`). */
  readonly applications: ReadonlyMap<string, Cluster>;
  /** What is said of a request that passes, by the listener that it passes. */
  readonly via: { readonly inbound: Via; readonly outbound: Via };
  /** Where requests are counted that this snapshot decides. */
  readonly counts: RevisionCounts;
};

export function toRevisionId({ revision: { epoch, sequence, name } }: Snapshot): RevisionId {
  return { epoch, sequence, name };
}
