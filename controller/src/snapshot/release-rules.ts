/** How the mesh wants a revision to come in force, with the canaries by their names. */
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

function toCanary(index: MeshIndex): Canary | undefined {
  const { labels, percent } = index.config.release.canary ?? {};
  if (percent !== undefined) return { kind: "percent", percent };
  return labels && { kind: "workloads", workloads: labelled(index, labels) };
}

function labelled({ workloads }: MeshIndex, labels: Readonly<Record<string, string>>): readonly string[] {
  return [...workloads].flatMap(([key, { metadata }]) => (hasLabels(metadata.labels, labels) ? [key] : []));
}

/** A canary that is nobody would have every revision wait, and be taken back. */
export function checkReleaseRules(index: MeshIndex, report: Report): void {
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
      hint: "label a Workload so, or take spec.release.canary away",
    });
  }
}
