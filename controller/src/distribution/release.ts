/** A revision that was built: what it is called, what it holds, and the snapshot of it that each workload gets. */
import type { DiagnosticRecord } from "@regomesh/base";
import {
  canonicalJson,
  checkSnapshot,
  type Member,
  NOTHING_REVOKED,
  type Revision,
  type Revoked,
  SNAPSHOT_FORMAT,
  type Snapshot,
  type SnapshotProblem,
  snapshotHash,
} from "@regomesh/protocol";
import type { MeshPlan } from "../build/build.ts";
import { compareText } from "../index/mesh-index.ts";
import type { Input } from "../sources/source.ts";

/** A persisted snapshot is started from for a day; half of it, and it is issued anew. */
export const SNAPSHOT_TTL_MS = 24 * 3_600_000;

export type Release = {
  readonly revision: Revision;
  readonly plan: MeshPlan;
  /** `git main` */
  readonly source: string;
  /** What it was made of; absent in a release that an earlier version has kept. */
  readonly inputs?: readonly Input[];
  readonly builtAtMs: number;
  readonly issuedAtMs: number;
  readonly explainDenials: boolean;
  /** What the build warned of; absent in a release that an earlier version has kept. */
  readonly warnings?: readonly DiagnosticRecord[];
};

/** A workload's snapshot in the bytes that are hashed, signed and sent. */
export type PackedSnapshot = {
  /** `namespace/name` */
  readonly workload: string;
  readonly principal: string;
  readonly hash: string;
  readonly body: Uint8Array;
  /** Hashes of the modules that the snapshot names. */
  readonly modules: readonly string[];
};

/** A release with every snapshot of it, by workload. */
export type Publication = {
  readonly release: Release;
  /** What its snapshots say of certificates that were taken back. */
  readonly revoked: Revoked;
  readonly snapshots: ReadonlyMap<string, PackedSnapshot>;
};

/** The publication with the newest word on certificates that were taken back. */
export function withRevoked(publication: Publication, revoked: Revoked): Publication {
  const isSame = JSON.stringify(publication.revoked) === JSON.stringify(revoked);
  return isSame ? publication : toPublication(publication.release, revoked);
}

/** The same release makes the same bytes, so that a controller started anew need not send what is in force. */
export function toPublication(release: Release, revoked = NOTHING_REVOKED): Publication {
  const members = membersOf(release.plan);
  const packed = release.plan.workloads.map((workload): readonly [string, PackedSnapshot] => {
    const bodyText = canonicalJson(toSnapshot(release, workload, { members, revoked }));
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
  return { release, revoked, snapshots: new Map(packed) };
}

/** What every proxy would refuse in a release: the check that proxies run, on each snapshot of it. */
export function checkRelease(
  release: Release,
): readonly { readonly workload: string; readonly problem: SnapshotProblem }[] {
  return release.plan.workloads.flatMap((workload) =>
    checkSnapshot(toSnapshot(release, workload)).problems.map((problem) => ({
      workload: `${workload.namespace}/${workload.name}`,
      problem,
    })),
  );
}

function membersOf({ workloads }: MeshPlan): readonly Member[] {
  const byPrincipal = Map.groupBy(workloads, ({ principal }) => principal);
  const members = [...byPrincipal].map(([principal, found]) => ({
    principal,
    workloads: found.map(({ namespace, name }) => `${namespace}/${name}`).sort(),
  }));
  return members.sort((a, b) => compareText(a.principal, b.principal));
}

/** Who is of the mesh, and whose certificates are not. */
type Peers = Required<Pick<Snapshot, "members" | "revoked">>;

function toSnapshot(release: Release, workload: MeshPlan["workloads"][number], peers?: Peers): Snapshot {
  const { plan, revision, issuedAtMs, explainDenials } = release;
  return {
    format: SNAPSHOT_FORMAT,
    revision,
    issuedAtMs,
    expiresAtMs: issuedAtMs + SNAPSHOT_TTL_MS,
    mesh: { ...plan.mesh, explainDenials },
    ...peers,
    workloads: [workload],
  };
}

/** What speaks against a release that was kept, in one sentence; `trustDomain` is the authority's. */
export function whyNotServed(release: Release, trustDomain: string | undefined): string | undefined {
  if (trustDomain !== undefined && trustDomain !== release.plan.mesh.trustDomain)
    return `it is of trust domain ${release.plan.mesh.trustDomain}, the authority of ${trustDomain}`;
  const [wrong] = checkRelease(release);
  return wrong === undefined ? undefined : `${wrong.workload}: ${wrong.problem.message}`;
}
