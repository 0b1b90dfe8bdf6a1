/** All of OPA 1.22's built-ins by name: what analysis and planner ask for arity, result and kind. */
import { type BuiltinSignature, parseSignatures } from "./signature.ts";
import { ENCODINGS, NOTATIONS, PATTERNS, STRINGS } from "./texts.ts";
import { COLLECTIONS, COMPARISON, NUMBERS, TYPES } from "./values.ts";
import { CRYPTOGRAPHY, NETWORK, POLICY, TIME } from "./world.ts";

export type BuiltinSignatures = {
  resolve(name: string): BuiltinSignature | undefined;
  /** In no particular order; as often as they are asked for. */
  readonly names: readonly string[];
};

/** The name that an operator's path is: most have one part. */
export function builtinName(path: readonly string[]): string {
  return path.length === 1 ? (path[0] as string) : path.join(".");
}

const FAMILIES = [
  COMPARISON,
  NUMBERS,
  COLLECTIONS,
  TYPES,
  STRINGS,
  PATTERNS,
  ENCODINGS,
  NOTATIONS,
  TIME,
  NETWORK,
  CRYPTOGRAPHY,
  POLICY,
];

/** OPA's own and, where given, those of a host: as signatures, or in the notation of `parseSignatures`. */
export function makeSignatures(own: string | readonly BuiltinSignature[] = ""): BuiltinSignatures {
  const ours = typeof own !== "string" ? own : own.trim() === "" ? [] : parseSignatures(own);
  const all = [...FAMILIES.flatMap(parseSignatures), ...ours];
  const table = new Map(all.map((signature) => [signature.name, signature]));
  return { resolve: (name) => table.get(name), names: [...table.keys()] };
}

export const BUILTINS: BuiltinSignatures = makeSignatures();
