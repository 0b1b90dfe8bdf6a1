/**
 * From the files of a commit to what every proxy shall have, or to the reasons why not.
 * A build is whole or it is refused: one fault anywhere, and no proxy changes.
 */
import {
  type Diagnostic,
  type DiagnosticRecord,
  hasErrors,
  NO_FILE,
  type Source,
  sortDiagnostics,
  toDiagnosticRecord,
} from "@regomesh/base";
import {
  canonicalJson,
  type MeshSettings,
  type PolicyRef,
  type ServiceContent,
  snapshotHash,
} from "@regomesh/protocol";
import { type PolicySource, parseResources, type Resource } from "@regomesh/resources";
import type { BoundPolicyBody } from "../api/graph.ts";
import type { FailedTestBody } from "../api/releases.ts";
import type { StalenessBody } from "../api/status.ts";
import { routesBoundTo, routesTree } from "../gateway-api/bind.ts";
import { routesBeyond } from "../gateway-api/budget.ts";
import { type CompiledRoutes, compileRoutes } from "../gateway-api/compile.ts";
import { wrongExpressions } from "../gateway-api/expressions.ts";
import type { RouteStatus } from "../gateway-api/status.ts";
import { checkBindings } from "../index/check-bindings.ts";
import { checkComposition } from "../index/check-composition.ts";
import { checkRoutes, reportExpressions, reportLengths } from "../index/check-routes.ts";
import { checkServices } from "../index/check-services.ts";
import { checkSources } from "../index/check-sources.ts";
import { checkTests } from "../index/check-tests.ts";
import { type HostOwners, ownersOf, settleHosts } from "../index/hosts.ts";
import type { Inventory } from "../index/loss.ts";
import { indexResources, type MeshIndex, type Origin } from "../index/mesh-index.ts";
import { makeReport } from "../index/report.ts";
import type { SourceRights } from "../index/rights.ts";
import { type MeshTestResult, runMeshTests } from "../rehearse/mesh-tests.ts";
import { composePolicies } from "../snapshot/composition.ts";
import { toOutbound, type WorkloadPlan } from "../snapshot/outbound.ts";
import { checkReleaseRules, type ReleaseRules, toReleaseRules } from "../snapshot/release-rules.ts";
import { toWorkloadPlan } from "../snapshot/workload.ts";
import { ROOT_SOURCE, type Verdict } from "../sources/source.ts";
import { checkFiles } from "./check-files.ts";
import { qualifyBinding, withInlineUnits } from "./inline-units.ts";
import { type Modules, makeModules } from "./modules.ts";
import { mountTree, relativeName, resourceFiles, type SourceTree, sourceOf, unitNames, unitOf } from "./source-tree.ts";
import type { BuiltModule, PolicyTools } from "./tools.ts";
import { testUnits } from "./unit-tests.ts";
import { countsOf, type PlacedHead, verdictsOf } from "./verdicts.ts";

/** What a revision holds beside its name: plain data that crosses processes and is kept on disk. */
export type MeshPlan = {
  readonly mesh: Omit<MeshSettings, "explainDenials">;
  readonly workloads: readonly WorkloadPlan[];
  /** What workloads are told of the services that they may call. */
  readonly outbound: readonly ServiceContent[];
  readonly services: readonly ServicePlan[];
  readonly modules: readonly BuiltModule[];
  /** Units that are made of the Gateway API's routes, for whoever explains them; absent where none are. */
  readonly routes?: readonly Source[];
  /** What is said to each route of a service; absent where there are none. */
  readonly routeStatus?: readonly RouteStatus[];
  /** Absent in a plan that an earlier version has kept. */
  readonly inventory?: Inventory;
  /** Sources that the mesh's own one names; absent where none. */
  readonly sources?: readonly SourcePlan[];
  /** For how long proxies may be behind; absent where the mesh says nothing. */
  readonly staleness?: StalenessBody;
  /** How it comes in force; absent in a plan that an earlier version has kept. */
  readonly rules?: ReleaseRules;
  /**
   * A digest of all that a proxy can act upon: of two plans with the same one, whoever has the first
   * need not be sent the second. Absent in a plan that an earlier version has kept.
   */
  readonly meaning?: string;
};

/** A source as a `PolicySource` says it. */
export type SourcePlan = PolicySource["spec"] & { readonly name: string };

/** What the status tells of a service. */
export type ServicePlan = {
  readonly name: string;
  readonly namespace: string;
  readonly subsets: readonly string[];
  readonly policies: readonly BoundPolicyBody[];
};

export type Built = {
  /** Absent where the build is refused. */
  readonly plan?: MeshPlan;
  readonly diagnostics: readonly DiagnosticRecord[];
  readonly failedTests: readonly FailedTestBody[];
  readonly passedTests: number;
  /** Those, beside the mesh's own, that operator or mesh names. */
  readonly sources: readonly string[];
  /** Of each source that was read, how many resources it holds. */
  readonly resources: Readonly<Record<string, number>>;
  /** Those that are at fault; none where there is a plan. */
  readonly verdicts: readonly Verdict[];
};

/** Diagnostics that a person will read; more are counted, not kept. */
const DIAGNOSTICS_MAX = 200;

export type BuildRules = {
  /** Of the mesh's own source. */
  readonly rights: SourceRights;
  /** Of the others that the operator has named, by name; what `PolicySource` resources name is added. */
  readonly sources?: Readonly<Record<string, SourceRights>>;
  /** The authority's, in which identities are issued; absent while there is none. */
  readonly trustDomain?: string | undefined;
  /** Of the revision in force, whose hosts stay its services'. */
  readonly hosts?: HostOwners | undefined;
};

/** `sources`: a tree for each; those that neither operator nor mesh names are left out. */
export function build(sources: readonly SourceTree[], rules: BuildRules, tools: PolicyTools): Built {
  const { trustDomain } = rules;
  const diagnostics: Diagnostic[] = [];
  const read = readIndex(sources, rules, diagnostics, tools.parse);
  const { trees, index } = read;
  checkTrustDomain(index, trustDomain, diagnostics);
  // What is too long already makes a text of expressions that is so, too, by which none would be wrong.
  if (!diagnostics.some(({ code }) => code === "route_length"))
    reportExpressions(wrongExpressions(index.routes, tools), makeReport(diagnostics));
  const refused = (failed: readonly FailedTestBody[], passedTests: number): Built => ({
    diagnostics: toRecords(diagnostics),
    failedTests: failed.slice(0, DIAGNOSTICS_MAX),
    passedTests,
    sources: read.named,
    resources: countsOf(read.heads),
    verdicts: verdictsOf(read, diagnostics, failed),
  });
  if (hasErrors(diagnostics)) return refused([], 0);
  const tests = testUnits(trees, index, tools);
  diagnostics.push(...tests.diagnostics);
  if (hasErrors(diagnostics) || tests.failed.length > 0) return refused(tests.failed, tests.passed);
  const plan = makePlan(read, tools, diagnostics);
  if (hasErrors(diagnostics)) return refused([], tests.passed);
  const whole = runMeshTests(index.tests.toSorted(index.bySeniority), plan, tools, tools.nowMs());
  const failed = whole.flatMap(({ message, ...test }) => (message === undefined ? [] : [{ ...test, message }]));
  const passed = tests.passed + whole.length - failed.length;
  if (failed.length > 0) return refused(failed, passed);
  return {
    plan,
    diagnostics: toRecords(diagnostics),
    failedTests: [],
    passedTests: passed,
    sources: read.named,
    resources: countsOf(read.heads),
    verdicts: [],
  };
}

/**
 * The MeshTests of a source alone, without the unit tests that a build runs first: for whoever
 * runs these himself. None where the source does not build; the diagnostics say why.
 */
export function testMesh(
  sources: readonly SourceTree[],
  rules: BuildRules,
  tools: PolicyTools,
): { readonly diagnostics: readonly DiagnosticRecord[]; readonly results: readonly MeshTestResult[] } {
  const diagnostics: Diagnostic[] = [];
  const read = readIndex(sources, rules, diagnostics, tools.parse);
  const { index } = read;
  const plan = hasErrors(diagnostics) ? undefined : makePlan(read, tools, diagnostics);
  const isWhole = plan !== undefined && !hasErrors(diagnostics);
  return {
    diagnostics: toRecords(diagnostics),
    results: isWhole ? runMeshTests(index.tests, plan, tools, tools.nowMs()) : [],
  };
}

/** What a source holds, and its trust domain, by its resources alone; undefined where they do not stand by themselves. */
export function holdingsOf(
  tree: SourceTree,
  rules: BuildRules,
):
  | { readonly inventory: Inventory; readonly trustDomain: string }
  | { readonly inventory?: undefined; readonly diagnostics: readonly DiagnosticRecord[] } {
  const diagnostics: Diagnostic[] = [];
  const { index, named } = readIndex([tree], rules, diagnostics, parseResources);
  if (hasErrors(diagnostics)) return { diagnostics: toRecords(diagnostics) };
  return { inventory: inventoryOfIndex(index, named), trustDomain: index.config.trustDomain };
}

/** The units that a source's bindings name, as far as its resources can be read. */
export function boundUnits(trees: readonly SourceTree[]): readonly string[] {
  const resources = trees.flatMap(resourceFiles).flatMap((file) => parseResources(file).resources);
  return [...new Set(resources.flatMap((each) => (each.kind === "PolicyBinding" ? each.spec.unit || [] : [])))];
}

type Read = {
  readonly trees: readonly SourceTree[];
  readonly heads: readonly PlacedHead[];
  /** Sources that may be read, without the mesh's own. */
  readonly named: readonly string[];
  readonly index: MeshIndex;
  readonly routes: CompiledRoutes;
};

type Parse = PolicyTools["parse"];

function readIndex(sources: readonly SourceTree[], rules: BuildRules, diagnostics: Diagnostic[], parse: Parse): Read {
  const { trees, resources, heads, rights } = readSources(sources, rules, diagnostics, parse);
  const named = [...rights.keys()].filter((name) => name !== ROOT_SOURCE);
  const origins = new Map<Resource, Origin>();
  for (const [tree, own] of resources) {
    const source = tree.source ?? ROOT_SOURCE;
    for (const resource of own) {
      const file = relativeName(tree, resource.source.name) ?? resource.source.name;
      origins.set(resource, { source, file, rights: rights.get(source) ?? [] });
    }
  }
  const { index: claimed, diagnostics: found } = indexResources(origins, {
    trustDomain: rules.trustDomain,
    fresh: new Set(trees.flatMap(({ fresh = [] }) => fresh)),
  });
  diagnostics.push(...found);
  // References are checked only where every resource could be read: a file with a fault
  // would otherwise make a fault of each thing that names what it holds.
  if (hasErrors(diagnostics))
    return {
      trees,
      heads,
      named,
      index: claimed,
      routes: compileRoutes([], { services: new Map(), grants: undefined }),
    };
  const report = makeReport(diagnostics);
  const index = settleHosts(claimed, rules.hosts ?? [], report);
  checkSources(index, Object.keys(rules.sources ?? {}), report);
  const inPieces = new Set(trees.flatMap((tree) => (tree.inPieces === true ? [tree.source ?? ROOT_SOURCE] : [])));
  const isInPieces = (resource: Resource) => inPieces.has(origins.get(resource)?.source ?? ROOT_SOURCE);
  checkServices(index, isInPieces, report);
  const bound = index.bindings.map(({ spec }) => spec.unit).filter((unit) => unitOf(trees, unit) !== undefined);
  checkBindings(index, [...new Set([...trees.flatMap(unitNames), ...bound])], isInPieces, report);
  checkComposition(index, report);
  checkReleaseRules(index, isInPieces, report);
  checkTests(index, report);
  const targets = { services: index.services, grants: index.grants };
  const routes = compileRoutes(index.routes, targets);
  reportLengths(routesBeyond(index.routes, routes.files, targets), report);
  checkRoutes(index, routes.attachments, targets, report);
  diagnostics.push(...checkFiles(trees, index));
  return { trees, heads, named, index, routes };
}

/** The mesh's own source says which others there are, beside those of the operator; of each its resources and rights. */
function readSources(sources: readonly SourceTree[], rules: BuildRules, diagnostics: Diagnostic[], parse: Parse) {
  const rights = new Map<string, SourceRights>([[ROOT_SOURCE, rules.rights], ...Object.entries(rules.sources ?? {})]);
  const heads: PlacedHead[] = [];
  const read = (tree: SourceTree): readonly [SourceTree, readonly Resource[]] => {
    const { source = ROOT_SOURCE } = tree;
    const parsed = resourceFiles(tree).map((file) => {
      const found = parse(file);
      heads.push(...found.heads.map((head) => ({ ...head, source, file })));
      return found;
    });
    diagnostics.push(...parsed.flatMap((each) => each.diagnostics));
    const resources = parsed.flatMap((each) => each.resources);
    return [withInlineUnits(tree, resources), resources.map((resource) => qualified(tree, resource))];
  };
  const own = sources.filter(({ source = ROOT_SOURCE }) => source === ROOT_SOURCE).map(read);
  for (const resource of own.flatMap(([, resources]) => resources)) {
    if (resource.kind !== "PolicySource" || rights.has(resource.metadata.name)) continue;
    rights.set(resource.metadata.name, [{ path: "", namespaces: resource.spec.namespaces }]);
  }
  for (const [tree] of own) {
    const file = tree.files.find(({ name }) => sourceOf(name, rights.keys()) !== ROOT_SOURCE);
    if (file !== undefined) diagnostics.push(takenForAnother(file.name, sourceOf(file.name, rights.keys())));
  }
  const others = sources
    .filter(({ source = ROOT_SOURCE }) => source !== ROOT_SOURCE && rights.has(source))
    .map((tree) => read(mountTree(tree)));
  const resources = [...own, ...others];
  return { trees: resources.map(([tree]) => tree), resources, heads, rights };
}

/** The mesh's own source has a folder that is called as another source's files are. */
function takenForAnother(file: string, source: string): Diagnostic {
  const message = `${file} of the mesh's own source is named as files of source ${source} are`;
  const hint = `give its folder a name that does not begin with ${source}:`;
  // By a place in the file it would be taken for a fault of that source.
  const at = { source: { name: NO_FILE, text: "" }, span: { start: 0, end: 0 } };
  return { code: "source_name", severity: "error", message, hint, at };
}

/** A binding names a unit of its own source. */
function qualified(tree: SourceTree, resource: Resource): Resource {
  if (resource.kind !== "PolicyBinding") return resource;
  return qualifyBinding(tree, resource);
}

/** Identities cannot follow: every peer would be of another trust domain than its certificate. */
function checkTrustDomain(index: MeshIndex, trustDomain: string | undefined, diagnostics: Diagnostic[]): void {
  const { config, configResource } = index;
  if (trustDomain === undefined || trustDomain === config.trustDomain || configResource === undefined) return;
  makeReport(diagnostics)(
    configResource,
    "spec.trustDomain",
    "trust_domain",
    `the trust domain is ${trustDomain} and cannot become ${config.trustDomain}`,
    { hint: "a new trust domain needs a new state folder, and every proxy to join again" },
  );
}

function makePlan({ trees, index, named, routes }: Read, tools: PolicyTools, diagnostics: Diagnostic[]): MeshPlan {
  const modules = makeModules([...trees, routesTree(routes.files)], index, tools, diagnostics);
  const workloads = [...index.workloads.values()].map((workload) => {
    const inbound = modules.refer("inbound", composePolicies(index, workload, "inbound"));
    const outbound = modules.refer("outbound", [
      ...composePolicies(index, workload, "outbound"),
      ...routesBoundTo(workload, routes, index.routes[0]),
    ]);
    const policies = { ...(inbound === undefined ? {} : { inbound }), ...(outbound === undefined ? {} : { outbound }) };
    return toWorkloadPlan(index, workload, policies, routes);
  });
  const mesh = toMeshPlan(index);
  const outbound = toOutbound(index);
  const byService = Map.groupBy(workloads, ({ service, namespace }) => `${service}.${namespace}`);
  return {
    mesh,
    rules: toReleaseRules(index),
    ...toStaleness(index.config),
    meaning: meaningOfPlan(mesh, workloads, outbound, modules, tools),
    workloads,
    outbound,
    services: [...index.services.values()].map(({ metadata: { name, namespace }, spec }) => ({
      name,
      namespace,
      subsets: spec.subsets.map((subset) => subset.name),
      policies: boundPolicies(byService.get(`${name}.${namespace}`) ?? []),
    })),
    modules: modules.built(),
    ...(routes.files.length === 0 ? {} : { routes: routes.files }),
    ...(index.routes.length === 0 ? {} : { routeStatus: index.routes.map((route) => routes.statusOf(route)) }),
    ...(index.sources.length === 0
      ? {}
      : { sources: index.sources.map(({ metadata, spec }) => ({ name: metadata.name, ...spec })) }),
    inventory: inventoryOfIndex(index, named),
  };
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

function inventoryOfIndex(index: MeshIndex, named: readonly string[]): Inventory {
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
  // Item by item: a commit changes few, and those that say what they said are told by their texts.
  const said = workloads.map(({ policies: { inbound, outbound }, ...workload }) =>
    digest({ ...workload, policies: { inbound: meant(inbound), outbound: meant(outbound) } }),
  );
  return snapshotHash(canonicalJson({ compiler: version, mesh, workloads: said, outbound: outbound.map(digest) }));
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

/** As records, each once: a unit is compiled for its tests and for every module that holds it. */
function toRecords(diagnostics: readonly Diagnostic[]): readonly DiagnosticRecord[] {
  const found = new Map<string, DiagnosticRecord>();
  for (const diagnostic of sortDiagnostics(diagnostics)) {
    const record = toDiagnosticRecord(diagnostic);
    found.set(JSON.stringify(record), record);
  }
  return [...found.values()].slice(0, DIAGNOSTICS_MAX);
}
