/** A revision that was built: what it is called, what it holds, and the snapshot of it that each workload gets. */
import { canonicalJson, type Revision, SNAPSHOT_FORMAT, type Snapshot, snapshotHash } from "@regomesh/protocol";
import type { MeshPlan } from "../build/build.ts";

/** A persisted snapshot is started from for a day; half of it, and it is issued anew. */
export const SNAPSHOT_TTL_MS = 24 * 3_600_000;

export type Release = {
  readonly revision: Revision;
  readonly plan: MeshPlan;
  /** `git main` */
  readonly source: string;
  readonly builtAtMs: number;
  readonly issuedAtMs: number;
  readonly explainDenials: boolean;
};

export type WorkloadRelease = {
  /** `namespace/name` */
  readonly workload: string;
  readonly principal: string;
  readonly hash: string;
  readonly body: Uint8Array;
  /** Hashes of the modules that the snapshot names. */
  readonly modules: readonly string[];
};

/** The same release makes the same bytes, so that a controller started anew need not send what is in force. */
export function toWorkloadReleases(release: Release): ReadonlyMap<string, WorkloadRelease> {
  const { plan, revision, issuedAtMs, explainDenials } = release;
  const found = plan.workloads.map((workload): readonly [string, WorkloadRelease] => {
    const snapshot: Snapshot = {
      format: SNAPSHOT_FORMAT,
      revision,
      issuedAtMs,
      expiresAtMs: issuedAtMs + SNAPSHOT_TTL_MS,
      mesh: { ...plan.mesh, explainDenials },
      workloads: [workload],
    };
    const bodyText = canonicalJson(snapshot);
    const { inbound, outbound } = workload.policies;
    const modules = [inbound, outbound].flatMap((policy) => (policy === undefined ? [] : [policy.module]));
    const key = `${workload.namespace}/${workload.name}`;
    return [
      key,
      {
        workload: key,
        principal: workload.principal,
        hash: snapshotHash(bodyText),
        body: new TextEncoder().encode(bodyText),
        modules: [...new Set(modules)],
      },
    ];
  });
  return new Map(found);
}
