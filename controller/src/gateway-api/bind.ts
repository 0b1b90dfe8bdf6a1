/** Compiled routes as policies of workloads: asked when every binding's route has said nothing. */
import type { PolicyBinding, Route, Workload } from "@regomesh/resources";
import type { SourceTree } from "../build/source-tree.ts";
import type { Bound } from "../snapshot/composition.ts";
import { type CompiledRoutes, ROUTES_ENTRYPOINT, ROUTES_SOURCE } from "./compile.ts";

/** A chain of matches takes a few hundred units for each; all that one port may have stay far below. */
const FUEL = 10_000_000;

/** How explanations and records name what routes decide. */
const BINDING = { name: "routes", namespace: ROUTES_SOURCE };

/** The tree in which the units stand, beside those of the sources. */
export function routesTree(files: CompiledRoutes["files"]): SourceTree {
  return { source: ROUTES_SOURCE, path: `${ROUTES_SOURCE}:`, files };
}

/** What a workload's sender asks of routes; none where no route holds for its namespace. */
export function routesBoundTo(workload: Workload, routes: CompiledRoutes, first: Route | undefined): readonly Bound[] {
  const unit = routes.unitFor(workload.metadata.namespace);
  if (unit === undefined || first === undefined) return [];
  return [
    {
      entrypoint: ROUTES_ENTRYPOINT,
      kind: "route",
      unit,
      binding: `${BINDING.namespace}/${BINDING.name}`,
      tier: "default",
      mode: "enforce",
      fuel: FUEL,
      onFault: "deny",
      resource: toBinding(first, unit),
    },
  ];
}

/** For diagnostics: what is wrong with the unit is told at the first of its routes. */
function toBinding({ source, spans }: Route, unit: string): PolicyBinding {
  return {
    kind: "PolicyBinding",
    metadata: { ...BINDING, labels: {}, annotations: {} },
    spec: {
      unit,
      selector: { labels: {} },
      direction: "Outbound",
      tier: "Default",
      entrypoints: [{ name: ROUTES_ENTRYPOINT, kind: "Route" }],
      mode: "Enforce",
      fuel: FUEL,
      onFault: "Deny",
    },
    source,
    spans,
  };
}
