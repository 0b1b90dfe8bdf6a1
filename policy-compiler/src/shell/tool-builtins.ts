/** All built-ins that a policy may call where a person or a test waits for it: command line, test runner. */
import type { Source } from "@regomesh/base";
import { type Family, type HostOptions, type LoadBuiltins, makeBuiltinLoader } from "@regomesh/policy-runtime/node";
import { toolFamilies } from "@regomesh/policy-runtime/tools";
import { BUILTINS } from "../builtins/table.ts";
import { hostNames } from "../emit/runtime-calls.ts";
import { parseModuleBuiltin } from "./parse-module.ts";

export function makeToolLoader(options: HostOptions): LoadBuiltins {
  return makeBuiltinLoader(options, [...toolFamilies(options), REGO]);
}

const REGO: Family = { prefix: "rego.", load: async () => ({ "rego.parse_module": parseModuleBuiltin }) };

/** Names of the built-ins that sources may call, so that no others are loaded: a name's words all stand in the text. */
export function builtinsIn(sources: readonly Source[]): readonly string[] {
  const stands = (word: string) => sources.some(({ text }) => text.includes(word));
  return [...BUILTINS.names].flatMap((name) => (name.split(".").every(stands) ? hostNames(name) : []));
}
