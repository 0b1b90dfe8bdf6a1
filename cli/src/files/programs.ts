/**
 * What `test` runs and `check` checks as one program. Where a binding names units they are units, as a proxy would
 * have them; without any, all that the paths hold is one program, as `opa test` has it: whoever
 * has no mesh yet keeps libraries and policies in directories side by side.
 */
import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type Diagnostic, hasErrors, type Source } from "@regomesh/base";
import {
  type BundleRoots,
  checkBundles,
  type MadeUnit,
  type RegoSource,
  type TestedUnit,
  toUnit,
} from "@regomesh/policy-compiler";
import { isData, isModule, isNamedAsUnits } from "@regomesh/policy-compiler/units";
import { mentionsGroup, parseResources } from "@regomesh/resources";
import { UsageError } from "../command.ts";
import { mergeData } from "./merge-data.ts";
import { nameOf, readFiles, type Wanted } from "./read-files.ts";
import { type FoundUnit, findUnits, isDocument, isOfPolicies, type Said } from "./units.ts";

/** Directories above the first path in which a repository is looked for. */
const LEVELS_MAX = 32;

export type Programs = {
  readonly programs: readonly FoundUnit[];
  /** Documents of the mesh below the paths. */
  readonly documents: readonly Source[];
  readonly files: readonly Source[];
};

/** How paths are read. */
export type Reading = {
  readonly cwd: string;
  /** The language where no manifest says one. */
  readonly said: Said;
  /** Which files are data, as `toUnit` has it; with `none` modules alone are looked at. */
  readonly data: "bundle" | "directory" | "none";
  /** Each path is a bundle that is held to its manifest. */
  readonly isBundle?: boolean | undefined;
};

/** Throws UsageError where a path cannot be read. */
export async function readPrograms(
  paths: readonly string[],
  reading: Reading & Pick<Wanted, "isIgnored" | "refusesOthers">,
): Promise<Programs> {
  const { cwd, isIgnored, refusesOthers = false } = reading;
  const files = await readFiles(paths, cwd, { wanted: isOfPolicies, isIgnored, refusesOthers });
  return await toPrograms(paths, files, reading);
}

/** Of the files that were found at the paths. */
export async function toPrograms(
  paths: readonly string[],
  files: readonly Source[],
  reading: Reading,
): Promise<Programs> {
  const { cwd, said, data, isBundle = false } = reading;
  const documents = files.filter(({ name, text }) => isDocument(name) && mentionsGroup(text));
  // What a bundle's roots do not permit may be data alone.
  if (!isBundle && !files.some(({ name }) => isModule(name))) return { programs: [], documents, files };
  const ofUnits = files.filter(({ name }) => isNamedAsUnits(name));
  if (await isMesh(documents, paths[0] ?? ".", cwd)) return { programs: findUnits(ofUnits, said), documents, files };
  const owned = {
    bundle: ofUnits,
    directory: files.filter((file) => !documents.includes(file)),
    none: ofUnits.filter(({ name }) => !isData(name)),
  }[data];
  return { programs: [await oneProgram(paths, owned, reading)], documents, files };
}

/** Whether bindings name units: among the documents, or in the repository that the path is in. */
async function isMesh(documents: readonly Source[], path: string, cwd: string): Promise<boolean> {
  return hasBinding(documents) || hasBinding(await documentsAround(path, cwd));
}

function hasBinding(documents: readonly Source[]): boolean {
  return documents.some((file) => parseResources(file).heads.some(({ kind }) => kind === "PolicyBinding"));
}

/** Documents of the mesh in the repository that the path is in. */
async function documentsAround(path: string, cwd: string): Promise<readonly Source[]> {
  let at = resolve(cwd, path);
  for (let level = 0; level < LEVELS_MAX; level++) {
    if ((await stat(join(at, ".git")).catch(() => undefined)) !== undefined) {
      const found = await readFiles([at], cwd, { wanted: isDocument }).catch(() => []);
      return found.filter(({ text }) => mentionsGroup(text));
    }
    const above = dirname(at);
    if (above === at) break;
    at = above;
  }
  return [];
}

/** All that the paths hold; data files go under their path below the path that named them. */
async function oneProgram(paths: readonly string[], files: readonly Source[], reading: Reading): Promise<FoundUnit> {
  const modules = new Map<string, RegoSource>();
  const tests = new Map<string, RegoSource>();
  const diagnostics: Diagnostic[] = [];
  const bundles: BundleRoots[] = [];
  let data: TestedUnit["data"] = {};
  for (const path of new Map(paths.map((each) => [nameOf(each), each])).values()) {
    const at = nameOf(path);
    const own = files.filter(({ name }) => at === "." || at === "/" || name === at || name.startsWith(`${at}/`));
    const { unit, manifest, diagnostics: faults } = await unitAt(path, own, reading);
    diagnostics.push(...faults);
    bundles.push({ name: at, manifest });
    for (const source of unit.modules) modules.set(source.name, source);
    for (const source of unit.tests) tests.set(source.name, source);
    data = mergeData(data, unit.data, "data");
  }
  if (reading.isBundle && !hasErrors(diagnostics)) diagnostics.push(...checkBundles(bundles));
  return { unit: { name: ".", modules: [...modules.values()], tests: [...tests.values()], data }, diagnostics };
}

/** What a path holds, of the files that were found there; data files go under their path below it. Throws UsageError. */
export async function unitAt(
  path: string,
  files: readonly Source[],
  { cwd, said, data, isBundle = false }: Reading,
): Promise<MadeUnit> {
  const name = nameOf(path);
  const isFile = (await stat(resolve(cwd, name)).catch(() => undefined))?.isFile() ?? false;
  if (isFile && isBundle) throw new UsageError(`${path}: a bundle is a directory; without --bundle a file is read`);
  const directory = isFile ? dirname(name) : name;
  return toUnit({
    name,
    directory: directory === "." || directory === "/" ? "" : directory,
    files,
    data: data === "directory" ? data : "bundle",
    isBundle,
    version: said.version,
    language: said.language,
  });
}
