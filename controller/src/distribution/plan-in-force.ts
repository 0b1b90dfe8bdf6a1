/**
 * Who and what is of the mesh at this moment: the plan of the release in place and, while only
 * canaries have that, of the proven one too. A workload, a port or a service that the newer one takes
 * away is asked for until nobody has the older one any more.
 */
import type { MeshPlan } from "../build/build.ts";
import type { WorkloadPlan } from "../snapshot/outbound.ts";
import type { Distribution } from "./state.ts";

/** By newer plan: the older one, and both together. */
const joined = new WeakMap<MeshPlan, { readonly older: MeshPlan; readonly both: MeshPlan }>();

/** Undefined before there is a release; the same plan for as long as nothing of it changes. */
export function planInForce({ publication, proven, stage }: Distribution): MeshPlan | undefined {
  const newer = publication?.release.plan;
  const older = proven?.release.plan;
  if (newer === undefined || older === undefined || stage?.kind !== "canary") return newer;
  const known = joined.get(newer);
  if (known?.older === older) return known.both;
  const both = joinPlans(newer, older);
  joined.set(newer, { older, both });
  return both;
}

function joinPlans(newer: MeshPlan, older: MeshPlan): MeshPlan {
  const before = new Map(older.workloads.map((workload) => [keyOf(workload), workload]));
  const workloads = newer.workloads.map((workload) => withPorts(workload, before.get(keyOf(workload))));
  const [there, services] = [new Set(newer.workloads.map(keyOf)), new Set(newer.services.map(keyOf))];
  return {
    ...newer,
    workloads: [...workloads, ...older.workloads.filter((each) => !there.has(keyOf(each)))],
    services: [...newer.services, ...older.services.filter((each) => !services.has(keyOf(each)))],
  };
}

function withPorts(workload: WorkloadPlan, before: WorkloadPlan | undefined): WorkloadPlan {
  const names = new Set(workload.inbound.map(({ name }) => name));
  const gone = (before?.inbound ?? []).filter(({ name }) => !names.has(name));
  return gone.length === 0 ? workload : { ...workload, inbound: [...workload.inbound, ...gone] };
}

function keyOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}
