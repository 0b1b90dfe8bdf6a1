/**
 * Bindings and TrafficPolicies that name Services which are not there, or not of the mesh. They are about the others
 * that they name: by the end of one Service its owner takes a binding from nobody else's.
 */
import { ROOT_NAMESPACE } from "@regomesh/resources";
import type { ClusterObject } from "./cluster-object.ts";
import { isMeshService } from "./mesh-objects.ts";

type Spec = {
  /** Of a TrafficPolicy. */
  readonly services?: readonly string[];
  /** Of a binding. */
  readonly selector?: { readonly namespaces?: readonly string[]; readonly services?: readonly string[] };
};

export type MissingServices = {
  /** Key of the object that names them. */
  readonly key: string;
  readonly names: readonly string[];
};

/** `objects`: each of which can be in force. */
export function missingServices(objects: ReadonlyMap<string, ClusterObject>): readonly MissingServices[] {
  const naming = [...objects].filter(([, object]) => servicesOf(object).length > 0);
  if (naming.length === 0) return [];
  const services = [...objects.values()].filter(isMeshService).map(({ metadata }) => metadata);
  const byName = Map.groupBy(services, ({ name }) => name);
  return naming.flatMap(([key, object]) => {
    const reached = reachedBy(object);
    const isReached = (namespace = "") => reached.includes("*") || reached.includes(namespace);
    const isThere = (name: string) => byName.get(name)?.some(({ namespace }) => isReached(namespace)) === true;
    const names = servicesOf(object).filter((name) => !isThere(name));
    return names.length === 0 ? [] : [{ key, names }];
  });
}

function servicesOf({ kind, spec }: ClusterObject): readonly string[] {
  const { services, selector } = (spec ?? {}) as Spec;
  if (kind === "TrafficPolicy") return services ?? [];
  return kind === "PolicyBinding" ? (selector?.services ?? []) : [];
}

/** Only those of the root's namespace reach others. */
function reachedBy({ spec, metadata: { namespace = ROOT_NAMESPACE } }: ClusterObject): readonly string[] {
  const { selector } = (spec ?? {}) as Spec;
  return namespace === ROOT_NAMESPACE ? (selector?.namespaces ?? [namespace]) : [namespace];
}
