/**
 * What a policy may use, as OPA's capabilities files say it: built-ins, keywords that may be imported, features
 * of the language, and hosts that may be asked. A policy that keeps to those of an older OPA runs there.
 */
import { type Declaration, parseDeclaration } from "../builtins/declaration.ts";
import type { BuiltinSignature } from "../builtins/signature.ts";
import type { BuiltinSignatures } from "../builtins/table.ts";
import type { Language } from "../syntax/version.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "../unit/json.ts";
import { BUILTINS_SINCE, FEATURES_SINCE, FIRST, KEYWORDS_SINCE, LATEST, WITH_V1 } from "./history.ts";

export type Capabilities = {
  readonly language: Language;
  /** Hosts that may be asked; undefined where any may. */
  readonly allowNet: readonly string[] | undefined;
  /** Of the built-ins that there are, those that may be called, with what the file declares beside. */
  readonly restrict: (builtins: BuiltinSignatures) => BuiltinSignatures;
};

/** Undefined where there is no such version of OPA, or none that says what it has. */
export function capabilitiesOfVersion(version: string): Capabilities | undefined {
  const wanted = numberOf(version);
  if (wanted === undefined || wanted < least(FIRST) || wanted > least(LATEST)) return undefined;
  const later = namesAfter(BUILTINS_SINCE, wanted);
  return {
    language: {
      keywords: namesUntil(KEYWORDS_SINCE, wanted),
      features: namesUntil(FEATURES_SINCE, wanted),
    },
    allowNet: undefined,
    restrict: (builtins) => choose(builtins, (name) => !later.has(name), new Map()),
  };
}

/** What OPA reads v0 as where no capabilities are named, and no bundle's manifest says v0: without template strings. */
export const V0_LANGUAGE: Language = {
  keywords: namesUntil(KEYWORDS_SINCE, least(LATEST)),
  features: namesUntil(FEATURES_SINCE, least(LATEST)).difference(new Set(["template_strings"])),
};

function least(version: string): number {
  return numberOf(version) ?? 0;
}

/** `v1.22.2` as a number that orders versions. */
function numberOf(version: string): number | undefined {
  const parts = /^v(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(version);
  return parts === null ? undefined : Number(parts[1]) * 1e6 + Number(parts[2]) * 1e3 + Number(parts[3]);
}

function namesUntil(since: Readonly<Record<string, string>>, wanted: number): ReadonlySet<string> {
  return names(since, (version) => version <= wanted);
}

function namesAfter(since: Readonly<Record<string, string>>, wanted: number): ReadonlySet<string> {
  return names(since, (version) => version > wanted);
}

function names(since: Readonly<Record<string, string>>, isWanted: (version: number) => boolean): ReadonlySet<string> {
  const rows = Object.entries(since).filter(([version]) => isWanted(least(version)));
  return new Set(rows.flatMap(([, words]) => words.split(" ")));
}

/** A file of OPA's format; throws Error with what is wrong with it. */
export function parseCapabilities(text: string): Capabilities {
  const file = readObject(text);
  const declared = new Map(listOf(file, "builtins").map(readBuiltin));
  const keywords = new Set(textsOf(file, "future_keywords"));
  const features = new Set(textsOf(file, "features"));
  const known = new Set(Object.values(KEYWORDS_SINCE).flatMap((words) => words.split(" ")));
  const unknown = [...keywords].find((word) => !known.has(word));
  if (unknown !== undefined) throw new Error(`illegal capabilities: unknown keyword: ${unknown}`);
  if (features.has("rego_v1")) {
    for (const name of WITH_V1) (known.has(name) ? keywords : features).add(name);
  }
  return {
    language: { keywords, features },
    allowNet: file["allow_net"] === undefined ? undefined : textsOf(file, "allow_net"),
    restrict: (builtins) => choose(builtins, (name) => declared.has(name), declared),
  };
}

function readObject(text: string): JsonObject {
  let value: JsonValue;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new Error(`not JSON: ${(error as Error).message}`);
  }
  if (!isJsonObject(value)) throw new Error("not a JSON object");
  return value;
}

function listOf(file: JsonObject, field: string): readonly JsonValue[] {
  const value = file[field];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`${field} is no list`);
  return value as readonly JsonValue[];
}

function textsOf(file: JsonObject, field: string): readonly string[] {
  return listOf(file, field).map((value) => {
    if (typeof value !== "string") throw new Error(`${field} has what is no text`);
    return value;
  });
}

function readBuiltin(value: JsonValue): readonly [name: string, decl: JsonValue | undefined] {
  if (!isJsonObject(value)) throw new Error("builtins has what is no object");
  const fields = value as JsonObject;
  const { name, decl } = { name: fields["name"], decl: fields["decl"] };
  if (typeof name !== "string") throw new Error("builtins has one without a name");
  return [name, decl];
}

/** Declarations of names that nothing here has are built-ins that whoever runs the policy brings. */
function choose(
  builtins: BuiltinSignatures,
  isOffered: (name: string) => boolean,
  declared: ReadonlyMap<string, JsonValue | undefined>,
): BuiltinSignatures {
  const kept = builtins.names.filter(isOffered);
  const table = new Map<string, BuiltinSignature>();
  for (const [name, decl] of declared) {
    if (builtins.resolve(name) === undefined && decl !== undefined) table.set(name, signatureOf(name, decl));
  }
  for (const name of kept) {
    const signature = builtins.resolve(name);
    if (signature !== undefined) table.set(name, signature);
  }
  // What analysis itself makes of the text is there in every version.
  return {
    resolve: (name) => table.get(name) ?? (name.startsWith("internal.") ? builtins.resolve(name) : undefined),
    names: [...table.keys()],
  };
}

function signatureOf(name: string, decl: JsonValue): BuiltinSignature {
  try {
    const { args, result } = parseDeclaration(decl as unknown as Declaration);
    return {
      name,
      args,
      result,
      arity: args.length,
      isVoid: result === undefined,
      isRelation: false,
      isVariadic: false,
      isDeprecated: false,
      isNondeterministic: false,
    };
  } catch (error) {
    throw new Error(`builtins: ${name}: ${(error as Error).message}`);
  }
}
