/** All of OPA 1.22's built-ins by name: what analysis and planner ask for arity, result and kind. */
import { type BuiltinSignature, parseSignatures } from "./signature.ts";
import { ENCODINGS, NOTATIONS, PATTERNS, STRINGS } from "./texts.ts";
import { COLLECTIONS, COMPARISON, NUMBERS, TYPES } from "./values.ts";
import { CRYPTOGRAPHY, NETWORK, POLICY, TIME } from "./world.ts";

export type BuiltinSignatures = {
  resolve(name: string): BuiltinSignature | undefined;
  /** In no particular order. */
  readonly names: Iterable<string>;
};

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

/** OPA's own and, where given, those of a host, in the notation of `parseSignatures`. */
export function makeSignatures(own = ""): BuiltinSignatures {
  const texts = own.trim() === "" ? FAMILIES : [...FAMILIES, own];
  const table = new Map(texts.flatMap(parseSignatures).map((signature) => [signature.name, signature]));
  return { resolve: (name) => table.get(name), names: table.keys() };
}

export const BUILTINS: BuiltinSignatures = makeSignatures();
