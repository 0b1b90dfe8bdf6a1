/** From what a source was told of its objects, and what proxies enforce, to the state of each object. */
import type { MeshPlan } from "../build/build.ts";
import { type ClusterObject, objectKey } from "./cluster-object.ts";
import type { ObjectState, ObjectVerdict } from "./conditions.ts";

export type StateFacts = {
  /** Verdicts on the newest text of each, by key. */
  readonly verdicts: ReadonlyMap<string, ObjectVerdict>;
  /** What is in force, and of what objects; undefined while nothing is, or while another content than was accepted is. */
  readonly inForce: { readonly revision: string; readonly plan: MeshPlan } | undefined;
  /** Connected proxies of a workload, `namespace/name`, and of those, how many enforce what is in force. */
  readonly enforced: (workload: string) => { readonly total: number; readonly programmed: number };
};

export function toState(object: ClusterObject, facts: StateFacts): ObjectState {
  const { verdicts, inForce } = facts;
  const concerned = inForce === undefined ? [] : workloadsOf(object, inForce.plan);
  const counts = concerned.map(facts.enforced);
  return {
    kind: object.kind,
    generation: object.metadata.generation ?? 0,
    verdict: verdicts.get(objectKey(object)),
    revision: inForce?.revision,
    proxies: {
      total: counts.reduce((sum, { total }) => sum + total, 0),
      programmed: counts.reduce((sum, { programmed }) => sum + programmed, 0),
    },
  };
}

/** The workloads, `namespace/name`, whose proxies an object says something to. */
function workloadsOf({ kind, metadata, spec }: ClusterObject, { workloads, services }: MeshPlan): readonly string[] {
  const { namespace = "", name } = metadata;
  const all = workloads.map((each) => ({ key: `${each.namespace}/${each.name}`, each }));
  switch (kind) {
    case "MeshConfig":
      return all.map(({ key }) => key);
    case "PolicyBinding":
      return all
        .filter(({ each }) => asks(each, ({ binding }) => binding === `${namespace}/${name}`))
        .map(({ key }) => key);
    case "Policy":
      return all
        .filter(({ each }) => asks(each, ({ unit }) => unit === `Policy/${namespace}/${name}`))
        .map(({ key }) => key);
    case "TrafficPolicy": {
      const named = (spec as { readonly services?: readonly string[] } | undefined)?.services ?? [];
      const isAny = services.some((each) => each.namespace === namespace && named.includes(each.name));
      return isAny ? all.map(({ key }) => key) : [];
    }
    default:
      return [];
  }
}

type Entrypoint = { readonly binding: string; readonly unit: string };

function asks({ policies }: MeshPlan["workloads"][number], isIt: (entrypoint: Entrypoint) => boolean): boolean {
  return [policies?.inbound, policies?.outbound].some((ref) => ref?.entrypoints.some(isIt) === true);
}
