/**
 * `.manifest` at a unit's root, as OPA's bundles have it: which language the unit's modules are written in, all of them
 * or by their paths, and the roots below which all that the unit says lies. Names of fields are read whatever their
 * case, and null is as if the field were not there, as Go decodes them.
 */
import { clip, type Diagnostic, type Source } from "@regomesh/base";
import type { RegoVersion } from "../syntax/version.ts";
import { makeDataError } from "./data-error.ts";
import { type Glob, parseGlob } from "./glob.ts";
import { isJsonObject, type JsonValue, parseJson } from "./json.ts";

export const MANIFEST = ".manifest";

/** The language of a file by its path in the unit, which begins with a slash; undefined where nothing says one. */
export type Versions = (path: string) => RegoVersion | undefined;

export type Manifest = {
  readonly source: Source;
  readonly versionOf: Versions;
  /** Paths of `data`, without a slash at either end; "" is all of it. */
  readonly roots: readonly string[];
  /** What keeps the language from being known. */
  readonly diagnostics: readonly Diagnostic[];
  /** What a bundle is refused for besides. */
  readonly ofBundle: readonly Diagnostic[];
};

type Fields = ReadonlyMap<string, JsonValue>;

const VERSIONS: readonly RegoVersion[] = ["v0", "v1", "v2"];
/** Of a value that is none, in letters. */
const VALUE_SHOWN = 40;
/** Of a manifest in letters: one line for each file of a large bundle, as opa build writes it. */
const LENGTH_MAX = 1_000_000;
/** Of one pattern of files in letters: longer than a path may be. */
const PATTERN_LENGTH_MAX = 4096;
/** Of all with more than text in them: each is held against each file of the unit, letter by letter. */
const PATTERNS_LENGTH_MAX = 2000;
/** Of all roots in letters, with one for the end of each: every other one may be a level of its own. */
const ROOTS_LENGTH_MAX = 100_000;

export function parseManifest(source: Source): Manifest {
  const nothing = { source, versionOf: () => undefined, roots: [""], ofBundle: [] };
  if (source.illegalAt !== undefined)
    return { ...nothing, diagnostics: [refuse(source, "illegal utf-8 character", "save the file as UTF-8")] };
  if (source.text.length > LENGTH_MAX)
    return { ...nothing, diagnostics: [refuse(source, `has more than ${LENGTH_MAX} letters`)] };
  const fields = readFields(source.text.replace(/^\uFEFF/, ""));
  if (fields === undefined)
    return { ...nothing, diagnostics: [refuse(source, "not a JSON object", 'write {"rego_version": 0}')] };
  const versions = readVersions(fields);
  if ("fault" in versions) return { ...nothing, diagnostics: [refuse(source, versions.fault)] };
  const { roots, faults } = readBundle(fields);
  const ofBundle = faults.map((fault) => refuse(source, fault));
  return { source, versionOf: versions.versionOf, roots, diagnostics: [], ofBundle };
}

function readFields(text: string): Fields | undefined {
  try {
    const value = parseJson(text);
    if (value === null) return new Map();
    if (!isJsonObject(value)) return undefined;
    const given = Object.entries(value).filter(([, field]) => field !== null);
    return new Map(given.map(([name, field]) => [name.toLowerCase(), field]));
  } catch {
    return undefined;
  }
}

function readVersions(fields: Fields): { readonly versionOf: Versions } | { readonly fault: string } {
  const whole = toVersion(fields.get("rego_version"));
  if ("fault" in whole) return { fault: `rego_version ${whole.fault}` };
  const listed = fields.get("file_rego_versions") ?? {};
  if (!isJsonObject(listed)) return { fault: "file_rego_versions is no object" };
  const ofTexts = new Map<string, { readonly order: number; readonly version: RegoVersion | undefined }>();
  const patterns: { readonly order: number; readonly glob: Glob; readonly version: RegoVersion | undefined }[] = [];
  let lengthOfPatterns = 0;
  // The first that matches says it, in the order of their texts.
  for (const [order, [pattern, value]] of Object.entries(listed).sort(byKey).entries()) {
    const shown = clip(pattern, VALUE_SHOWN);
    const read = toVersion(value ?? 0);
    if ("fault" in read) return { fault: `file_rego_versions: ${shown} ${read.fault}` };
    if (pattern.length > PATTERN_LENGTH_MAX) {
      return { fault: `file_rego_versions: ${shown} has more than ${PATTERN_LENGTH_MAX} letters` };
    }
    const glob = parseGlob(pattern);
    if ("fault" in glob) return { fault: `file_rego_versions: ${shown} ${glob.fault}` };
    if (glob.text !== undefined) {
      if (!ofTexts.has(glob.text)) ofTexts.set(glob.text, { order, version: read.version });
      continue;
    }
    patterns.push({ order, glob, version: read.version });
    lengthOfPatterns += pattern.length;
    if (lengthOfPatterns > PATTERNS_LENGTH_MAX) {
      return { fault: `file_rego_versions: patterns have more than ${PATTERNS_LENGTH_MAX} letters, plain paths aside` };
    }
  }
  const versionOf = (path: string): RegoVersion | undefined => {
    const plain = ofTexts.get(path);
    const before = patterns.find(({ order, glob }) => order < (plain?.order ?? Infinity) && glob.matches(path));
    return (before ?? plain)?.version ?? whole.version;
  };
  return { versionOf };
}

function byKey([a]: readonly [string, JsonValue], [b]: readonly [string, JsonValue]): number {
  return a < b ? -1 : 1;
}

function toVersion(
  value: JsonValue | undefined,
): { readonly version: RegoVersion | undefined } | { readonly fault: string } {
  if (value === undefined) return { version: undefined };
  const known = typeof value === "number" ? VERSIONS[value] : undefined;
  if (known !== undefined) return { version: known };
  return { fault: `must be 0, 1 or 2, not ${clip(JSON.stringify(value), VALUE_SHOWN)}` };
}

function readBundle(fields: Fields): { readonly roots: readonly string[]; readonly faults: readonly string[] } {
  const faults: string[] = [];
  const revision = fields.get("revision") ?? "";
  if (typeof revision !== "string") faults.push("revision is no string");
  if (!isJsonObject(fields.get("metadata") ?? {})) faults.push("metadata is no object");
  const wasm = fields.get("wasm") ?? [];
  if (!Array.isArray(wasm)) faults.push("wasm is no array");
  else if (wasm.length > 0) faults.push("wasm: a bundle of WebAssembly is not read: name the Rego that it is made of");
  const roots = toRoots(fields.get("roots") ?? [""]);
  if (typeof roots === "string") faults.push(roots);
  return { roots: typeof roots === "string" ? [""] : roots, faults };
}

/** The roots, or what is wrong with them. */
function toRoots(value: JsonValue): readonly string[] | string {
  if (!Array.isArray(value)) return "roots are no array of strings";
  const roots = value.map((root: JsonValue) => root ?? "");
  if (!roots.every((root) => typeof root === "string")) return "roots are no array of strings";
  const length = roots.reduce((sum, root) => sum + root.length + 1, 0);
  if (length > ROOTS_LENGTH_MAX) return `roots have more than ${ROOTS_LENGTH_MAX} letters`;
  return roots.map(withoutSlashes);
}

/** Without slashes at either end. */
export function withoutSlashes(path: string): string {
  let [start, end] = [0, path.length];
  while (path[start] === "/") start++;
  while (end > start && path[end - 1] === "/") end--;
  return path.slice(start, end);
}

function refuse(source: Source, why: string, hint?: string): Diagnostic {
  const { illegalAt = 0 } = source;
  return makeDataError(source, `manifest: ${why}`, hint, { start: illegalAt, end: illegalAt });
}
