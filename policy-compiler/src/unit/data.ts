/** A unit's data document, put together from its data files. */
import type { Diagnostic, Source } from "@regomesh/base";
import { LineCounter, parseDocument } from "yaml";
import { exactNumber, isJsonObject, isRawNumber, type JsonObject, type JsonValue, parseJson } from "./json.ts";

export type DataFile = {
  readonly source: Source;
  /** Where in the document its content goes: the directory, below the unit's. */
  readonly path: readonly string[];
};

export type MergedData = { readonly data: JsonObject; readonly diagnostics: readonly Diagnostic[] };

/** Levels of nesting in a data file: what walks data recursively stays within its stack. */
const DEPTH_MAX = 500;

/** Two files that say something of the same path are a fault, unless both are objects there. */
export function mergeData(files: readonly DataFile[]): MergedData {
  const diagnostics: Diagnostic[] = [];
  let data: JsonObject = {};
  for (const { source, path } of files) {
    const read = readValue(source);
    if ("fault" in read) {
      diagnostics.push(report(source, read.offset ?? 0, read.fault, "write JSON or YAML of one document"));
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
    const merged = merge(data, placed, []);
    if ("conflict" in merged) {
      const place = ["data", ...merged.conflict].join(".");
      diagnostics.push(
        report(source, 0, `${place} is given by another data file too`, "keep it in one of the two files"),
      );
    } else data = merged.value as JsonObject;
  }
  return { data, diagnostics };
}

type Read = { readonly value: JsonValue } | { readonly fault: string; readonly offset?: number };

function readValue(source: Source): Read {
  return source.name.endsWith(".json") ? readJson(source.text) : readYaml(source.text);
}

function readJson(text: string): Read {
  try {
    return { value: parseJson(text) };
  } catch (error) {
    const { message } = error as Error;
    const offset = Number(/position ([0-9]+)/.exec(message)?.[1] ?? 0);
    return { fault: `not JSON: ${message.split(" in JSON")[0]?.toLowerCase() ?? ""}`, offset };
  }
}

function readYaml(text: string): Read {
  // A key that stands twice has its last value, as in JSON and as OPA reads both.
  const document = parseDocument(text, {
    uniqueKeys: false,
    intAsBigInt: true,
    lineCounter: new LineCounter(),
    merge: true,
  });
  const [error] = document.errors;
  if (error !== undefined) return { fault: `not YAML: ${error.message.split("\n")[0]}`, offset: error.pos[0] };
  try {
    return { value: toJson(document.toJS({ maxAliasCount: 100 }), DEPTH_MAX + 1) };
  } catch (error) {
    return { fault: `not YAML that JSON can hold: ${(error as Error).message}` };
  }
}

/** YAML's values as JSON's: whole numbers exact, keys as texts. */
function toJson(value: unknown, depth: number): JsonValue {
  if (depth < 0) return [];
  if (typeof value === "bigint") return exactNumber(Number(value), value.toString());
  if (Array.isArray(value)) return value.map((item) => toJson(item, depth - 1));
  if (typeof value === "object" && value !== null) {
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    return Object.fromEntries(entries.map(([key, item]) => [String(key), toJson(item, depth - 1)]));
  }
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error("a number is not finite");
  return (value ?? null) as JsonValue;
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
  const at = { source, span: { start: offset, end: offset + 1 } };
  return { code: "data_error", severity: "error", message, at, hint };
}
