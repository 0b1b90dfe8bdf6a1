/** A unit's data document, put together from its data files. */
import { clip, type Diagnostic, type Source } from "@regomesh/base";
import { type DuplicateKey, readYaml } from "@regomesh/policy-runtime/yaml";
import { makeDataError } from "./data-error.ts";
import { findDuplicateKeys } from "./duplicate-keys.ts";
import { isJsonObject, isRawNumber, type JsonObject, type JsonValue, parseJson } from "./json.ts";
import { findNumberTooBig } from "./number-range.ts";

export type DataFile = {
  readonly source: Source;
  /** Where in the document its content goes: the directory, below the unit's. */
  readonly path: readonly string[];
};

/** What a data file says: its content in the document, below its path. */
export type PlacedData = { readonly source: Source; readonly value: JsonValue };

export type MergedData = {
  readonly data: JsonObject;
  readonly placed: readonly PlacedData[];
  readonly diagnostics: readonly Diagnostic[];
};

/** Levels of nesting in a data file: what walks data recursively stays within its stack. */
const DEPTH_MAX = 500;
/** Of one file, and of one key in letters: more says no more. */
const CONFLICT_HINT = "keep it in one of the two files; test fixtures are passed over with --ignore or --bundle";
const NUMBER_HINT = "numbers with an exponent lie between 2^-100000 and 2^100000";
const DUPLICATES_SHOWN = 20;
const KEY_SHOWN = 60;

/** Two files that say something of the same path are a fault, unless both are objects there. */
export function mergeData(files: readonly DataFile[]): MergedData {
  const diagnostics: Diagnostic[] = [];
  const taken: PlacedData[] = [];
  let data: JsonObject = {};
  for (const { source, path } of files) {
    const read = readValue(source);
    if ("fault" in read) {
      diagnostics.push(report(source, read.offset ?? 0, read.fault, read.hint ?? "write JSON or YAML of one document"));
      continue;
    }
    if (isTooDeep(read.value, DEPTH_MAX)) {
      diagnostics.push(report(source, 0, `data nest deeper than ${DEPTH_MAX} levels`, "flatten them"));
      continue;
    }
    if (path.length === 0 && !isJsonObject(read.value)) {
      diagnostics.push(report(source, 0, "data at the unit's root must be an object", "write it as key and value"));
      continue;
    }
    const placed = path.reduceRight<JsonValue>((value, part) => ({ [part]: value }), read.value);
    diagnostics.push(...read.duplicates.slice(0, DUPLICATES_SHOWN).map((each) => warnOfDuplicate(source, each)));
    const merged = merge(data, placed, []);
    if ("conflict" in merged) {
      const place = ["data", ...merged.conflict].join(".");
      const other =
        taken.find(({ value }) => "conflict" in merge(value, placed, []))?.source.name ?? "another data file";
      diagnostics.push(report(source, 0, `${place} is given by ${other}, too`, CONFLICT_HINT));
      continue;
    }
    data = merged.value as JsonObject;
    taken.push({ source, value: placed });
  }
  return { data, placed: taken, diagnostics };
}

/** OPA says nothing of them: what a person reads first is not what counts. */
function warnOfDuplicate(source: Source, { key, offset }: DuplicateKey): Diagnostic {
  return {
    code: "data_error",
    severity: "warning",
    message: `key ${JSON.stringify(clip(key, KEY_SHOWN))} stands twice in one object: only the last one counts`,
    at: { source, span: { start: offset, end: offset + 1 } },
    hint: "keep one of them",
  };
}

type Read =
  | { readonly value: JsonValue; readonly duplicates: readonly DuplicateKey[] }
  | { readonly fault: string; readonly offset?: number; readonly hint?: string };

function readValue(source: Source): Read {
  const { illegalAt } = source;
  if (illegalAt !== undefined)
    return { fault: "illegal utf-8 character", offset: illegalAt, hint: "save the file as UTF-8" };
  // A byte order mark is a blank, as a controller has it; OPA refuses it in JSON.
  const text = source.text.replace(/^\uFEFF/, " ");
  return source.name.endsWith(".json") ? readJson(text) : readYamlValue(source.text);
}

function readJson(text: string): Read {
  try {
    const value = parseJson(text);
    const tooBig = findNumberTooBig(text);
    if (tooBig !== undefined) return { fault: "number too big", offset: tooBig, hint: NUMBER_HINT };
    return { value, duplicates: findDuplicateKeys(text) };
  } catch (error) {
    const { message } = error as Error;
    const offset = Number(/position ([0-9]+)/.exec(message)?.[1] ?? 0);
    return { fault: `not JSON: ${message.split(" in JSON")[0]?.toLowerCase() ?? ""}`, offset };
  }
}

/** As the built-in reads it, so that a document means the same wherever it stands. */
function readYamlValue(text: string): Read {
  const read = readYaml(text);
  if ("fault" in read) return { ...read, fault: `not YAML: ${read.fault}` };
  return { ...read, value: read.value as JsonValue };
}

function isTooDeep(value: JsonValue, room: number): boolean {
  if (typeof value !== "object" || value === null || isRawNumber(value)) return false;
  return room === 0 || Object.values(value).some((inner) => isTooDeep(inner, room - 1));
}

type Merged = { readonly value: JsonValue } | { readonly conflict: readonly string[] };

function merge(into: JsonValue, from: JsonValue, path: readonly string[]): Merged {
  if (!isJsonObject(into) || !isJsonObject(from)) return { conflict: path };
  const entries = new Map(Object.entries(into));
  for (const [key, value] of Object.entries(from)) {
    const there = entries.get(key);
    const merged = there === undefined ? { value } : merge(there, value, [...path, key]);
    if ("conflict" in merged) return merged;
    entries.set(key, merged.value);
  }
  return { value: Object.fromEntries(entries) };
}

function report(source: Source, offset: number, message: string, hint: string): Diagnostic {
  return makeDataError(source, message, hint, { start: offset, end: offset + 1 });
}
