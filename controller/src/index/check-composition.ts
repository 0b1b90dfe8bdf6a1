/**
 * Checks of what bindings come to together, workload by workload: one unit is asked one
 * question once, and where a request goes is never left to the order of names.
 */
import type { PolicyBinding, Workload } from "@regomesh/resources";
import { type Bound, type Direction, toBound } from "../snapshot/composition.ts";
import { bindingsOf, isOfRoot } from "./bound.ts";
import { type MeshIndex, workloadKey } from "./mesh-index.ts";
import type { Report } from "./report.ts";
import type { Seniority } from "./seniority.ts";

export function checkComposition(index: MeshIndex, seniority: Seniority, report: Report): void {
  const told = new Set<string>();
  for (const workload of index.workloads.values()) {
    for (const direction of ["inbound", "outbound"] as const) {
      const bound = boundTo(index, workload, direction, seniority);
      checkTwice(bound, workload, told, report);
      checkRoutes(bound, workload, told, report);
    }
  }
}

function boundTo(index: MeshIndex, workload: Workload, direction: Direction, seniority: Seniority): readonly Bound[] {
  const bindings = bindingsOf(index, workload).filter(({ spec }) => spec.direction.toLowerCase() === direction);
  const seniors = bindings.sort(seniority);
  return [...seniors.filter(isOfRoot), ...seniors.filter((each) => !isOfRoot(each))].flatMap(toBound);
}

/** One entrypoint of one unit has one answer: asked twice, a limit is charged twice, and a shadow is no shadow. */
function checkTwice(bound: readonly Bound[], workload: Workload, told: Set<string>, report: Report): void {
  for (const [at, each] of bound.entries()) {
    const first = bound.slice(0, at).find((one) => one.unit === each.unit && one.entrypoint === each.entrypoint);
    if (first === undefined || first.resource === each.resource) continue;
    tell(
      { first, each, told, report },
      `${each.entrypoint} of ${each.unit} is bound to ${workloadKey(workload)} twice`,
    );
  }
}

function checkRoutes(bound: readonly Bound[], workload: Workload, told: Set<string>, report: Report): void {
  const routes = bound.filter(({ kind, mode }) => kind === "route" && mode === "enforce");
  for (const [at, each] of routes.entries()) {
    const rivals = routes.slice(0, at);
    const same = rivals.find((one) => namespaceOf(one) === namespaceOf(each) && one.tier === each.tier);
    const foreign = rivals.find((one) => namespaceOf(one) !== namespaceOf(each));
    const name = workloadKey(workload);
    if (same !== undefined) {
      const message = `${name} has two routes of tier ${each.resource.spec.tier}; none is more specific`;
      tell({ first: same, each, told, report }, message);
    } else if (foreign !== undefined) {
      const message = `${name} has routes of two namespaces; no tier ranks one namespace over another`;
      tell({ first: foreign, each, told, report }, message);
    }
  }
}

type Pair = { readonly first: Bound; readonly each: Bound; readonly told: Set<string>; readonly report: Report };

/** At the junior of two bindings, the root's before all, once for each pair: what is true of one workload is true of many. */
function tell({ first, each, told, report }: Pair, message: string): void {
  const key = `${first.binding} ${each.binding} ${each.entrypoint}`;
  if (told.has(key)) return;
  told.add(key);
  report(each.resource, "metadata.name", "binding_twice", message, {
    related: [{ at: placeOf(first.resource), message: `by binding ${first.binding} too` }],
    hint: `leave one out, or let their selectors not meet: ${first.binding} binds it too`,
  });
}

function placeOf(binding: PolicyBinding) {
  return { source: binding.source, span: binding.spans.get("metadata.name") ?? { start: 0, end: 0 } };
}

function namespaceOf({ resource }: Bound): string {
  return resource.metadata.namespace;
}
