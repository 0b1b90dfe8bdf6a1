/** Checks of policy bindings: what they name must be there, and they may reach no further than their namespace. */
import { ENTRYPOINTS, type EntrypointKind } from "@regomesh/policy-runtime";
import { nearest, type PolicyBinding, ROOT_NAMESPACE } from "@regomesh/resources";
import { isInlineUnit } from "../build/inline-units.ts";
import { boundWorkloads, isOfRoot } from "./bound.ts";
import { didYouMean, servicesOf } from "./check-services.ts";
import type { MeshIndex } from "./mesh-index.ts";
import type { Report } from "./report.ts";

/**
 * `units`: directories of the source that hold modules, in the form in which bindings name them. `isInPieces`: a
 * resource's source is one of whose resources any may go without the others.
 */
export function checkBindings(
  index: MeshIndex,
  units: readonly string[],
  isInPieces: (binding: PolicyBinding) => boolean,
  report: Report,
): void {
  const names = namesOf(index);
  const known = new Set(units);
  for (const binding of index.bindings) {
    const { spec } = binding;
    if (spec.policy === undefined && isInlineUnit(spec.unit.slice(spec.unit.indexOf(":") + 1)))
      report(binding, "spec.unit", "reference_unknown", `${spec.unit} is a Policy's unit`, {
        hint: "write policy: NAME, for a Policy of the binding's own namespace",
      });
    else if (!known.has(spec.unit) && spec.policy !== undefined) {
      const own = spec.unit.slice(0, -spec.policy.length);
      const policies = units.filter((unit) => unit.startsWith(own)).map((unit) => unit.slice(own.length));
      const message = `no Policy ${spec.policy} in namespace ${binding.metadata.namespace}`;
      report(binding, "spec.policy", "reference_unknown", message, { hint: didYouMean(spec.policy, policies) });
    } else if (!known.has(spec.unit)) {
      const hint = didYouMean(spec.unit, units);
      report(binding, "spec.unit", "reference_unknown", `no directory ${spec.unit} with Rego in the source`, { hint });
    }
    if (spec.tier === "Mandatory" && !isOfRoot(binding)) {
      report(binding, "spec.tier", "binding_tier", `only a binding of namespace ${ROOT_NAMESPACE} may be mandatory`, {
        hint: `give it metadata.namespace: ${ROOT_NAMESPACE} and select the namespaces that it is for`,
      });
    }
    checkSelector(binding, index, { ...names, isInPieces: isInPieces(binding) }, report);
    checkEntrypoints(binding, report);
  }
}

/** The question that an entrypoint of a binding answers; undefined where neither its name nor the binding says. */
export function kindOf(entrypoint: PolicyBinding["spec"]["entrypoints"][number]): EntrypointKind | undefined {
  if (entrypoint.kind !== undefined) return KINDS[entrypoint.kind];
  return ENTRYPOINTS.find(({ names }) => names.includes(entrypoint.name))?.kind;
}

const KINDS = { Authz: "authz", Route: "route", Limits: "limits" } as const satisfies Record<string, EntrypointKind>;

/** Limits may also be asked by the sender, on request. */
const DIRECTIONS: Readonly<Record<EntrypointKind, readonly string[]>> = {
  authz: ["Inbound"],
  route: ["Outbound"],
  limits: ["Inbound", "Outbound"],
};

/** A slip of a known entrypoint, or the kinds that the binding's direction asks. */
function hintOfKind(name: string, direction: string): string {
  const near = nearest(
    name,
    ENTRYPOINTS.flatMap(({ names }) => names),
  );
  if (near !== undefined) return `did you mean ${near}?`;
  const kinds = Object.entries(KINDS).filter(([, kind]) => DIRECTIONS[kind].includes(direction));
  return `say what it answers: ${kinds.map(([word]) => `{ name: ${name}, kind: ${word} }`).join(" or ")}`;
}

/** What selectors may name. */
type Names = {
  /** Namespaces with a workload. */
  readonly inhabited: readonly string[];
  /** By namespace; all of them by "*". */
  readonly services: ReadonlyMap<string, ReadonlySet<string>>;
};

function namesOf({ workloads, services }: MeshIndex): Names {
  const all = [...services.values()].map(({ metadata }) => metadata);
  const byNamespace = Map.groupBy(all, ({ namespace }) => namespace);
  const names = [["*", all] as const, ...byNamespace].map(
    ([namespace, held]) => [namespace, new Set(held.map(({ name }) => name))] as const,
  );
  return {
    inhabited: [...new Set([...workloads.values()].map(({ metadata }) => metadata.namespace))],
    services: new Map(names),
  };
}

function checkSelector(
  binding: PolicyBinding,
  index: MeshIndex,
  names: Names & { readonly isInPieces: boolean },
  report: Report,
): void {
  const { namespaces, services } = binding.spec.selector;
  const { inhabited } = names;
  for (const [at, namespace] of (namespaces ?? []).entries()) {
    const place = `spec.selector.namespaces[${at}]`;
    if (!isOfRoot(binding) && namespace !== binding.metadata.namespace) {
      const message = `a binding of namespace ${binding.metadata.namespace} may not reach ${namespace === "*" ? "all namespaces" : `namespace ${namespace}`}`;
      report(binding, place, "binding_namespace", message, { hint: `only bindings of ${ROOT_NAMESPACE} may` });
    } else if (namespace !== "*" && !inhabited.includes(namespace)) {
      const near = nearest(namespace, inhabited);
      report(binding, place, "reference_unused", `namespace ${namespace} has no workload`, {
        severity: "warning",
        hint: near === undefined ? undefined : `did you mean ${near}?`,
      });
    }
  }
  const reached = namespaces === undefined ? [binding.metadata.namespace] : namespaces;
  const isThere = (service: string) =>
    reached.some((namespace) => names.services.get(namespace)?.has(service) === true);
  // Who deletes one of them would put the binding out of force for the others: it is about those that are left.
  const severity = names.isInPieces && (services ?? []).some(isThere) ? { severity: "warning" as const } : {};
  for (const [at, service] of (services ?? []).entries()) {
    if (isThere(service)) continue;
    report(binding, `spec.selector.services[${at}]`, "reference_unknown", `no service ${service} in reach`, {
      ...severity,
      hint: didYouMean(
        service,
        reached.flatMap((namespace) => servicesOf(index, namespace)),
      ),
    });
  }
  if (boundWorkloads(index, binding).length === 0) {
    report(binding, "spec.selector", "reference_unused", `binding ${binding.metadata.name} matches no workload`, {
      severity: "warning",
    });
  }
}

function checkEntrypoints(binding: PolicyBinding, report: Report): void {
  const { entrypoints, direction, onFault } = binding.spec;
  if (entrypoints.length === 0)
    report(binding, "spec.entrypoints", "binding_entrypoint", "a binding has at least one entrypoint");
  const seen = new Set<string>();
  for (const [at, entrypoint] of entrypoints.entries()) {
    const path = `spec.entrypoints[${at}]`;
    if (seen.has(entrypoint.name)) report(binding, path, "binding_entrypoint", `${entrypoint.name} is named twice`);
    seen.add(entrypoint.name);
    const kind = kindOf(entrypoint);
    if (kind === undefined) {
      report(binding, path, "binding_entrypoint", `${entrypoint.name} is not an entrypoint of the mesh`, {
        hint: hintOfKind(entrypoint.name, direction),
      });
      continue;
    }
    if (!DIRECTIONS[kind].includes(direction)) {
      const asked = DIRECTIONS[kind].join(" or ");
      report(binding, path, "binding_entrypoint", `${entrypoint.name} is asked ${asked}, not ${direction}`, {
        hint: `set direction: ${asked}`,
      });
    }
    if (kind !== "limits" && onFault === "Allow") {
      report(
        binding,
        "spec.onFault",
        "binding_fault",
        `a fault of ${entrypoint.name} always denies; Allow is for limits`,
      );
    }
  }
}
