/** Signatures against OPA's own list of its built-ins. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeObjectType, makeSetType } from "../types/make-type.ts";
import { printTypes } from "../types/print-type.ts";
import { ANY, BOOLEAN, NULL, NUMBER, type RegoType, STRING } from "../types/type.ts";
import { makeUnion } from "../types/union.ts";
import { BUILTINS } from "./table.ts";

type OpaType = {
  readonly type: string;
  readonly of?: readonly OpaType[] | OpaType;
  readonly static?: readonly (OpaType & { readonly key: string; readonly value: OpaType })[];
  readonly dynamic?: OpaType & { readonly key: OpaType; readonly value: OpaType };
  readonly args?: readonly OpaType[];
  readonly result?: OpaType;
};

const SCALARS: Readonly<Record<string, RegoType>> = {
  any: ANY,
  boolean: BOOLEAN,
  null: NULL,
  number: NUMBER,
  string: STRING,
};

function toType(type: OpaType): RegoType {
  switch (type.type) {
    case "any":
      return Array.isArray(type.of) ? makeUnion(type.of.map(toType)) : ANY;
    case "array":
      return { kind: "array", items: (type.static ?? []).map(toType), rest: type.dynamic && toType(type.dynamic) };
    case "set":
      return makeSetType(toType(type.of as OpaType));
    case "object": {
      const fields = (type.static ?? []).map(({ key, value }) => ({ key, type: toType(value) }));
      const { dynamic } = type;
      return makeObjectType(fields, dynamic && { key: toType(dynamic.key), value: toType(dynamic.value) });
    }
    default:
      return SCALARS[type.type] as RegoType;
  }
}

const shared = process.env["REGOMESH_SHARED"] ?? join(import.meta.dirname, "../../../../shared");
const file = join(shared, "rego/builtins.json");

type OpaBuiltin = { readonly name: string; readonly decl: OpaType };

function readBuiltins(): readonly OpaBuiltin[] {
  if (!existsSync(file)) return [];
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly builtins: readonly OpaBuiltin[] }).builtins;
}

describe.skipIf(!existsSync(file))("signatures are OPA's", () => {
  const builtins = readBuiltins();
  const known = builtins.filter(({ name }) => BUILTINS.resolve(name) !== undefined);
  test.each(known.map(({ name, decl }) => [name, decl] as const))("%s", (name, { args = [], result }) => {
    const own = BUILTINS.resolve(name);
    const want = [...args, ...(result === undefined ? [] : [result])].map(toType);
    expect(printTypes([...(own?.args ?? []), ...(own?.result === undefined ? [] : [own.result])])).toBe(
      printTypes(want),
    );
  });
});
