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
  type Policy,
  type PolicyBinding,
  type PolicySource,
  type ReferenceGrant,
  type Resource,
  ROOT_NAMESPACE,
  type Route,
  type TrafficPolicy,
  type Workload,
} from "@regomesh/resources";
import { ROOT_SOURCE } from "../sources/source.ts";
import { makeReport, nameOf, type Report } from "./report.ts";
import { mayConfigure, mayOtherSpeakFor, maySpeakFor, printRight, type SourceRights, speaksByName } from "./rights.ts";
import { bySeniority, type Seniority } from "./seniority.ts";

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
  /** Units that are written into a resource. */
  readonly policies: readonly Policy[];
  readonly sources: readonly PolicySource[];
  /** By the `name.namespace` of the service that they are about. */
  readonly traffic: ReadonlyMap<string, TrafficPolicy>;
  /** Those of the Gateway API; undefined where the mesh asks for none. */
  readonly grants: readonly ReferenceGrant[] | undefined;
  /** Routes of the Gateway API, in the order of their names. */
  readonly routes: readonly Route[];
};

/** Workloads of a mesh: what one controller process was built to hold. */
const WORKLOADS_MAX = 10_000;

/** Where a resource comes from, and what may be said there. */
export type Origin = {
  /** `ROOT_SOURCE`, or the source's name. */
  readonly source: string;
  /** By its path in the source, as rights name it. */
  readonly file: string;
  readonly rights: SourceRights;
};

export type IndexRules = {
  /** The authority's; what a mesh without a MeshConfig has. */
  readonly trustDomain?: string | undefined;
  /** Which stay where two cannot both be in force. */
  readonly seniority?: Seniority;
};

export function indexResources(
  origins: ReadonlyMap<Resource, Origin>,
  { trustDomain = MESH_DEFAULTS.trustDomain, seniority = bySeniority(new Set()) }: IndexRules,
): { readonly index: MeshIndex; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const report = makeReport(diagnostics);
  const allowed = [...origins].filter(([resource, origin]) => mayHold(resource, origin, report));
  const owned = takeNames(allowed, report);
  const configs = owned.filter((resource) => resource.kind === "MeshConfig").sort(seniority);
  const [config] = configs;
  for (const other of configs.slice(1)) {
    report(other, "metadata.name", "resource_duplicate", "the mesh has a MeshConfig already", {
      related: config === undefined ? [] : [{ at: placed(config), message: "the first one" }],
    });
  }
  const workloads = owned.filter((resource) => resource.kind === "Workload");
  const beyond = workloads.length > WORKLOADS_MAX ? workloads.toSorted(seniority).slice(WORKLOADS_MAX) : [];
  for (const workload of beyond)
    report(
      workload,
      "",
      "workload_count",
      `the mesh has more than ${WORKLOADS_MAX} workloads, of which the newest are left out`,
    );
  const services = byKey(
    owned.filter((resource) => resource.kind === "MeshService"),
    serviceKey,
  );
  const index: MeshIndex = {
    name: config?.metadata.name ?? "mesh",
    config: config?.spec ?? { ...MESH_DEFAULTS, trustDomain },
    configResource: config,
    services,
    workloads: byKey(workloads, workloadKey),
    workloadsByService: answering(services, byKey(workloads, workloadKey).values()),
    bindings: owned
      .filter((resource) => resource.kind === "PolicyBinding")
      .sort((a, b) => compareText(nameOf(a), nameOf(b))),
    tests: owned.filter((resource) => resource.kind === "MeshTest"),
    policies: owned.filter((resource) => resource.kind === "Policy"),
    sources: owned.filter((resource) => resource.kind === "PolicySource"),
    traffic: trafficByService(owned.filter((resource) => resource.kind === "TrafficPolicy").sort(seniority), report),
    grants:
      config?.spec.referenceGrants === "Required"
        ? owned.filter((resource) => resource.kind === "ReferenceGrant")
        : undefined,
    routes: owned
      .filter((resource) => resource.kind === "HTTPRoute" || resource.kind === "GRPCRoute")
      .sort((a, b) => compareText(nameOf(a), nameOf(b))),
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

/** The key of a service that a workload names: of its own namespace where it names none. */
export function keyOfCalled(name: string, namespace: string): string {
  return name.includes(".") ? name : `${name}.${namespace}`;
}

/** The key of the service that a workload belongs to. */
export function serviceOf(workload: Workload): string {
  return `${workload.spec.service}.${workload.metadata.namespace}`;
}

/** Keys of all services that a workload answers for: its own first, then those that select it, by their names. */
export function servicesOfWorkload({ services }: Pick<MeshIndex, "services">, workload: Workload): readonly string[] {
  const { namespace, labels } = workload.metadata;
  const own = serviceOf(workload);
  const selecting = selectingIn(services, namespace).filter(({ spec }) => hasLabels(labels, spec.selector ?? {}));
  return [...new Set([own, ...selecting.map(serviceKey)])];
}

/** Of services, by namespace, those that select workloads: an index's services are never changed. */
const selecting = new WeakMap<MeshIndex["services"], ReadonlyMap<string, readonly MeshService[]>>();

function selectingIn(services: MeshIndex["services"], namespace: string): readonly MeshService[] {
  const found =
    selecting.get(services) ??
    Map.groupBy(
      [...services.values()].filter(({ spec }) => spec.selector !== undefined),
      ({ metadata }) => metadata.namespace,
    );
  selecting.set(services, found);
  return found.get(namespace) ?? [];
}

/** Ports of a workload: those of every service that it answers for, each name once. */
export function portsOf(index: Pick<MeshIndex, "services">, workload: Workload): MeshService["spec"]["ports"] {
  const all = servicesOfWorkload(index, workload).flatMap((key) => index.services.get(key)?.spec.ports ?? []);
  return [...Map.groupBy(all, ({ name }) => name).values()].flatMap(([first]) => first ?? []);
}

function answering(
  services: MeshIndex["services"],
  workloads: Iterable<Workload>,
): ReadonlyMap<string, readonly Workload[]> {
  const found = new Map<string, Workload[]>();
  for (const workload of workloads) {
    for (const key of servicesOfWorkload({ services }, workload)) {
      const own = found.get(key) ?? [];
      own.push(workload);
      found.set(key, own);
    }
  }
  return found;
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

type Owned = readonly [Resource, Origin];

/**
 * A name has one owner: another resource of that name is a fault, whatever it says. Of two sources
 * that one owns it whose right has the namespace by name; where both have, or none, the first.
 */
function takeNames(resources: readonly Owned[], report: Report): readonly Resource[] {
  const owners = new Map<string, Owned>();
  for (const each of resources) {
    const name = nameOf(each[0]);
    const owner = owners.get(name);
    if (owner === undefined || isRatherOf(each, owner)) owners.set(name, each);
  }
  for (const each of resources) {
    const [resource, { source }] = each;
    const name = nameOf(resource);
    const owner = owners.get(name);
    if (owner === undefined || owner === each) continue;
    const isOther = owner[1].source !== source;
    const message = isOther ? `${name} is source ${owner[1].source}'s` : `${name} is defined twice`;
    report(resource, "metadata.name", "resource_duplicate", message, {
      related: [{ at: placed(owner[0]), message: isOther ? "its definition there" : "the first definition" }],
    });
  }
  return [...owners.values()].map(([resource]) => resource);
}

function isRatherOf(each: Owned, owner: Owned): boolean {
  return each[1].source !== owner[1].source && isNamed(each) && !isNamed(owner);
}

function isNamed([resource, { file, rights }]: Owned): boolean {
  return "namespace" in resource.metadata && speaksByName(file, resource.metadata.namespace, rights);
}

function mayHold(resource: Resource, { source, file, rights }: Origin, report: Report): boolean {
  const isRoot = source === ROOT_SOURCE;
  const allowed = rights.map(printRight).join(" ");
  const hint = isRoot ? `the controller's --allow gives ${allowed}` : `source ${source} may speak for ${allowed}`;
  if (resource.kind === "MeshConfig" || resource.kind === "PolicySource") {
    const may = isRoot && mayConfigure(file, rights);
    const message = isRoot
      ? `only a path that may speak for ${ROOT_NAMESPACE} may hold a ${resource.kind}`
      : `only the mesh's own source may hold a ${resource.kind}`;
    if (!may) report(resource, "kind", "resource_namespace", message, { hint });
    if (!may || resource.kind === "MeshConfig") return may;
  }
  const { namespace } = resource.metadata;
  const isRoots = namespace === ROOT_NAMESPACE;
  if (resource.kind === "PolicySource" && !isRoots) {
    report(resource, "metadata.namespace", "resource_namespace", `a PolicySource is of namespace ${ROOT_NAMESPACE}`);
    return false;
  }
  const may = isRoot ? maySpeakFor(file, namespace, rights) : !isRoots && mayOtherSpeakFor(file, namespace, rights);
  const message =
    !isRoot && isRoots
      ? `only the mesh's own source may speak for namespace ${ROOT_NAMESPACE}`
      : `this file may not speak for namespace ${namespace}`;
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
