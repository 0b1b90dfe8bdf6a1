/**
 * Bindings whose Policy is not there. What they bind fails closed: in the Policy's place stands a unit each rule
 * of which answers what no entrypoint may, so that its requests meet 503, as those of a broken policy do. So the
 * order in which objects are applied is of no matter, and who deletes a Policy opens nothing.
 */
import { API_VERSION } from "@regomesh/resources";
import type { ClusterObject } from "./cluster-object.ts";

type BindingSpec = {
  readonly policy?: string;
  readonly entrypoints?: readonly (string | { readonly name?: string })[];
};

export type MissingPolicy = {
  /** Keys of the bindings that name it. */
  readonly bindings: readonly string[];
  readonly namespace: string;
  readonly name: string;
  readonly entrypoints: readonly string[];
};

/** By namespace and name, each once. */
export function missingPolicies(objects: ReadonlyMap<string, ClusterObject>): readonly MissingPolicy[] {
  const found = new Map<string, { bindings: string[]; names: Set<string>; namespace: string; name: string }>();
  for (const [key, { kind, metadata, spec }] of objects) {
    const { policy, entrypoints = [] } = (spec ?? {}) as BindingSpec;
    const { namespace = "" } = metadata;
    if (kind !== "PolicyBinding" || policy === undefined || objects.has(`Policy/${namespace}/${policy}`)) continue;
    const names = entrypoints.flatMap((each) => (typeof each === "string" ? each : (each.name ?? [])));
    const known = found.get(`${namespace}/${policy}`);
    const missing = known ?? { bindings: [], names: new Set(), namespace, name: policy };
    missing.bindings.push(key);
    for (const each of names) missing.names.add(each);
    found.set(`${namespace}/${policy}`, missing);
  }
  return [...found.values()].map(({ names, ...missing }) => ({ ...missing, entrypoints: [...names].sort() }));
}

/** The unit that stands in its place. */
export function standIn({ namespace, name, entrypoints }: MissingPolicy): object {
  const byPackage = Map.groupBy(entrypoints, (entrypoint) => entrypoint.split("/").slice(0, -1).join("."));
  const answer = `json.unmarshal("\\"Policy ${namespace}/${name} is not there\\"")`;
  const modules = [...byPackage].map(([path, own], at) => {
    const rules = own.map((entrypoint) => `${entrypoint.split("/").at(-1)} := ${answer}`);
    return [`missing-${at}.rego`, [`package ${path}`, ...rules].join("\n\n").concat("\n")];
  });
  return {
    apiVersion: API_VERSION,
    kind: "Policy",
    metadata: { name, namespace },
    spec: { modules: Object.fromEntries(modules) },
  };
}
