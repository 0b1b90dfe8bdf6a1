/**
 * The index: every resource under its one name. A whole new one is made from all
 * resources at each change; nothing is ever patched.
 */
import type { Diagnostic } from "@regomesh/base";
import {
  MESH_DEFAULTS,
  type MeshConfig,
  type MeshConfigSpec,
  type MeshService,
  type MeshTest,
  type PolicyBinding,
  type Resource,
  ROOT_NAMESPACE,
  type TrafficPolicy,
  type Workload,
} from "@regomesh/resources";
import { makeReport, nameOf, type Report } from "./report.ts";
import { mayConfigure, maySpeakFor, printRight, type SourceRights } from "./rights.ts";

export type MeshIndex = {
  readonly name: string;
  readonly config: MeshConfigSpec;
  /** Absent where the mesh has no MeshConfig. */
  readonly configResource: MeshConfig | undefined;
  /** By `name.namespace`. */
  readonly services: ReadonlyMap<string, MeshService>;
  /** By `namespace/name`. */
  readonly workloads: ReadonlyMap<string, Workload>;
  /** Of a service, by `name.namespace`, its workloads; services without any are left out. */
  readonly workloadsByService: ReadonlyMap<string, readonly Workload[]>;
  readonly bindings: readonly PolicyBinding[];
  readonly tests: readonly MeshTest[];
  /** By the `name.namespace` of the service that they are about. */
  readonly traffic: ReadonlyMap<string, TrafficPolicy>;
};

/** Workloads of a mesh: what one controller process was built to hold. */
const WORKLOADS_MAX = 10_000;

export type IndexRules = {
  readonly rights: SourceRights;
  /** The directory that is the source: rights name paths from there. */
  readonly path: string;
  /** The authority's; what a mesh without a MeshConfig has. */
  readonly trustDomain?: string | undefined;
};

export function indexResources(
  resources: readonly Resource[],
  { rights, path, trustDomain = MESH_DEFAULTS.trustDomain }: IndexRules,
): { readonly index: MeshIndex; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const report = makeReport(diagnostics);
  const owned = takeNames(resources, report).filter((resource) => mayHold(resource, rights, path, report));
  const configs = owned.filter((resource) => resource.kind === "MeshConfig");
  const [config] = configs;
  for (const other of configs.slice(1)) {
    report(other, "metadata.name", "resource_duplicate", "the mesh has a MeshConfig already", {
      related: config === undefined ? [] : [{ at: placed(config), message: "the first one" }],
    });
  }
  const workloads = owned.filter((resource) => resource.kind === "Workload");
  const overflow = workloads[WORKLOADS_MAX];
  if (overflow !== undefined) {
    report(overflow, "", "workload_count", `the mesh has more than ${WORKLOADS_MAX} workloads`);
  }
  const index: MeshIndex = {
    name: config?.metadata.name ?? "mesh",
    config: config?.spec ?? { ...MESH_DEFAULTS, trustDomain },
    configResource: config,
    services: byKey(
      owned.filter((resource) => resource.kind === "MeshService"),
      serviceKey,
    ),
    workloads: byKey(workloads, workloadKey),
    workloadsByService: Map.groupBy(byKey(workloads, workloadKey).values(), serviceOf),
    bindings: owned
      .filter((resource) => resource.kind === "PolicyBinding")
      .sort((a, b) => compareText(nameOf(a), nameOf(b))),
    tests: owned.filter((resource) => resource.kind === "MeshTest"),
    traffic: trafficByService(
      owned.filter((resource) => resource.kind === "TrafficPolicy"),
      report,
    ),
  };
  return { index, diagnostics };
}

/** `orders.default`: how snapshots, endpoints and reports name a service. */
export function serviceKey({ metadata }: MeshService): string {
  return `${metadata.name}.${metadata.namespace}`;
}

export function workloadKey({ metadata }: Workload): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** The key of the service that a workload belongs to. */
export function serviceOf(workload: Workload): string {
  return `${workload.spec.service}.${workload.metadata.namespace}`;
}

/** The workload's SPIFFE ID. */
export function principalOf(workload: Workload, trustDomain: string): string {
  const account = workload.spec.serviceAccount ?? workload.spec.service;
  return `spiffe://${trustDomain}/ns/${workload.metadata.namespace}/sa/${account}`;
}

export function workloadsOf(index: MeshIndex, service: string): readonly Workload[] {
  return index.workloadsByService.get(service) ?? [];
}

export function hasLabels(labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value);
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A name has one owner: the second resource of a name is a fault, whatever it says. */
function takeNames(resources: readonly Resource[], report: Report): readonly Resource[] {
  const owners = new Map<string, Resource>();
  for (const resource of resources) {
    const name = nameOf(resource);
    const owner = owners.get(name);
    if (owner === undefined) owners.set(name, resource);
    else {
      report(resource, "metadata.name", "resource_duplicate", `${name} is defined twice`, {
        related: [{ at: placed(owner), message: "the first definition" }],
      });
    }
  }
  return [...owners.values()];
}

function mayHold(resource: Resource, rights: SourceRights, path: string, report: Report): boolean {
  const file = path === "" ? resource.source.name : resource.source.name.slice(path.length + 1);
  const hint = `the controller's --allow gives ${rights.map(printRight).join(" ")}`;
  if (resource.kind === "MeshConfig") {
    const may = mayConfigure(file, rights);
    const message = `only a path that may speak for ${ROOT_NAMESPACE} may hold a MeshConfig`;
    if (!may) report(resource, "kind", "resource_namespace", message, { hint });
    return may;
  }
  const { namespace } = resource.metadata;
  const may = maySpeakFor(file, namespace, rights);
  const message = `this file may not speak for namespace ${namespace}`;
  if (!may) report(resource, "metadata.namespace", "resource_namespace", message, { hint });
  return may;
}

function trafficByService(policies: readonly TrafficPolicy[], report: Report): ReadonlyMap<string, TrafficPolicy> {
  const found = new Map<string, TrafficPolicy>();
  for (const policy of policies) {
    for (const [at, service] of policy.spec.services.entries()) {
      const key = `${service}.${policy.metadata.namespace}`;
      const other = found.get(key);
      if (other === undefined) found.set(key, policy);
      else if (other !== policy) {
        report(policy, `spec.services[${at}]`, "resource_duplicate", `${service} has a TrafficPolicy already`, {
          related: [{ at: placed(other), message: "the first one" }],
        });
      }
    }
  }
  return found;
}

function placed(resource: Resource) {
  return { source: resource.source, span: resource.spans.get("metadata.name") ?? { start: 0, end: 0 } };
}

function byKey<T extends Resource>(resources: readonly T[], key: (resource: T) => string): ReadonlyMap<string, T> {
  const sorted = [...resources].sort((a, b) => compareText(key(a), key(b)));
  return new Map(sorted.map((resource) => [key(resource), resource]));
}
