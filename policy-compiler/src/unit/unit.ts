/** A policy unit: one bundle of modules and data that no other unit sees. */
import type { Diagnostic, Source } from "@regomesh/base";
import type { Language, RegoSource, RegoVersion } from "../syntax/version.ts";
import { type DataFile, mergeData } from "./data.ts";
import { makeDataError } from "./data-error.ts";
import { isData, isManifest, isModule } from "./find-units.ts";
import type { JsonObject } from "./json.ts";
import { MANIFEST, type Manifest, parseManifest } from "./manifest.ts";
import { checkRoots } from "./roots.ts";

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
  /** Held to its manifest, as OPA holds a bundle to its: to its roots, and to there being one; true of `bundle` data. */
  readonly isBundle?: boolean;
  /** The language of modules of which no manifest says one; v1 unless given. */
  readonly version?: RegoVersion | undefined;
  /** What the modules may use of it. */
  readonly language?: Language | undefined;
};

export type MadeUnit = {
  readonly unit: TestedUnit;
  /** Of a bundle that has one. */
  readonly manifest?: Manifest | undefined;
  readonly diagnostics: readonly Diagnostic[];
};

/** Sorts a directory's files into modules, tests and data; a data file's content goes under its directory's path. */
export function toUnit(given: UnitFiles): MadeUnit {
  const { name, directory, files, data: which = "bundle", version, language } = given;
  const { isBundle = which === "bundle" } = given;
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const rego = sorted.filter((file) => isModule(file.name));
  const dataFiles = sorted.filter((file) => (which === "bundle" ? isData(file.name) : isDocument(baseName(file.name))));
  const { data, placed, diagnostics } = mergeData(dataFiles.map((source) => toDataFile(directory, source)));
  // A bundle has one, wherever it lies.
  const [source, ...more] = sorted.filter((file) =>
    isBundle ? isManifest(file.name) : inside(directory, file) === MANIFEST,
  );
  const manifest = source === undefined ? undefined : parseManifest(source);
  const toModule = (file: Source): RegoSource => {
    const own = manifest?.versionOf(`/${inside(directory, file)}`) ?? version;
    if (own === undefined && language === undefined) return file;
    return { ...file, version: own ?? "v1", language };
  };
  const all = rego.map(toModule);
  const unit = {
    name,
    modules: all.filter((file) => !isTest(file)),
    tests: all.filter(isTest),
    data,
  };
  const faults = [...diagnostics, ...(manifest?.diagnostics ?? [])];
  if (!isBundle || manifest === undefined) return { unit, diagnostics: faults };
  faults.push(...manifest.ofBundle, ...more.map((each) => refuseSecond(each, manifest.source)));
  return { unit, manifest, diagnostics: [...faults, ...checkRoots(manifest, all, placed)] };
}

function refuseSecond(source: Source, first: Source): Diagnostic {
  return makeDataError(source, `manifest: a bundle has one, and this one's is ${first.name}`, "leave one of them");
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
