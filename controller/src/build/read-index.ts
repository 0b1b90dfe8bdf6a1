/**
 * What the sources hold together: their resources as one index, checked against each other. Made again only where a
 * resource, or what its checks look at besides, is another: of a commit that changes policies alone it is that of before.
 */
import { type Diagnostic, hasErrors, NO_FILE } from "@regomesh/base";
import type { PolicySource, Resource } from "@regomesh/resources";
import { routesBeyond } from "../gateway-api/budget.ts";
import { type CompiledRoutes, compileRoutes } from "../gateway-api/compile.ts";
import { checkBindings } from "../index/check-bindings.ts";
import { checkComposition } from "../index/check-composition.ts";
import { checkRoutes, reportLengths } from "../index/check-routes.ts";
import { checkServices } from "../index/check-services.ts";
import { checkSources, soundSources } from "../index/check-sources.ts";
import { checkTests } from "../index/check-tests.ts";
import { contestedIn, type HostOwners, settleHosts } from "../index/hosts.ts";
import { indexResources, type MeshIndex, type Origin } from "../index/mesh-index.ts";
import { makeReport } from "../index/report.ts";
import type { SourceRights } from "../index/rights.ts";
import { bySeniority, type Seniority } from "../index/seniority.ts";
import { checkReleaseRules } from "../snapshot/release-rules.ts";
import { ROOT_SOURCE } from "../sources/source.ts";
import type { BuildRules } from "./build.ts";
import { checkFiles } from "./check-files.ts";
import { qualifyBinding, withInlineUnits } from "./inline-units.ts";
import { mountTree, relativeName, resourceFiles, type SourceTree, sourceOf, unitNames, unitOf } from "./source-tree.ts";
import type { BuildTools } from "./tools.ts";
import type { PlacedHead } from "./verdicts.ts";

export type Read = {
  readonly trees: readonly SourceTree[];
  readonly heads: readonly PlacedHead[];
  /** Sources that may be read, without the mesh's own. */
  readonly named: readonly string[];
  readonly index: MeshIndex;
  /** PolicySources that can be read; none where not every resource could be. */
  readonly sound: readonly PolicySource[];
  readonly routes: CompiledRoutes;
  /** Puts first what stays where two cannot both be in force. */
  readonly seniority: Seniority;
};

type Parsing = Pick<BuildTools, "parse" | "again">;

/** What is wrong is added to `diagnostics`; where that is an error the index may lack what refers to something. */
export function readIndex(
  sources: readonly SourceTree[],
  rules: BuildRules,
  diagnostics: Diagnostic[],
  tools: Parsing,
): Read {
  const { trees, resources, heads, rights } = readSources(sources, rules, diagnostics, tools);
  const named = [...rights.keys()].filter((name) => name !== ROOT_SOURCE);
  const fresh = freshOf(trees, heads);
  const owners = resources.map(([{ source, path, inPieces }, own]) => [source, path, inPieces, own.length]);
  const parts = [JSON.stringify([rules.trustDomain, [...rights], owners]), ...resources.flatMap(([, own]) => own)];
  const {
    origins,
    index: claimed,
    ...found
  } = settleBySeniority("claimed", parts, fresh, tools, (seniority) => {
    const origins = originsOf(resources, rights);
    return { origins, ...indexResources(origins, { trustDomain: rules.trustDomain, seniority }) };
  });
  diagnostics.push(...found.diagnostics);
  // References are checked only where every resource could be read: a file with a fault
  // would otherwise make a fault of each thing that names what it holds.
  if (hasErrors(diagnostics)) {
    const routes = compileRoutes([], { services: new Map(), grants: undefined });
    return { trees, heads, named, index: claimed, sound: [], routes, seniority: bySeniority(new Set(fresh)) };
  }
  const bound = claimed.bindings.map(({ spec }) => spec.unit).filter((unit) => unitOf(trees, unit) !== undefined);
  const units = [...new Set([...trees.flatMap(unitNames), ...bound])];
  const hosts = contestedIn(claimed, rules.hosts ?? []);
  const facts = [claimed, JSON.stringify([hosts, rules.sources]), ...units];
  const { index, routes, ...checked } = settleBySeniority("checked", facts, fresh, tools, (seniority) =>
    checkIndex(claimed, {
      hosts,
      sources: rules.sources,
      units,
      isInPieces: makeIsInPieces(trees, origins),
      seniority,
    }),
  );
  diagnostics.push(...checked.diagnostics, ...checkFiles(trees, index));
  const sound = soundSources(index, Object.keys(rules.sources ?? {}));
  return { trees, heads, named, index, sound, routes, seniority: bySeniority(new Set(fresh)) };
}

const NOTHING_FRESH = bySeniority(new Set());

/**
 * Who was there first tells at whom it is said that two cannot both be in force, which is an error of one of them:
 * where there is none, what is made is the same whatever is fresh, and is not made again once nothing is.
 */
function settleBySeniority<T extends { readonly diagnostics: readonly Diagnostic[] }>(
  name: string,
  parts: readonly unknown[],
  fresh: readonly string[],
  { again }: Parsing,
  make: (seniority: Seniority) => T,
): T {
  const made = again(name, parts, () => make(NOTHING_FRESH));
  if (fresh.length === 0 || !hasErrors(made.diagnostics)) return made;
  return again(`${name}, by seniority`, [JSON.stringify(fresh), ...parts], () => make(bySeniority(new Set(fresh))));
}

/** Names of files with resources that are not in force as they stand. */
function freshOf(trees: readonly SourceTree[], heads: readonly PlacedHead[]): readonly string[] {
  const fresh = new Set(trees.flatMap(({ fresh = [] }) => fresh));
  return fresh.size === 0 ? [] : [...new Set(heads.map(({ file }) => file.name))].filter((name) => fresh.has(name));
}

type Held = readonly (readonly [SourceTree, readonly Resource[]])[];

function originsOf(resources: Held, rights: ReadonlyMap<string, SourceRights>): ReadonlyMap<Resource, Origin> {
  const origins = new Map<Resource, Origin>();
  for (const [tree, own] of resources) {
    const source = tree.source ?? ROOT_SOURCE;
    for (const resource of own) {
      const file = relativeName(tree, resource.source.name) ?? resource.source.name;
      origins.set(resource, { source, file, rights: rights.get(source) ?? [] });
    }
  }
  return origins;
}

/** Whether a resource's source is one of whose resources any may go without the others. */
function makeIsInPieces(trees: readonly SourceTree[], origins: ReadonlyMap<Resource, Origin>) {
  const inPieces = new Set(trees.flatMap((tree) => (tree.inPieces === true ? [tree.source ?? ROOT_SOURCE] : [])));
  return (resource: Resource) => inPieces.has(origins.get(resource)?.source ?? ROOT_SOURCE);
}

type Facts = {
  readonly hosts: HostOwners;
  readonly sources: BuildRules["sources"];
  /** Directories with modules. */
  readonly units: readonly string[];
  readonly isInPieces: (resource: Resource) => boolean;
  readonly seniority: Seniority;
};

/** Everything that resources say of each other. */
function checkIndex(claimed: MeshIndex, { hosts, sources = {}, units, isInPieces, seniority }: Facts) {
  const diagnostics: Diagnostic[] = [];
  const report = makeReport(diagnostics);
  const index = settleHosts(claimed, hosts, report);
  checkSources(index, Object.keys(sources), report);
  checkServices(index, isInPieces, report);
  checkBindings(index, units, isInPieces, report);
  checkComposition(index, seniority, report);
  checkReleaseRules(index, isInPieces, report);
  checkTests(index, report);
  const targets = { services: index.services, grants: index.grants };
  const routes = compileRoutes(index.routes, targets);
  reportLengths(routesBeyond(index.routes, routes.files, targets), report);
  checkRoutes(index, routes.attachments, targets, report);
  return { index, routes, diagnostics };
}

/** The mesh's own source says which others there are, beside those of the operator; of each its resources and rights. */
function readSources(sources: readonly SourceTree[], rules: BuildRules, diagnostics: Diagnostic[], { parse }: Parsing) {
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
