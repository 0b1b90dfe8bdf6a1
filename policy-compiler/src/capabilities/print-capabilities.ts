/** Our capabilities, in the format of OPA's files. */
import type { Declaration, DeclaredType } from "../builtins/declaration.ts";
import type { BuiltinSignature } from "../builtins/signature.ts";
import { BUILTINS, type BuiltinSignatures } from "../builtins/table.ts";
import type { RegoType } from "../types/type.ts";
import { FEATURES_SINCE, KEYWORDS_SINCE, WITH_V1 } from "./history.ts";

/** JSON text, as `opa capabilities --current` prints it, of OPA's built-ins and those given. */
export function printCapabilities(builtins: BuiltinSignatures = BUILTINS): string {
  const names = builtins.names.toSorted();
  const listed = (since: Readonly<Record<string, string>>): readonly string[] =>
    Object.values(since)
      .flatMap((words) => words.split(" "))
      .filter((word) => !WITH_V1.has(word))
      .sort();
  const capabilities = {
    builtins: names.flatMap((name) => {
      const signature = builtins.resolve(name);
      return signature === undefined ? [] : [toBuiltin(signature)];
    }),
    future_keywords: listed(KEYWORDS_SINCE),
    wasm_abi_versions: [{ version: 1, minor_version: 3 }],
    features: listed(FEATURES_SINCE),
  };
  return `${JSON.stringify(capabilities, null, 2)}\n`;
}

function toBuiltin({ name, args, result, isDeprecated, isRelation, isNondeterministic }: BuiltinSignature): object {
  const types = args.map(toDeclared);
  const decl: Declaration = {
    type: "function",
    ...(types.length === 0 ? {} : { args: types }),
    ...(result === undefined ? {} : { result: toDeclared(result) }),
  };
  return {
    name,
    decl,
    ...(isDeprecated ? { deprecated: true } : {}),
    ...(isRelation ? { relation: true } : {}),
    ...(isNondeterministic ? { nondeterministic: true } : {}),
  };
}

function toDeclared(type: RegoType): DeclaredType {
  switch (type.kind) {
    case "null":
    case "boolean":
    case "number":
    case "string":
      return { type: type.kind };
    case "any":
    case "unknown":
    case "function":
    case "recursive":
      return { type: "any" };
    case "union":
      return { type: "any", of: type.of.map(toDeclared) };
    case "set":
      return { type: "set", of: toDeclared(type.of) };
    case "array":
      return {
        type: "array",
        ...(type.items.length === 0 ? {} : { static: type.items.map(toDeclared) }),
        ...(type.rest === undefined ? {} : { dynamic: toDeclared(type.rest) }),
      };
    case "object": {
      const fields = type.fields.map(({ key, type: value }) => ({
        key: typeof key === "string" ? key : (JSON.parse(key.text) as unknown),
        value: toDeclared(value),
      }));
      const { rest } = type;
      return {
        type: "object",
        ...(fields.length === 0 ? {} : { static: fields }),
        ...(rest === undefined ? {} : { dynamic: { key: toDeclared(rest.key), value: toDeclared(rest.value) } }),
      };
    }
  }
}
