/** Who is who in reports: services by name, by workload and by principal. */
import type { MeshPlan } from "../build/build.ts";

/** Callers that are not of the mesh. */
export const OUTSIDE = "outside";

export type Places = {
  /** Ids of all services, `name.namespace`. */
  readonly services: ReadonlySet<string>;
  /** The service of a workload, `namespace/name`. */
  readonly serviceOfWorkload: ReadonlyMap<string, string>;
  readonly serviceOfPrincipal: ReadonlyMap<string, string>;
  /** What is bound in shadow, by `direction binding entrypoint`. */
  readonly shadows: ReadonlyMap<string, BoundShadow>;
};

export type BoundShadow = {
  readonly direction: "inbound" | "outbound";
  readonly binding: string;
  readonly unit: string;
  readonly entrypoint: string;
};

export function toPlaces(plan: MeshPlan): Places {
  const id = (workload: MeshPlan["workloads"][number]) => `${workload.service}.${workload.namespace}`;
  return {
    services: new Set(plan.services.map(({ name, namespace }) => `${name}.${namespace}`)),
    serviceOfWorkload: new Map(plan.workloads.map((each) => [`${each.namespace}/${each.name}`, id(each)])),
    serviceOfPrincipal: new Map(plan.workloads.map((each) => [each.principal, id(each)])),
    shadows: new Map(plan.workloads.flatMap(shadowsOf).map((shadow) => [shadowKey(shadow), shadow])),
  };
}

export function shadowKey({
  direction,
  binding,
  entrypoint,
}: Omit<BoundShadow, "unit" | "direction"> & { readonly direction: string }): string {
  return `${direction} ${binding} ${entrypoint}`;
}

function shadowsOf({ policies }: MeshPlan["workloads"][number]): readonly BoundShadow[] {
  return (["inbound", "outbound"] as const).flatMap((direction) =>
    (policies?.[direction]?.entrypoints ?? [])
      .filter(({ mode }) => mode === "shadow")
      .map(({ binding, unit, name }) => ({ direction, binding, unit, entrypoint: name })),
  );
}

/** The id of a service that a report of `namespace` names, with or without namespace, or by its principal. */
export function findService(places: Places, namespace: string, name: string, principal: string): string | undefined {
  for (const candidate of [name, `${name}.${namespace}`]) if (places.services.has(candidate)) return candidate;
  return places.serviceOfPrincipal.get(principal) ?? places.serviceOfPrincipal.get(name);
}
