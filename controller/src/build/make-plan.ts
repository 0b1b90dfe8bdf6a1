/** From an index to what every proxy shall have. */
import type { Diagnostic } from "@regomesh/base";
import { canonicalJson, type PolicyRef, type ServiceContent, snapshotHash } from "@regomesh/protocol";
import type { MeshService, Resource, Workload } from "@regomesh/resources";
import type { BoundPolicyBody } from "../api/graph.ts";
import { routesBoundTo, routesTree } from "../gateway-api/bind.ts";
import type { CompiledRoutes } from "../gateway-api/compile.ts";
import { ownersOf } from "../index/hosts.ts";
import type { Inventory } from "../index/loss.ts";
import type { MeshIndex } from "../index/mesh-index.ts";
import { type Bound, composePolicies } from "../snapshot/composition.ts";
import { toOutbound, type WorkloadPlan } from "../snapshot/outbound.ts";
import { toReleaseRules } from "../snapshot/release-rules.ts";
import { toWorkloadPlan } from "../snapshot/workload.ts";
import { ROOT_SOURCE } from "../sources/source.ts";
import { toSourcePlan } from "../sources/source-plan.ts";
import type { MeshPlan, ServicePlan } from "./build.ts";
import { type Modules, makeModules } from "./modules.ts";
import type { Read } from "./read-index.ts";
import { sourceOf } from "./source-tree.ts";
import type { PolicyTools } from "./tools.ts";

/** What cannot be built is added to `diagnostics`. Workloads, services and what is told of them are the values of the plan before where they say the same. */
export function makePlan(
  { trees, index, named, routes, seniority }: Read,
  tools: PolicyTools,
  diagnostics: Diagnostic[],
): MeshPlan {
  const modules = makeModules([...trees, routesTree(routes.files)], seniority, tools, diagnostics);
  const outlines = tools.again("outlines", [index, routes], () =>
    [...index.workloads.values()].map((workload) => outlineOf(index, workload, routes)),
  );
  const workloads = outlines.map((outline) =>
    planOf(outline, modules.refer("inbound", outline.inbound), modules.refer("outbound", outline.outbound)),
  );
  const mesh = toMeshPlan(index);
  const outbound = tools.again("outbound", [index], () => toOutbound(index));
  const byService = Map.groupBy(workloads, ({ service, namespace }) => `${service}.${namespace}`);
  return {
    mesh,
    rules: toReleaseRules(index),
    ...toStaleness(index.config),
    meaning: meaningOfPlan(mesh, workloads, outbound, modules, tools),
    workloads,
    outbound,
    services: [...index.services].map(([key, service]) => servicePlanOf(service, byService.get(key) ?? [])),
    modules: modules.built(),
    ...(routes.files.length === 0 ? {} : { routes: routes.files }),
    ...(index.routes.length === 0 ? {} : { routeStatus: index.routes.map((route) => routes.statusOf(route)) }),
    ...(index.sources.length === 0 ? {} : { sources: index.sources.map(toSourcePlan) }),
    inventory: tools.again("inventory", [index, ...named], () => inventoryOfIndex(index, named)),
  };
}

/** Of a workload all that is the same whatever its modules are. */
type Outline = {
  readonly inbound: readonly Bound[];
  readonly outbound: readonly Bound[];
  readonly rest: Omit<WorkloadPlan, "policies">;
};

function outlineOf(index: MeshIndex, workload: Workload, routes: CompiledRoutes): Outline {
  return {
    inbound: composePolicies(index, workload, "inbound"),
    outbound: [...composePolicies(index, workload, "outbound"), ...routesBoundTo(workload, routes, index.routes[0])],
    rest: toWorkloadPlan(index, workload, routes),
  };
}

/** Of outlines, what was made of them last. */
const plansOf = new WeakMap<Outline, WorkloadPlan>();

function planOf(outline: Outline, inbound: PolicyRef | undefined, outbound: PolicyRef | undefined): WorkloadPlan {
  const last = plansOf.get(outline);
  if (last !== undefined && last.policies.inbound === inbound && last.policies.outbound === outbound) return last;
  const policies = { ...(inbound === undefined ? {} : { inbound }), ...(outbound === undefined ? {} : { outbound }) };
  const plan = { ...outline.rest, policies };
  plansOf.set(outline, plan);
  return plan;
}

/** Of services, what was made of them last, and of which workloads. */
const servicePlans = new WeakMap<MeshService, { readonly of: readonly WorkloadPlan[]; readonly plan: ServicePlan }>();

function servicePlanOf(service: MeshService, of: readonly WorkloadPlan[]): ServicePlan {
  const last = servicePlans.get(service);
  if (last !== undefined && last.of.length === of.length && last.of.every((each, at) => each === of[at]))
    return last.plan;
  const { name, namespace } = service.metadata;
  const subsets = service.spec.subsets.map((subset) => subset.name);
  const plan = { name, namespace, subsets, policies: boundPolicies(of) };
  servicePlans.set(service, { of, plan });
  return plan;
}

/** Who only serves on when it is stale need not be told. */
function toMeshPlan({ name, config }: MeshIndex): MeshPlan["mesh"] {
  const { trustDomain, maxStaleness, onStale } = config;
  return {
    name,
    trustDomain,
    ...(maxStaleness === undefined || onStale === "Serve" ? {} : { behindMaxMs: maxStaleness }),
  };
}

function toStaleness({ maxStaleness, onStale }: MeshIndex["config"]): Pick<MeshPlan, "staleness"> {
  return maxStaleness === undefined
    ? {}
    : { staleness: { maxMs: maxStaleness, onStale: onStale === "Deny" ? "deny" : "serve" } };
}

export function inventoryOfIndex(index: MeshIndex, named: readonly string[]): Inventory {
  const bindings = index.bindings.map((binding): readonly [string, Resource] => [keyOf(binding), binding]);
  const workloads = [...index.workloads];
  const sources = [ROOT_SOURCE, ...named];
  const of = (source: string, held: readonly (readonly [string, Resource])[]) =>
    held.flatMap(([key, resource]) => (sourceOf(resource.source.name, named) === source ? [key] : []));
  return {
    hasConfig: index.configResource !== undefined,
    bindings: bindings.map(([key]) => key),
    workloads: workloads.map(([key]) => key),
    hosts: ownersOf(index),
    ...(named.length === 0
      ? {}
      : {
          sources: Object.fromEntries(
            sources.map((source) => [source, { bindings: of(source, bindings), workloads: of(source, workloads) }]),
          ),
        }),
  };
}

function keyOf({ metadata: { namespace, name } }: { readonly metadata: { namespace: string; name: string } }): string {
  return `${namespace}/${name}`;
}

function meaningOfPlan(
  mesh: MeshPlan["mesh"],
  workloads: readonly WorkloadPlan[],
  outbound: readonly ServiceContent[],
  modules: Modules,
  { version, digest }: Pick<PolicyTools, "version" | "digest">,
): string {
  const meant = (ref: PolicyRef | undefined) => ref && { ...ref, module: modules.meaningOf(ref.module) };
  // Item by item: a commit changes few, and those that are what they were say what they said.
  const said = workloads.map((workload) => {
    const { inbound, outbound } = workload.policies;
    const by = [inbound, outbound].map((ref) => ref && modules.meaningOf(ref.module)).join("\n");
    return digestOf(workload, by, () =>
      digest({ ...workload, policies: { inbound: meant(inbound), outbound: meant(outbound) } }),
    );
  });
  const told = outbound.map((service) => digestOf(service, "", () => digest(service)));
  return snapshotHash(canonicalJson({ compiler: version, mesh, workloads: said, outbound: told }));
}

/** Of things that are never changed their digests, and by what else they were made. */
const digests = new WeakMap<object, { readonly by: string; readonly digest: string }>();

function digestOf(thing: object, by: string, make: () => string): string {
  const known = digests.get(thing);
  if (known?.by === by) return known.digest;
  const digest = make();
  digests.set(thing, { by, digest });
  return digest;
}

function boundPolicies(workloads: readonly WorkloadPlan[]): readonly BoundPolicyBody[] {
  const found = new Map<string, BoundPolicyBody>();
  for (const { policies } of workloads) {
    for (const { binding, unit, tier, name } of [policies.inbound, policies.outbound].flatMap(
      (each) => each?.entrypoints ?? [],
    )) {
      const entrypoints = found.get(binding)?.entrypoints ?? [];
      const entrypoint = name.startsWith(`${unit}/`) ? name.slice(unit.length + 1) : name;
      if (entrypoints.includes(entrypoint)) continue;
      found.set(binding, { binding, unit, tier, entrypoints: [...entrypoints, entrypoint] });
    }
  }
  return [...found.values()];
}
