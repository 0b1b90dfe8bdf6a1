/**
 * The files of a source, and which of them are resources, units or nothing of ours. Files that
 * are neither in a bound unit nor speak of our group refuse nothing: they are not read at all,
 * or what is wrong with them is kept (`unread`) until it is known whether it matters.
 */
import type { DecodedText, Source } from "@regomesh/base";
import { isData, isModule, unitFinder } from "@regomesh/policy-compiler/units";
import { mentionsGroup } from "@regomesh/resources";
import { ROOT_SOURCE } from "../sources/source.ts";
import type { UnitFiles } from "./tools.ts";

export type SourceTree = {
  /** Name of the source; the mesh's own where there is none. */
  readonly source?: string;
  /** Directory of the repository that is the source; "" is all of it. */
  readonly path: string;
  /** Named by their path in the repository: modules, data, and documents that speak of our group. */
  readonly files: readonly Source[];
  /** What is there and could not be read. */
  readonly unread?: readonly Unread[];
  /** Names of files that are not in force as they stand; absent where that is nobody's matter. */
  readonly fresh?: readonly string[];
  /** Each of its resources may go in force, and be taken away, without the others, as a cluster's. */
  readonly inPieces?: boolean;
  /** Tests of what is fresh in it wait for their turn, while the others go on. */
  readonly mayWait?: boolean;
};

export type Unread = Partial<DecodedText> & {
  /** A file, or a folder that is not this repository's. */
  readonly name: string;
  /** As a sentence goes on after the name: `is a symbolic link, which is not followed`. */
  readonly why: string;
  /** It may be a resource: what is lost with it, nobody else says. */
  readonly isDocument: boolean;
  /** It speaks of our group for certain. */
  readonly speaks?: boolean;
};

export const isDocument = (name: string): boolean => /\.(json|ya?ml)$/i.test(name);

/** Between a source's name and what that names: `team-a:policies/orders`. What is the mesh's own has no name before it. */
const MOUNT = ":";

/** Of several sources each has its names before what it holds, so that none is taken for another's. */
export function mountTree(tree: SourceTree): SourceTree {
  const { source, path, files, unread, fresh } = tree;
  if (isRoot(source)) return tree;
  const mounted = (name: string) => `${source}${MOUNT}${name}`;
  return {
    ...tree,
    path: mounted(path),
    files: files.map((file) => mountedFile(file, mounted(file.name))),
    ...(unread === undefined ? {} : { unread: unread.map((each) => ({ ...each, name: mounted(each.name) })) }),
    ...(fresh === undefined ? {} : { fresh: fresh.map(mounted) }),
  };
}

/** What is found out about a file is found again by it: of one that stays the same, so does this. */
const mountedFiles = new WeakMap<Source, Source>();

function mountedFile(file: Source, name: string): Source {
  const known = mountedFiles.get(file);
  const mounted = known?.name === name ? known : { ...file, name };
  mountedFiles.set(file, mounted);
  return mounted;
}

/** A unit's name as all sources know it, of the one that a source knows it by. */
export function qualify(tree: Pick<SourceTree, "source">, unit: string): string {
  return `${prefixOf(tree)}${unit}`;
}

/** The source that a file, a unit or a diagnostic's place is of, among those that there are. */
export function sourceOf(name: string, sources: Iterable<string>): string {
  const at = name.indexOf(MOUNT);
  const source = at < 0 ? ROOT_SOURCE : name.slice(0, at);
  return new Set(sources).has(source) ? source : ROOT_SOURCE;
}

/** A mounted file as its own source knows it. */
export function unmounted(source: string, name: string): string {
  return isRoot(source) ? name : name.slice(source.length + MOUNT.length);
}

function prefixOf({ source }: Pick<SourceTree, "source">): string {
  return isRoot(source) ? "" : `${source}${MOUNT}`;
}

function isRoot(source: string | undefined): boolean {
  return source === undefined || source === ROOT_SOURCE;
}

/** Documents that speak of our group, and are no unit's data. */
export function resourceFiles(tree: SourceTree): readonly Source[] {
  const inUnit = unitFinder(tree.files.map(({ name }) => name));
  return tree.files.filter(
    (file) => isDocument(file.name) && !(isData(file.name) && inUnit(file.name) !== undefined) && speaksOfGroup(file),
  );
}

/** Data of units that speak of our group: whoever wrote it there has meant a resource, perhaps. */
export function resourcesInData(tree: SourceTree): readonly Source[] {
  const inUnit = unitFinder(tree.files.map(({ name }) => name));
  return tree.files.filter((file) => isData(file.name) && inUnit(file.name) !== undefined && speaksOfGroup(file));
}

/** Of files, for as long as they are held: each build asks of all. */
const speaking = new WeakMap<Source, boolean>();

function speaksOfGroup(file: Source): boolean {
  const known = speaking.get(file) ?? mentionsGroup(file.text);
  speaking.set(file, known);
  return known;
}

/** Every directory, as bindings name it, that holds Rego itself. */
export function unitNames(tree: SourceTree): readonly string[] {
  const names = new Set<string>();
  for (const { name } of tree.files) {
    const inside = relativeName(tree, name);
    const slash = inside?.lastIndexOf("/") ?? -1;
    if (inside !== undefined && isModule(inside) && slash > 0) names.add(qualify(tree, inside.slice(0, slash)));
  }
  return [...names].sort();
}

/** The unit of a name, with everything below its directory; undefined where that holds no Rego. */
export function unitOf(trees: readonly SourceTree[], name: string): UnitFiles | undefined {
  const tree = treeOf(trees, name);
  if (tree === undefined) return undefined;
  const directory = directoryIn(tree, name);
  const files = filesBelow(tree.files, directory);
  return files.some((file) => isModule(file.name)) ? { name, directory, files } : undefined;
}

/** Of the files of a tree, by directory, those below: a tree is never changed, and each unit is asked for several times. */
const filesOfDirectories = new WeakMap<readonly Source[], ReadonlyMap<string, readonly Source[]>>();

function filesBelow(files: readonly Source[], directory: string): readonly Source[] {
  let byDirectory = filesOfDirectories.get(files);
  if (byDirectory === undefined) {
    byDirectory = groupByDirectory(files);
    filesOfDirectories.set(files, byDirectory);
  }
  return byDirectory.get(directory) ?? [];
}

function groupByDirectory(files: readonly Source[]): ReadonlyMap<string, readonly Source[]> {
  const found = new Map<string, Source[]>();
  for (const file of files) {
    for (let at = directoryOf(file.name); at !== ""; at = directoryOf(at)) {
      const own = found.get(at) ?? [];
      own.push(file);
      found.set(at, own);
    }
  }
  return found;
}

/** What of a unit could not be read: files of it, or a folder that it is in. */
export function unreadOf(trees: readonly SourceTree[], unit: string): readonly Unread[] {
  const tree = treeOf(trees, unit);
  if (tree === undefined) return [];
  const directory = directoryIn(tree, unit);
  return (tree.unread ?? []).filter(
    ({ name }) => name === directory || name.startsWith(`${directory}/`) || directory.startsWith(`${name}/`),
  );
}

function treeOf(trees: readonly SourceTree[], unit: string): SourceTree | undefined {
  const at = unit.indexOf(MOUNT);
  const source = at < 0 ? ROOT_SOURCE : unit.slice(0, at);
  return trees.find((tree) => (tree.source ?? ROOT_SOURCE) === source);
}

function directoryIn(tree: SourceTree, unit: string): string {
  return `${below(tree)}${unit.slice(prefixOf(tree).length)}`;
}

/** A file by its path in the source; undefined where it lies beside that. */
export function relativeName(tree: SourceTree, name: string): string | undefined {
  const start = below(tree);
  return name.startsWith(start) ? name.slice(start.length) : undefined;
}

/** What every name below the source's directory begins with. */
export function below(tree: SourceTree): string {
  return tree.path === "" || tree.path === prefixOf(tree) ? tree.path : `${tree.path}/`;
}

function directoryOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf("/")));
}
