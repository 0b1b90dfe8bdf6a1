/** Which bindings are about which workloads: found once for an index, by what their selectors name. */
import { type PolicyBinding, ROOT_NAMESPACE, type Workload } from "@regomesh/resources";
import { hasLabels, type MeshIndex } from "./mesh-index.ts";

type BoundIndex = Pick<MeshIndex, "bindings" | "workloads" | "workloadsByService">;

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

function find({ bindings, workloads, workloadsByService }: BoundIndex): Found {
  const all = [...workloads.values()];
  // Whichever of its services is asked: who has one more answer for a workload takes no binding from it.
  const byService = Map.groupBy(workloadsByService, ([key]) => key.slice(0, key.indexOf(".")));
  const byNamespace = Map.groupBy(all, ({ metadata }) => metadata.namespace);
  const candidates = (binding: PolicyBinding): readonly Workload[] => {
    const { services } = binding.spec.selector;
    if (services !== undefined) {
      const named = services.flatMap((name) => byService.get(name) ?? []);
      return [...new Set(named.flatMap(([, answering]) => answering))];
    }
    const reached = reachedBy(binding);
    return reached === undefined ? all : [...reached].flatMap((namespace) => byNamespace.get(namespace) ?? []);
  };
  const ofWorkload = new Map<Workload, PolicyBinding[]>();
  const ofBinding = new Map<PolicyBinding, readonly Workload[]>();
  for (const binding of bindings) {
    const bound = candidates(binding).filter((workload) => isReached(binding, workload));
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

/** Of a workload of its services. */
function isReached(binding: PolicyBinding, { metadata: { namespace, labels } }: Workload): boolean {
  const isNear = reachedBy(binding)?.has(namespace) !== false;
  return isNear && hasLabels(labels, binding.spec.selector.labels);
}
