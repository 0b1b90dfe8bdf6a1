/**
 * What `test` runs as one program. Where a binding names units they are units, as a proxy would
 * have them; without any, all that the paths hold is one program, as `opa test` has it: whoever
 * has no mesh yet keeps libraries and policies in directories side by side.
 */
import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Diagnostic, Source } from "@regomesh/base";
import { type RegoSource, type TestedUnit, toUnit } from "@regomesh/policy-compiler";
import { mentionsGroup, parseResources } from "@regomesh/resources";
import { mergeData } from "./merge-data.ts";
import { readFiles } from "./read-files.ts";
import { type FoundUnit, findUnits, type Said, UNIT_FILES } from "./units.ts";

const POLICIES = /\.(rego|json|ya?ml)$|(^|\/)\.manifest$/;
const DOCUMENTS = /\.(json|ya?ml)$/;
/** Directories above the first path in which a repository is looked for. */
const LEVELS_MAX = 32;

export type Programs = {
  readonly programs: readonly FoundUnit[];
  /** Documents of the mesh below the paths. */
  readonly documents: readonly Source[];
  readonly files: readonly Source[];
};

/** `said`: the language where no manifest says one. Throws UsageError where a path cannot be read. */
export async function readPrograms(paths: readonly string[], cwd: string, said: Said = {}): Promise<Programs> {
  const files = await readFiles(paths, cwd, POLICIES);
  const documents = files.filter(({ name, text }) => DOCUMENTS.test(name) && mentionsGroup(text));
  const isMesh = hasBinding(documents) || hasBinding(await documentsAround(paths[0] ?? ".", cwd));
  if (isMesh) return { programs: findUnits(files.filter(isOfUnit), said), documents, files };
  const owned = files.filter((file) => !documents.includes(file));
  if (!owned.some(({ name }) => name.endsWith(".rego"))) return { programs: [], documents, files };
  return { programs: [await oneProgram(paths, owned, { cwd, said })], documents, files };
}

function isOfUnit({ name }: Source): boolean {
  return UNIT_FILES.test(name);
}

function hasBinding(documents: readonly Source[]): boolean {
  return documents.some((file) => parseResources(file).resources.some(({ kind }) => kind === "PolicyBinding"));
}

/** Documents of the mesh in the repository that the path is in. */
async function documentsAround(path: string, cwd: string): Promise<readonly Source[]> {
  let at = resolve(cwd, path);
  for (let level = 0; level < LEVELS_MAX; level++) {
    if ((await stat(join(at, ".git")).catch(() => undefined)) !== undefined) {
      const found = await readFiles([at], cwd, DOCUMENTS).catch(() => []);
      return found.filter(({ text }) => mentionsGroup(text));
    }
    const above = dirname(at);
    if (above === at) break;
    at = above;
  }
  return [];
}

/** Data files go under their path below the path that named them. */
async function oneProgram(
  paths: readonly string[],
  files: readonly Source[],
  { cwd, said }: { readonly cwd: string; readonly said: Said },
): Promise<FoundUnit> {
  const modules = new Map<string, RegoSource>();
  const tests = new Map<string, RegoSource>();
  const diagnostics: Diagnostic[] = [];
  let data: TestedUnit["data"] = {};
  for (const path of paths) {
    const directory = path.replace(/(?!^)\/+$/, "");
    const isFile = (await stat(resolve(cwd, directory)).catch(() => undefined))?.isFile() ?? false;
    const own = files.filter(({ name }) => directory === "." || name === directory || name.startsWith(`${directory}/`));
    const base = isFile ? directory.slice(0, Math.max(0, directory.lastIndexOf("/"))) : directory;
    const { unit, diagnostics: faults } = toUnit({
      name: directory,
      directory: base === "." ? "" : base,
      files: own,
      data: "directory",
      version: said.version,
      language: said.language,
    });
    diagnostics.push(...faults);
    for (const source of unit.modules) modules.set(source.name, source);
    for (const source of unit.tests) tests.set(source.name, source);
    data = mergeData(data, unit.data, "data");
  }
  return { unit: { name: ".", modules: [...modules.values()], tests: [...tests.values()], data }, diagnostics };
}
