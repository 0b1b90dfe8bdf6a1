/** Which bindings are about which workloads: found once for an index, by what their selectors name. */
import { type PolicyBinding, ROOT_NAMESPACE, type Workload } from "@regomesh/resources";
import { hasLabels, type MeshIndex } from "./mesh-index.ts";

type BoundIndex = Pick<MeshIndex, "bindings" | "workloads">;

type Found = {
  /** In the order of the bindings. */
  readonly bindings: ReadonlyMap<Workload, readonly PolicyBinding[]>;
  readonly workloads: ReadonlyMap<PolicyBinding, readonly Workload[]>;
};

/** An index is never changed, and so neither is what is bound by it. */
const known = new WeakMap<BoundIndex, Found>();

/** The bindings of both directions that are about a workload, in the index's order. */
export function bindingsOf(index: BoundIndex, workload: Workload): readonly PolicyBinding[] {
  return foundIn(index).bindings.get(workload) ?? [];
}

/** The workloads that a binding is about. */
export function boundWorkloads(index: BoundIndex, binding: PolicyBinding): readonly Workload[] {
  return foundIn(index).workloads.get(binding) ?? [];
}

/** A binding of the root namespace may reach others, and be mandatory. */
export function isOfRoot(binding: PolicyBinding): boolean {
  return binding.metadata.namespace === ROOT_NAMESPACE;
}

function foundIn(index: BoundIndex): Found {
  const found = known.get(index) ?? find(index);
  known.set(index, found);
  return found;
}

function find({ bindings, workloads }: BoundIndex): Found {
  const all = [...workloads.values()];
  const byService = Map.groupBy(all, ({ spec }) => spec.service);
  const byNamespace = Map.groupBy(all, ({ metadata }) => metadata.namespace);
  const candidates = (binding: PolicyBinding): readonly Workload[] => {
    const { services } = binding.spec.selector;
    if (services !== undefined) return [...new Set(services)].flatMap((name) => byService.get(name) ?? []);
    const reached = reachedBy(binding);
    return reached === undefined ? all : [...reached].flatMap((namespace) => byNamespace.get(namespace) ?? []);
  };
  const ofWorkload = new Map<Workload, PolicyBinding[]>();
  const ofBinding = new Map<PolicyBinding, readonly Workload[]>();
  for (const binding of bindings) {
    const bound = candidates(binding).filter((workload) => isBound(binding, workload));
    ofBinding.set(binding, bound);
    for (const workload of bound) {
      const others = ofWorkload.get(workload) ?? [];
      others.push(binding);
      ofWorkload.set(workload, others);
    }
  }
  return { bindings: ofWorkload, workloads: ofBinding };
}

/** The namespaces of a binding: its own, or those that a binding of the root namespace selects; undefined: all. */
function reachedBy(binding: PolicyBinding): ReadonlySet<string> | undefined {
  const { namespaces } = binding.spec.selector;
  if (namespaces === undefined || !isOfRoot(binding)) return new Set([binding.metadata.namespace]);
  return namespaces.includes("*") ? undefined : new Set(namespaces);
}

function isBound(binding: PolicyBinding, workload: Workload): boolean {
  const { services, labels } = binding.spec.selector;
  return (
    reachedBy(binding)?.has(workload.metadata.namespace) !== false &&
    (services === undefined || services.includes(workload.spec.service)) &&
    hasLabels(workload.metadata.labels, labels)
  );
}
