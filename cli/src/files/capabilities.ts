/** The language that a command reads Rego in: its version, and what capabilities leave of it and of the built-ins. */
import {
  type BuiltinSignatures,
  type Capabilities,
  capabilitiesOfVersion,
  type Language,
  parseCapabilities,
  type RegoVersion,
  V0_LANGUAGE,
} from "@regomesh/policy-compiler";
import { UsageError } from "../command.ts";
import { readFlagFile } from "./read-files.ts";

/** As opa's flags have it. */
export const languageFlags = {
  "v0-compatible": { type: "boolean" },
  "v1-compatible": { type: "boolean" },
  capabilities: { type: "string" },
} as const;

export const LANGUAGE_HELP = `
  --v0-compatible      Rego files are v0 where no .manifest says otherwise
  --v1-compatible      Rego files are v1 where no .manifest says otherwise (the default)
  --capabilities FILE  allow what the capabilities of a file allow, or of a version of OPA,
                       such as v1.0.0 (regomesh capabilities prints ours)`;

type Values = {
  readonly "v0-compatible"?: boolean | undefined;
  readonly "v1-compatible"?: boolean | undefined;
  readonly capabilities?: string | undefined;
};

export type ReadAs = {
  readonly version: RegoVersion | undefined;
  readonly language: Language | undefined;
  readonly restrict: (builtins: BuiltinSignatures) => BuiltinSignatures;
  /** Hosts that may be asked, where not any may. */
  readonly net: { readonly allowNet?: readonly string[] };
};

/** Throws UsageError. */
export async function readLanguage(values: Values, cwd: string): Promise<ReadAs> {
  if (values["v0-compatible"] && values["v1-compatible"]) {
    throw new UsageError("takes one of --v0-compatible and --v1-compatible");
  }
  const version = values["v0-compatible"] ? "v0" : undefined;
  if (values.capabilities === undefined) {
    return { version, language: version === "v0" ? V0_LANGUAGE : undefined, restrict: (builtins) => builtins, net: {} };
  }
  const { language, restrict, allowNet } = await load(values.capabilities, cwd);
  return { version, language, restrict, net: allowNet === undefined ? {} : { allowNet } };
}

async function load(name: string, cwd: string): Promise<Capabilities> {
  const known = capabilitiesOfVersion(name);
  if (known !== undefined) return known;
  if (/^v\d+\.\d+\.\d+$/.test(name)) {
    throw new UsageError(`--capabilities ${name}: no capabilities of that version of OPA are known`);
  }
  const text = await readFlagFile(name, cwd, "--capabilities");
  try {
    return parseCapabilities(text);
  } catch (error) {
    throw new UsageError(`--capabilities ${name}: ${(error as Error).message}`);
  }
}
