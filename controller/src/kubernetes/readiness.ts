/**
 * Which Pods answer for a Service now, as its EndpointSlices say: those that are ready; where none is, those that
 * end and serve still, as kube-proxy has it. A Service of which there is no slice has nobody to say so: all do.
 */
import { type ClusterObject, objectKey } from "./cluster-object.ts";
import type { Change } from "./held-objects.ts";

/** Workloads, `namespace/name`, by service, `name.namespace`; a service that is not there is not asked about. */
export type Readiness = ReadonlyMap<string, ReadonlySet<string>>;

type SliceEndpoint = {
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  readonly targetRef?: { readonly kind?: string; readonly name?: string };
};

const SERVICE_LABEL = "kubernetes.io/service-name";

export function toReadiness(slices: readonly ClusterObject[]): Readiness {
  const changes = slices.map((after) => ({ key: objectKey(after), before: undefined, after }));
  return applySlices(new Map(), new Map(), changes);
}

/** Slices of each service, by their keys: what a change of one is looked up in. Changed where it stands. */
export type Slices = Map<string, Map<string, ClusterObject>>;

/** What is so once slices have changed, `readiness` itself where it is the same; of the other services nothing is looked at. */
export function applySlices(readiness: Readiness, held: Slices, changes: readonly Change[]): Readiness {
  const touched = new Set<string>();
  for (const { key, before, after } of changes) {
    const [from, to] = [serviceOf(before), serviceOf(after)];
    if (from !== undefined) held.get(from)?.delete(key);
    if (to !== undefined && after !== undefined) held.set(to, (held.get(to) ?? new Map()).set(key, after));
    for (const service of [from, to]) if (service !== undefined) touched.add(service);
  }
  const answering = [...touched].map((service) => {
    const own = held.get(service);
    if (own === undefined || own.size > 0) return [service, own && answeringOf([...own.values()])] as const;
    held.delete(service);
    return [service, undefined] as const;
  });
  const different = answering.filter(([service, pods]) => !isSameSet(readiness.get(service), pods));
  if (different.length === 0) return readiness;
  const next = new Map(readiness);
  for (const [service, pods] of different) {
    if (pods === undefined) next.delete(service);
    else next.set(service, pods);
  }
  return next;
}

/** `name.namespace`; undefined where a slice is of no Service. */
function serviceOf(slice: ClusterObject | undefined): string | undefined {
  const name = slice?.metadata.labels?.[SERVICE_LABEL];
  return name === undefined ? undefined : `${name}.${slice?.metadata.namespace}`;
}

function answeringOf(slices: readonly ClusterObject[]): ReadonlySet<string> {
  const endpoints = slices.flatMap((slice) =>
    endpointsOf(slice).map((endpoint) => ({ ...endpoint, namespace: slice.metadata.namespace })),
  );
  // Absent means ready, as the API has it.
  const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false);
  const ending = endpoints.filter(({ conditions }) => conditions?.serving === true && conditions.terminating === true);
  const answering = ready.length > 0 ? ready : ending;
  return new Set(
    answering.flatMap(({ namespace, targetRef }) =>
      targetRef?.kind === "Pod" && targetRef.name !== undefined ? [`${namespace}/${targetRef.name}`] : [],
    ),
  );
}

function isSameSet(one: ReadonlySet<string> | undefined, other: ReadonlySet<string> | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.size === other.size && one.isSupersetOf(other);
}

/** Its fields stand beside metadata, not in a spec. */
function endpointsOf(slice: ClusterObject): readonly SliceEndpoint[] {
  return (slice as { readonly endpoints?: readonly SliceEndpoint[] | null }).endpoints ?? [];
}
