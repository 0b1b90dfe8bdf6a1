/**
 * Which entrypoints decide for a workload, in which order: every mandatory unit; of each
 * namespace's other authorization, the most specific tier that has any, for a tier ranks
 * units of its own namespace and no other's; of limits, all; of routes, all, the most
 * specific first. Shadows come along.
 */
import type { BoundEntrypoint } from "@regomesh/protocol";
import type { PolicyBinding, Workload } from "@regomesh/resources";
import { bindingsOf } from "../index/bound.ts";
import { kindOf } from "../index/check-bindings.ts";
import type { MeshIndex } from "../index/mesh-index.ts";

export type Direction = "inbound" | "outbound";

/** An entrypoint as bound; its name in the module comes with the module. */
export type Bound = Omit<BoundEntrypoint, "name"> & {
  /** As the binding writes it: `mesh/authz/allow`. */
  readonly entrypoint: string;
  readonly resource: PolicyBinding;
};

/** A decision's mask is one 32-bit word without its sign. */
export const ENTRYPOINTS_MAX = 31;

const TIERS = ["mandatory", "workload", "namespace", "default"] as const;
type Tier = (typeof TIERS)[number];
const TIER_OF = { Mandatory: "mandatory", Workload: "workload", Namespace: "namespace", Default: "default" } as const;

export function composePolicies(index: MeshIndex, workload: Workload, direction: Direction): readonly Bound[] {
  const bound = bindingsOf(index, workload)
    .filter((binding) => binding.spec.direction.toLowerCase() === direction)
    .flatMap(toBound)
    .sort((a, b) => TIERS.indexOf(a.tier) - TIERS.indexOf(b.tier));
  return bound.filter(
    (each) =>
      each.kind !== "authz" ||
      each.mode === "shadow" ||
      each.tier === "mandatory" ||
      each.tier === decidingTier(bound, each.resource.metadata.namespace),
  );
}

/** The most specific tier, other than the mandatory one, that enforces an authorization of a namespace. */
function decidingTier(bound: readonly Bound[], namespace: string): Tier | undefined {
  return bound.find(
    ({ kind, mode, tier, resource }) =>
      kind === "authz" && mode === "enforce" && tier !== "mandatory" && resource.metadata.namespace === namespace,
  )?.tier;
}

export function toBound(binding: PolicyBinding): readonly Bound[] {
  const { unit, tier, mode, fuel, onFault, entrypoints } = binding.spec;
  return entrypoints.flatMap((entrypoint) => {
    const kind = kindOf(entrypoint);
    if (kind === undefined) return [];
    return [
      {
        entrypoint: entrypoint.name,
        kind,
        unit,
        binding: `${binding.metadata.namespace}/${binding.metadata.name}`,
        tier: TIER_OF[tier],
        mode: mode === "Enforce" ? "enforce" : "shadow",
        fuel,
        onFault: onFault === "Deny" ? "deny" : "allow",
        resource: binding,
      },
    ];
  });
}
