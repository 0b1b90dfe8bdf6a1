/**
 * The files of a source, and which of them are resources, units or nothing of ours. Files that
 * are neither in a bound unit nor speak of our group refuse nothing: they are not read at all,
 * or what is wrong with them is kept (`unread`) until it is known whether it matters.
 */
import type { Source } from "@regomesh/base";
import { mentionsGroup } from "@regomesh/resources";
import type { UnitFiles } from "./tools.ts";

export type SourceTree = {
  /** Directory of the repository that is the source; "" is all of it. */
  readonly path: string;
  /** Named by their path in the repository: modules, data, and documents that speak of our group. */
  readonly files: readonly Source[];
  /** What is there and could not be read. */
  readonly unread?: readonly Unread[];
};

export type Unread = {
  /** A file, or a folder that is not this repository's. */
  readonly name: string;
  /** As a sentence goes on after the name: `is a symbolic link, which is not followed`. */
  readonly why: string;
  /** It may be a resource: what is lost with it, nobody else says. */
  readonly isDocument: boolean;
  /** It speaks of our group for certain. */
  readonly speaks?: boolean;
};

export const isModule = (name: string): boolean => name.endsWith(".rego");
/** `data.json`, `data.yaml` and `data.yml`, as in OPA's bundles. */
export const isData = (name: string): boolean => /(^|\/)data\.(json|ya?ml)$/.test(name);
/** Says which language the modules of a unit are written in. */
export const isManifest = (name: string): boolean => /(^|\/)\.manifest$/.test(name);
export const isDocument = (name: string): boolean => /\.(json|ya?ml)$/i.test(name);

/** Documents that speak of our group, and are no unit's data. */
export function resourceFiles(tree: SourceTree): readonly Source[] {
  const inUnit = unitFinder(tree.files.map(({ name }) => name));
  return tree.files.filter(
    ({ name, text }) => isDocument(name) && !(isData(name) && inUnit(name)) && mentionsGroup(text),
  );
}

/** Data of units that speak of our group: whoever wrote it there has meant a resource, perhaps. */
export function resourcesInData(tree: SourceTree): readonly Source[] {
  const inUnit = unitFinder(tree.files.map(({ name }) => name));
  return tree.files.filter(({ name, text }) => isData(name) && inUnit(name) && mentionsGroup(text));
}

/** Whether a file lies in a directory that holds Rego, or below one. */
export function unitFinder(names: readonly string[]): (name: string) => boolean {
  const holders = new Set(names.filter(isModule).map(directoryOf));
  return (name) => {
    for (let at = directoryOf(name); ; at = directoryOf(at)) {
      if (holders.has(at)) return true;
      if (at === "") return false;
    }
  };
}

/** Every directory, as bindings name it, that holds Rego itself. */
export function unitNames(tree: SourceTree): readonly string[] {
  const names = new Set<string>();
  for (const { name } of tree.files) {
    const inside = relativeName(tree, name);
    const slash = inside?.lastIndexOf("/") ?? -1;
    if (inside !== undefined && isModule(inside) && slash > 0) names.add(inside.slice(0, slash));
  }
  return [...names].sort();
}

/** The unit of a name, with everything below its directory; undefined where that holds no Rego. */
export function unitOf(tree: SourceTree, name: string): UnitFiles | undefined {
  const directory = directoryIn(tree, name);
  const files = tree.files.filter((file) => file.name.startsWith(`${directory}/`));
  return files.some((file) => isModule(file.name)) ? { name, directory, files } : undefined;
}

/** What of a unit could not be read: files of it, or a folder that it is in. */
export function unreadOf(tree: SourceTree, unit: string): readonly Unread[] {
  const directory = directoryIn(tree, unit);
  return (tree.unread ?? []).filter(
    ({ name }) => name === directory || name.startsWith(`${directory}/`) || directory.startsWith(`${name}/`),
  );
}

function directoryIn(tree: SourceTree, name: string): string {
  return tree.path === "" ? name : `${tree.path}/${name}`;
}

function relativeName(tree: SourceTree, name: string): string | undefined {
  if (tree.path === "") return name;
  return name.startsWith(`${tree.path}/`) ? name.slice(tree.path.length + 1) : undefined;
}

function directoryOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf("/")));
}
