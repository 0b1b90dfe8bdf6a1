/**
 * Whom a MeshTest means by its caller: what people know by name. In a cluster a workload is a Pod, whose name is made
 * up and does not outlive it; a Service and a service account do.
 */
import type { MeshPlan } from "../build/build.ts";
import { servedBy, type WorkloadPlan } from "../snapshot/outbound.ts";

/** Of one name that are asked: what they say is the same but for their labels. */
const CALLERS_MAX = 16;

/**
 * The workload of that name, those that answer for the service, and those that run as the service account: all of
 * them, so that nobody takes another's place by a name. `name`: `namespace/name`. Of workloads that are asked by the
 * same policies as the same principal, those whose labels differ, and as many of all as are looked at.
 */
export function callersOf({ workloads }: MeshPlan, name: string): readonly WorkloadPlan[] {
  const [namespace = "", own = ""] = name.split("/");
  const named = workloads.filter(
    (each) =>
      each.namespace === namespace &&
      (each.name === own || servedBy(each).includes(`${own}.${namespace}`) || accountOf(each) === own),
  );
  const byMeaning = new Map(named.toReversed().map((each) => [meaningOf(each), each]));
  const byLabels = new Map(named.map((each) => [`${meaningOf(each)} ${JSON.stringify(each.labels)}`, each]));
  const different = [...new Set([...[...byMeaning.values()].reverse(), ...byLabels.values()])];
  return different.slice(0, Math.max(CALLERS_MAX, byMeaning.size));
}

function accountOf({ principal }: WorkloadPlan): string | undefined {
  return /\/sa\/(.+)$/.exec(principal)?.[1];
}

function meaningOf({ principal, service, calls, policies }: WorkloadPlan): string {
  return JSON.stringify([principal, service, calls, policies.outbound]);
}
