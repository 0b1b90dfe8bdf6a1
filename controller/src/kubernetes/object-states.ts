/** From what a source was told of its objects, and what proxies enforce, to the state of each object. */
import type { MeshPlan } from "../build/build.ts";
import { type ClusterObject, objectKey } from "./cluster-object.ts";
import type { ObjectState, ObjectVerdict } from "./conditions.ts";

export type StateFacts = {
  /** Verdicts on the newest text of each, by key. */
  readonly verdicts: ReadonlyMap<string, ObjectVerdict>;
  /** What is in force, and of what objects; undefined while nothing is, or while another content than was accepted is. */
  readonly inForce: { readonly revision: string; readonly plan: MeshPlan } | undefined;
  readonly isPinned: boolean;
  /** Connected proxies of a workload, `namespace/name`, and of those, how many enforce what is in force. */
  readonly enforced: (workload: string) => { readonly total: number; readonly programmed: number };
};

export function toState(object: ClusterObject, facts: StateFacts): ObjectState {
  const { verdicts, inForce } = facts;
  const verdict = verdicts.get(objectKey(object));
  const isOut = verdict?.kind === "refused" && !verdict.hasBefore;
  const concerned = inForce === undefined || isOut ? [] : workloadsOf(object, inForce.plan);
  let [total, programmed] = [0, 0];
  for (const workload of concerned) {
    const counts = facts.enforced(workload);
    total += counts.total;
    programmed += counts.programmed;
  }
  return {
    kind: object.kind,
    generation: object.metadata.generation ?? 0,
    verdict,
    revision: inForce?.revision,
    isPinned: facts.isPinned,
    workloads: concerned.length,
    proxies: { total, programmed },
  };
}

/** Workloads of a plan, `namespace/name`, by what says something to them. */
type Concerned = {
  readonly all: readonly string[];
  /** By `namespace/name`. */
  readonly byBinding: ReadonlyMap<string, ReadonlySet<string>>;
  readonly byUnit: ReadonlyMap<string, ReadonlySet<string>>;
  /** `name.namespace` */
  readonly services: ReadonlySet<string>;
};

/** Ten thousand objects ask this of the same plan. */
const known = new WeakMap<MeshPlan, Concerned>();

function concernedIn(plan: MeshPlan): Concerned {
  const made = known.get(plan) ?? toConcerned(plan);
  known.set(plan, made);
  return made;
}

function toConcerned({ workloads, services }: MeshPlan): Concerned {
  const byBinding = new Map<string, Set<string>>();
  const byUnit = new Map<string, Set<string>>();
  const add = (to: Map<string, Set<string>>, name: string, workload: string) =>
    to.set(name, (to.get(name) ?? new Set()).add(workload));
  for (const { namespace, name, policies } of workloads) {
    for (const { binding, unit } of [policies?.inbound, policies?.outbound].flatMap((ref) => ref?.entrypoints ?? [])) {
      add(byBinding, binding, `${namespace}/${name}`);
      add(byUnit, unit, `${namespace}/${name}`);
    }
  }
  return {
    all: workloads.map(({ namespace, name }) => `${namespace}/${name}`),
    byBinding,
    byUnit,
    services: new Set(services.map(({ namespace, name }) => `${name}.${namespace}`)),
  };
}

/** The workloads, `namespace/name`, whose proxies an object says something to. */
function workloadsOf({ kind, metadata, spec }: ClusterObject, plan: MeshPlan): readonly string[] {
  const { namespace = "", name } = metadata;
  const { all, byBinding, byUnit, services } = concernedIn(plan);
  switch (kind) {
    case "MeshConfig":
      return all;
    case "PolicyBinding":
      return [...(byBinding.get(`${namespace}/${name}`) ?? [])];
    case "Policy":
      return [...(byUnit.get(`Policy/${namespace}/${name}`) ?? [])];
    case "TrafficPolicy": {
      const named = (spec as { readonly services?: readonly string[] } | undefined)?.services ?? [];
      return named.some((service) => services.has(`${service}.${namespace}`)) ? all : [];
    }
    default:
      return [];
  }
}
