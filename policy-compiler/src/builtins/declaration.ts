/** Types and functions as OPA's capabilities declare them, in JSON. */
import { makeArrayType, makeObjectType, makeSetType } from "../types/make-type.ts";
import { ANY, BOOLEAN, type FieldKey, NULL, NUMBER, type RegoType, STRING } from "../types/type.ts";
import { makeUnion } from "../types/union.ts";

/** As Go's types.NewFunction marshals it; descriptions and names of arguments are for people. */
export type Declaration = {
  readonly type: "function";
  readonly args?: readonly DeclaredType[];
  /** Absent where a call gives no value. */
  readonly result?: DeclaredType;
};

export type DeclaredType = { readonly name?: string; readonly description?: string } & (
  | { readonly type: "null" | "boolean" | "number" | "string" }
  /** Of any type, or of one of these. */
  | { readonly type: "any"; readonly of?: readonly DeclaredType[] }
  /** `static` by place, then any number of `dynamic`. */
  | { readonly type: "array"; readonly static?: readonly DeclaredType[]; readonly dynamic?: DeclaredType }
  | { readonly type: "set"; readonly of?: DeclaredType }
  | {
      readonly type: "object";
      readonly static?: readonly { readonly key: unknown; readonly value: DeclaredType }[];
      readonly dynamic?: { readonly key: DeclaredType; readonly value: DeclaredType };
    }
);

/** Throws Error, saying what is wrong, where the declaration is none: it may have come from a file. */
export function parseDeclaration(declaration: Declaration): {
  readonly args: readonly RegoType[];
  readonly result: RegoType | undefined;
} {
  const { type, args, result } = expectRecord(declaration, "a declaration") as Declaration;
  if (type !== "function") throw new Error(`a declaration's type is "function", not ${JSON.stringify(type)}`);
  return { args: listOf(args, "args").map(parseType), result: result === undefined ? undefined : parseType(result) };
}

function parseType(declared: DeclaredType): RegoType {
  const given = expectRecord(declared, "a type") as DeclaredType;
  switch (given.type) {
    case "null":
      return NULL;
    case "boolean":
      return BOOLEAN;
    case "number":
      return NUMBER;
    case "string":
      return STRING;
    case "any":
      return given.of === undefined ? ANY : makeUnion(listOf(given.of, "of").map(parseType));
    case "array": {
      const items = listOf(given.static, "static").map(parseType);
      return makeArrayType(items, given.dynamic === undefined ? undefined : parseType(given.dynamic));
    }
    case "set":
      return makeSetType(given.of === undefined ? ANY : parseType(given.of));
    case "object": {
      const fields = listOf(given.static, "static").map(({ key, value }) => ({
        key: keyOf(key),
        type: parseType(value),
      }));
      const { dynamic } = given;
      return makeObjectType(
        fields,
        dynamic === undefined ? undefined : { key: parseType(dynamic.key), value: parseType(dynamic.value) },
      );
    }
    default:
      throw new Error(`there is no type ${JSON.stringify((given as { type: unknown }).type)}`);
  }
}

function keyOf(key: unknown): FieldKey {
  if (typeof key === "string") return key;
  const type = typeof key === "number" ? NUMBER : typeof key === "boolean" ? BOOLEAN : key === null ? NULL : undefined;
  if (type === undefined) throw new Error(`no key of an object's type: ${JSON.stringify(key)}`);
  return { text: JSON.stringify(key), type };
}

function listOf<Item>(value: readonly Item[] | undefined, name: string): readonly Item[] {
  if (value !== undefined && !Array.isArray(value)) throw new Error(`${name} must be a list`);
  return value ?? [];
}

function expectRecord(value: unknown, what: string): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new Error(`${what} must be an object, not ${JSON.stringify(value)}`);
}
