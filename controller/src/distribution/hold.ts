/**
 * When a release is wrong. A proxy that refuses it as to its content may be right, or be
 * wrong itself: so it takes the controller's own check, or a second proxy, to say the same.
 * Replicas have one identity, and whoever has stolen it can open as many streams as it likes:
 * they are one witness, except where the mesh has no other identity to ask.
 */
import type { RevisionId } from "@regomesh/protocol";
import { hashFor, type ProxyStream, type Refusal } from "./proxy.ts";
import { joinParts, type Publication } from "./release.ts";

/** Proxies that must refuse a release as to its content, each of another identity. */
const PROXIES_MIN = 2;

/** Why a release was taken back. */
export type Hold = {
  readonly revision: RevisionId;
  readonly refusals: readonly HoldRefusal[];
  /** What its stage has shown; absent where it was refused. */
  readonly fault?: StageFault;
  readonly atMs: number;
};

/** What speaks against a release that proxies have taken, or were to take. */
export type StageFault = {
  /** `release_refusals`, `release_failures`: the share of these rose; `release_deadline`: its canaries have not got it; `release_aborted`: an operator's word. */
  readonly code: "release_refusals" | "release_failures" | "release_deadline" | "release_aborted";
  /** One sentence. */
  readonly message: string;
};

export type HoldRefusal = Pick<ProxyStream, "workload" | "instance"> & Pick<Refusal, "reason" | "problems">;

/** The hold that refusals have earned a release; undefined while it may go on. */
export function holdOf(
  publication: Publication,
  proxies: Iterable<ProxyStream>,
  nowMs: number,
  witnessesMin = PROXIES_MIN,
): Hold | undefined {
  const refusing = [...proxies].filter((proxy) => {
    const { workload, refusal } = proxy;
    if (refusal?.class !== "content") return false;
    return refusal.hash === hashFor(proxy, publication.snapshots.get(workload));
  });
  if (refusing.length === 0) return undefined;
  const isConfirmed =
    isWitnessed(publication, refusing, witnessesMin) ||
    refusing.some(({ workload }) => isRefusedHere(publication, workload));
  if (!isConfirmed) return undefined;
  const { epoch, sequence, name } = publication.release.revision;
  return {
    revision: { epoch, sequence, name },
    refusals: refusing.flatMap(({ workload, instance, refusal }) =>
      refusal === undefined ? [] : [{ workload, instance, reason: refusal.reason, problems: refusal.problems }],
    ),
    atMs: nowMs,
  };
}

function isWitnessed({ snapshots }: Publication, refusing: readonly ProxyStream[], witnessesMin: number): boolean {
  const witnesses = new Set(refusing.map(({ principal }) => principal)).size;
  const identities = new Set([...snapshots.values()].map(({ principal }) => principal)).size;
  return refusing.length >= witnessesMin && witnesses >= Math.min(witnessesMin, identities);
}

/** The very bytes that the proxy was sent, under the check that it runs. */
function isRefusedHere({ snapshots }: Publication, workload: string): boolean {
  const snapshot = snapshots.get(workload);
  if (snapshot === undefined) return false;
  return joinParts(JSON.parse(new TextDecoder().decode(snapshot.body)), snapshot.parts).problems.length > 0;
}
