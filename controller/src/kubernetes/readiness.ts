/**
 * Which Pods answer for a Service now, as its EndpointSlices say: those that are ready; where none is, those that
 * end and serve still, as kube-proxy has it. A Service of which there is no slice has nobody to say so: all do.
 */
import type { ClusterObject } from "./cluster-object.ts";

/** Workloads, `namespace/name`, by service, `name.namespace`; a service that is not there is not asked about. */
export type Readiness = ReadonlyMap<string, ReadonlySet<string>>;

type SliceEndpoint = {
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  readonly targetRef?: { readonly kind?: string; readonly name?: string };
};

const SERVICE_LABEL = "kubernetes.io/service-name";

export function toReadiness(slices: readonly ClusterObject[]): Readiness {
  const byService = Map.groupBy(slices, ({ metadata: { labels, namespace } }) => {
    const name = labels?.[SERVICE_LABEL];
    return name === undefined ? "" : `${name}.${namespace}`;
  });
  byService.delete("");
  return new Map(
    [...byService].map(([service, own]) => {
      const endpoints = own.flatMap((slice) =>
        endpointsOf(slice).map((endpoint) => ({ ...endpoint, namespace: slice.metadata.namespace })),
      );
      // Absent means ready, as the API has it.
      const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false);
      const ending = endpoints.filter(
        ({ conditions }) => conditions?.serving === true && conditions.terminating === true,
      );
      const answering = ready.length > 0 ? ready : ending;
      return [
        service,
        new Set(
          answering.flatMap(({ namespace, targetRef }) =>
            targetRef?.kind === "Pod" && targetRef.name !== undefined ? [`${namespace}/${targetRef.name}`] : [],
          ),
        ),
      ];
    }),
  );
}

/** Two that say the same, so that nobody need be told. */
export function isSameReadiness(one: Readiness, other: Readiness): boolean {
  return (
    one.size === other.size &&
    [...one].every(([service, own]) => {
      const others = other.get(service);
      return others !== undefined && others.size === own.size && others.isSupersetOf(own);
    })
  );
}

/** Its fields stand beside metadata, not in a spec. */
function endpointsOf(slice: ClusterObject): readonly SliceEndpoint[] {
  return (slice as { readonly endpoints?: readonly SliceEndpoint[] | null }).endpoints ?? [];
}
