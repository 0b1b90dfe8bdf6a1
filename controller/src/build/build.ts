/**
 * From the files of a commit to what every proxy shall have, or to the reasons why not.
 * A build is whole or it is refused: one fault anywhere, and no proxy changes.
 */
import {
  type Diagnostic,
  type DiagnosticRecord,
  hasErrors,
  type Source,
  sortDiagnostics,
  toDiagnosticRecord,
} from "@regomesh/base";
import type { MeshSettings, ServiceContent } from "@regomesh/protocol";
import { parseResources } from "@regomesh/resources";
import type { BoundPolicyBody } from "../api/graph.ts";
import type { FailedTestBody } from "../api/releases.ts";
import type { StalenessBody } from "../api/status.ts";
import { wrongExpressions } from "../gateway-api/expressions.ts";
import type { RouteStatus } from "../gateway-api/status.ts";
import { reportExpressions } from "../index/check-routes.ts";
import type { HostOwners } from "../index/hosts.ts";
import type { Inventory } from "../index/loss.ts";
import type { MeshIndex } from "../index/mesh-index.ts";
import { makeReport } from "../index/report.ts";
import type { SourceRights } from "../index/rights.ts";
import { type MeshTestResult, runMeshTests } from "../rehearse/mesh-tests.ts";
import type { WorkloadPlan } from "../snapshot/outbound.ts";
import type { ReleaseRules } from "../snapshot/release-rules.ts";
import type { Verdict } from "../sources/source.ts";
import { type SourcePlan, toSourcePlan } from "../sources/source-plan.ts";
import { inventoryOfIndex, makePlan } from "./make-plan.ts";
import { readIndex } from "./read-index.ts";
import { resourceFiles, type SourceTree } from "./source-tree.ts";
import { type BuiltModule, makeAnew, type PolicyTools } from "./tools.ts";
import { testUnits } from "./unit-tests.ts";
import { countsOf, verdictsOf } from "./verdicts.ts";

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
  /**
   * Of a build that is refused, sources that the mesh's own one names and that can be read: it may be refused for want of
   * what they hold. Absent where there are none, or where it would be refused whatever they hold.
   */
  readonly wanted?: readonly SourcePlan[];
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
  const read = readIndex(sources, rules, diagnostics, tools);
  const { index } = read;
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
    ...(read.sound.length === 0 ? {} : { wanted: read.sound.map(toSourcePlan) }),
  });
  if (hasErrors(diagnostics)) return refused([], 0);
  const tests = testUnits(read, tools);
  diagnostics.push(...tests.diagnostics);
  if (hasErrors(diagnostics) || tests.failed.length > 0) return refused(tests.failed, tests.passed);
  const plan = makePlan(read, tools, diagnostics);
  if (hasErrors(diagnostics)) return refused([], tests.passed);
  const whole = runMeshTests(index.tests.toSorted(read.seniority), plan, tools, tools.nowMs());
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
  const read = readIndex(sources, rules, diagnostics, tools);
  const { index } = read;
  const plan = hasErrors(diagnostics) ? undefined : makePlan(read, tools, diagnostics);
  const isWhole = plan !== undefined && !hasErrors(diagnostics);
  return {
    diagnostics: toRecords(diagnostics),
    results: isWhole ? runMeshTests(index.tests, plan, tools, tools.nowMs()) : [],
  };
}

/** What PolicySources of a source name and that can be read; undefined where it is wrong by itself, whatever they hold. */
export function namedBy(tree: SourceTree, rules: BuildRules, tools: PolicyTools): readonly SourcePlan[] | undefined {
  const diagnostics: Diagnostic[] = [];
  const { sound } = readIndex([tree], rules, diagnostics, tools);
  return hasErrors(diagnostics) && sound.length === 0 ? undefined : sound.map(toSourcePlan);
}

/**
 * What a source holds, and its trust domain, by its resources alone; undefined where they do not stand by themselves,
 * and no source that it names could make them.
 */
export function holdingsOf(
  tree: SourceTree,
  rules: BuildRules,
):
  | { readonly inventory: Inventory; readonly trustDomain: string }
  | { readonly inventory?: undefined; readonly diagnostics: readonly DiagnosticRecord[] } {
  const diagnostics: Diagnostic[] = [];
  const { index, named, sound } = readIndex([tree], rules, diagnostics, { parse: parseResources, again: makeAnew });
  if (hasErrors(diagnostics) && sound.length === 0) return { diagnostics: toRecords(diagnostics) };
  return { inventory: inventoryOfIndex(index, named), trustDomain: index.config.trustDomain };
}

/** The units that a source's bindings name, as far as its resources can be read. */
export function boundUnits(trees: readonly SourceTree[]): readonly string[] {
  const resources = trees.flatMap(resourceFiles).flatMap((file) => parseResources(file).resources);
  return [...new Set(resources.flatMap((each) => (each.kind === "PolicyBinding" ? each.spec.unit || [] : [])))];
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

/** As records, each once: a unit is compiled for its tests and for every module that holds it. */
function toRecords(diagnostics: readonly Diagnostic[]): readonly DiagnosticRecord[] {
  const found = new Map<string, DiagnosticRecord>();
  for (const diagnostic of sortDiagnostics(diagnostics)) {
    const record = toDiagnosticRecord(diagnostic);
    found.set(JSON.stringify(record), record);
  }
  return [...found.values()].slice(0, DIAGNOSTICS_MAX);
}
