/** How the mesh wants a revision to come in force, with the canaries by their names. */
import type { Resource } from "@regomesh/resources";
import { hasLabels, type MeshIndex } from "../index/mesh-index.ts";
import type { Report } from "../index/report.ts";

export type ReleaseRules = {
  /** Undefined: everybody gets it at once, receivers first. */
  readonly canary: Canary | undefined;
  /** How long it is watched at the canaries, and then at everybody. */
  readonly bakeMs: number;
  /** In which the canaries must have it. */
  readonly deadlineMs: number;
  /** Percentage points. */
  readonly refusalsRiseMax: number;
  readonly failuresRiseMax: number;
  /** Of fewer under the new revision nothing is concluded. */
  readonly requestsMin: number;
};

export type Canary =
  /** `namespace/name` */
  | { readonly kind: "workloads"; readonly workloads: readonly string[] }
  | { readonly kind: "percent"; readonly percent: number };

/** As an operator's word, or a plan without rules, is carried out. */
export const AT_ONCE: ReleaseRules = {
  canary: undefined,
  bakeMs: 0,
  deadlineMs: 0,
  refusalsRiseMax: 100,
  failuresRiseMax: 100,
  requestsMin: 1,
};

export function toReleaseRules(index: MeshIndex): ReleaseRules {
  const { bake, deadline, maxRefusalsRise, maxFailuresRise, minRequests } = index.config.release;
  return {
    canary: toCanary(index),
    bakeMs: bake,
    deadlineMs: deadline,
    refusalsRiseMax: maxRefusalsRise,
    failuresRiseMax: maxFailuresRise,
    requestsMin: minRequests,
  };
}

/** Where nobody has its labels any more, there is none for as long: whose Pods end holds up nobody's release. */
function toCanary(index: MeshIndex): Canary | undefined {
  const { labels, percent } = index.config.release.canary ?? {};
  if (percent !== undefined) return { kind: "percent", percent };
  const workloads = labels === undefined ? [] : labelled(index, labels);
  return workloads.length === 0 ? undefined : { kind: "workloads", workloads };
}

function labelled({ workloads }: MeshIndex, labels: Readonly<Record<string, string>>): readonly string[] {
  return [...workloads].flatMap(([key, { metadata }]) => (hasLabels(metadata.labels, labels) ? [key] : []));
}

/**
 * A canary that is nobody is a slip. Of a source whose resources go in force without each other (`isInPieces`) it may be
 * that its workloads have just ended: all else that the mesh is told stays.
 */
export function checkReleaseRules(index: MeshIndex, isInPieces: (resource: Resource) => boolean, report: Report): void {
  const { configResource: resource, config } = index;
  const { canary } = config.release;
  if (resource === undefined || canary === undefined) return;
  const { labels, percent } = canary;
  if ((labels === undefined) === (percent === undefined)) {
    const message = "a canary is named by its labels or by a percentage: one of the two";
    report(resource, "spec.release.canary", "release_canary", message);
  } else if (labels !== undefined && labelled(index, labels).length === 0) {
    const message = "no workload has the labels of the canary: nobody would try a revision first";
    report(resource, "spec.release.canary.labels", "release_canary", message, {
      ...(isInPieces(resource) ? { severity: "warning" as const } : {}),
      hint: "label a Workload so, or take spec.release.canary away",
    });
  }
}
