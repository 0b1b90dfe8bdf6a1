/** A policy unit: one bundle of modules and data that no other unit sees. */
import type { Diagnostic, Source } from "@regomesh/base";
import type { Language, RegoSource, RegoVersion } from "../syntax/version.ts";
import { type DataFile, mergeData } from "./data.ts";
import { isData, isModule } from "./find-units.ts";
import type { JsonObject } from "./json.ts";
import { MANIFEST, parseManifest } from "./manifest.ts";

export type Unit = {
  readonly name: string;
  readonly modules: readonly RegoSource[];
  readonly data: JsonObject;
};

/** A unit with its tests, which are no part of what is deployed. */
export type TestedUnit = Unit & { readonly tests: readonly RegoSource[] };

export type UnitFiles = {
  readonly name: string;
  /** The directory that is the unit, without a slash at its end; "" where files are named from it. */
  readonly directory: string;
  /** All files below the directory, named as people know them. */
  readonly files: readonly Source[];
  /**
   * Which files are data: `data.json`, `data.yaml` and `data.yml` as in OPA's bundles, or
   * every JSON and YAML file as in directories that `opa eval -d` reads.
   */
  readonly data?: "bundle" | "directory";
  /** The language of modules of which no manifest says one; v1 unless given. */
  readonly version?: RegoVersion | undefined;
  /** What the modules may use of it. */
  readonly language?: Language | undefined;
};

/** Sorts a directory's files into modules, tests and data; a data file's content goes under its directory's path. */
export function toUnit({ name, directory, files, data: which = "bundle", version, language }: UnitFiles): {
  readonly unit: TestedUnit;
  readonly diagnostics: readonly Diagnostic[];
} {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const rego = sorted.filter((file) => isModule(file.name));
  const dataFiles = sorted.filter((file) => (which === "bundle" ? isData(file.name) : isDocument(baseName(file.name))));
  const { data, diagnostics } = mergeData(dataFiles.map((source) => toDataFile(directory, source)));
  const manifest = sorted.find((file) => inside(directory, file) === MANIFEST);
  const said = manifest === undefined ? undefined : parseManifest(manifest);
  const toModule = (file: Source): RegoSource => {
    const own = said?.versionOf(`/${inside(directory, file)}`) ?? version;
    if (own === undefined && language === undefined) return file;
    return { ...file, version: own ?? "v1", language };
  };
  const unit = {
    name,
    modules: rego.filter((file) => !isTest(file)).map(toModule),
    tests: rego.filter(isTest).map(toModule),
    data,
  };
  return { unit, diagnostics: [...diagnostics, ...(said?.diagnostics ?? [])] };
}

function isTest(file: Source): boolean {
  return file.name.endsWith("_test.rego");
}

function isDocument(name: string): boolean {
  return /^[^.].*\.(json|ya?ml)$/.test(name);
}

function toDataFile(directory: string, source: Source): DataFile {
  const parts = inside(directory, source)
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  return { source, path: parts.slice(0, -1) };
}

/** Its path in the unit. */
function inside(directory: string, { name }: Source): string {
  return directory === "" ? name : name.slice(directory.length + 1);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
