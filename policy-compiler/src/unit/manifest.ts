/**
 * `.manifest` at a unit's root, as OPA's bundles have it: which language the unit's modules are written in,
 * all of them or by their paths. Its other fields say nothing to us.
 */
import type { Diagnostic, Source } from "@regomesh/base";
import type { RegoVersion } from "../syntax/version.ts";
import { isJsonObject, isRawNumber, type JsonObject, type JsonValue, parseJson } from "./json.ts";

export const MANIFEST = ".manifest";

/** The language of a file by its path in the unit, which begins with a slash; undefined where nothing says one. */
export type Versions = (path: string) => RegoVersion | undefined;

export type Manifest = { readonly versionOf: Versions; readonly diagnostics: readonly Diagnostic[] };

const VERSIONS: readonly RegoVersion[] = ["v0", "v1", "v2"];

export function parseManifest(source: Source): Manifest {
  if (source.illegalAt !== undefined) return refuse(source, "illegal utf-8 character", "save the file as UTF-8");
  const fields = readFields(source.text.replace(/^\uFEFF/, ""));
  if (fields === undefined) return refuse(source, "not a JSON object", 'write {"rego_version": 0}');
  const whole = toVersion(fields["rego_version"]);
  if ("fault" in whole) return refuse(source, `rego_version ${whole.fault}`);
  const patterns: { readonly matches: RegExp; readonly version: RegoVersion | undefined }[] = [];
  const listed = fields["file_rego_versions"];
  if (listed !== undefined && !isJsonObject(listed)) return refuse(source, "file_rego_versions is no object");
  for (const [pattern, value] of Object.entries(listed ?? {})) {
    const read = toVersion(value);
    if ("fault" in read) return refuse(source, `file_rego_versions: ${pattern} ${read.fault}`);
    patterns.push({ matches: toExpression(pattern), version: read.version });
  }
  const versionOf = (path: string): RegoVersion | undefined =>
    patterns.find(({ matches }) => matches.test(path))?.version ?? whole.version;
  return { versionOf, diagnostics: [] };
}

function readFields(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function toVersion(
  value: JsonValue | undefined,
): { readonly version: RegoVersion | undefined } | { readonly fault: string } {
  if (value === undefined) return { version: undefined };
  const known = typeof value === "number" ? VERSIONS[value] : undefined;
  if (known !== undefined) return { version: known };
  const given = isRawNumber(value) ? "a number beyond these" : JSON.stringify(value);
  return { fault: `must be 0, 1 or 2, not ${given}` };
}

function refuse(source: Source, why: string, hint?: string): Manifest {
  const at = { source, span: { start: source.illegalAt ?? 0, end: source.illegalAt ?? 0 } };
  const fault = { code: "data_error", severity: "error", message: `manifest: ${why}`, at } as const;
  return { versionOf: () => undefined, diagnostics: [hint === undefined ? fault : { ...fault, hint }] };
}

/** `*` and `**` are any text, slashes too; `?` is one character, `[…]` one of several, `{a,b}` either. */
function toExpression(pattern: string): RegExp {
  let text = "";
  let depth = 0;
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i] as string;
    const close = c === "[" ? pattern.indexOf("]", i + 1) : -1;
    if (close > 0) {
      const inside = pattern.slice(i + 1, close).replace(/[\\^[]/g, "\\$&");
      text += inside.startsWith("!") ? `[^${inside.slice(1)}]` : `[${inside}]`;
      i = close;
    } else if (c === "*") text += ".*";
    else if (c === "?") text += ".";
    else if (c === "{") {
      depth++;
      text += "(?:";
    } else if (c === "}" && depth > 0) {
      depth--;
      text += ")";
    } else if (c === "," && depth > 0) text += "|";
    else text += (c === "\\" ? (pattern[++i] ?? "") : c).replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  }
  return new RegExp(`^${text}${")".repeat(depth)}$`, "su");
}
