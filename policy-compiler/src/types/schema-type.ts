/**
 * The types of JSON schemas, as OPA reads them: of `type`, `properties`, `items`, `anyOf`, `allOf`
 * and references. A schema with properties has no others; of several types the first in the order
 * boolean, string, number, object, array counts. What else a schema says tells nothing of types.
 */
import { compareKeys } from "./compare-types.ts";
import { ANY, ANY_REST, BOOLEAN, NUMBER, type RegoType, STRING } from "./type.ts";
import { makeUnion } from "./union.ts";

/** A schema that was found to be one, its references followed: it may hold itself. */
export type JsonSchema = {
  /** Everything else is another schema's. */
  readonly reference?: JsonSchema;
  readonly types: readonly string[];
  readonly properties: readonly (readonly [name: string, schema: JsonSchema])[];
  /** One for all items, or one for each place. */
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly anyOf: readonly JsonSchema[];
  readonly allOf: readonly JsonSchema[];
};

export type SchemaType = { readonly type: RegoType } | { readonly fault: string };

export function typeOfSchema(schema: JsonSchema): SchemaType {
  const reader: Reader = { known: new Map(), targets: new Map(), faults: [] };
  const type = read(schema, reader);
  const [fault] = reader.faults;
  return fault === undefined ? { type } : { fault };
}

type Reader = {
  /** By the schema that a reference leads to; undefined while it is read. */
  readonly known: Map<JsonSchema, RegoType | undefined>;
  /** What types that stand for a schema which was not read to its end lead to. */
  readonly targets: Map<RegoType, JsonSchema>;
  readonly faults: string[];
};

function read(schema: JsonSchema, reader: Reader): RegoType {
  const { reference } = schema;
  if (reference !== undefined) return readReference(reference, reader);
  if (schema.anyOf.length > 0) return readAny(schema, reader);
  if (schema.allOf.length > 0) return readAll(schema, reader);
  const types = schema.types.length > 0 ? schema.types : impliedTypes(schema);
  if (types.includes("boolean")) return BOOLEAN;
  if (types.includes("string")) return STRING;
  if (types.includes("integer") || types.includes("number")) return NUMBER;
  if (types.includes("object")) return readObject(schema, reader);
  if (types.includes("array")) return readArray(schema, reader);
  return ANY;
}

function readReference(target: JsonSchema, reader: Reader): RegoType {
  if (reader.known.has(target)) {
    const known = reader.known.get(target);
    if (known !== undefined) return known;
    const name = `#${[...reader.known.keys()].indexOf(target)}`;
    const type: RegoType = { kind: "recursive", name, open: () => openTarget(target, reader) };
    reader.targets.set(type, target);
    return type;
  }
  reader.known.set(target, undefined);
  const type = read(target, reader);
  reader.known.set(target, type);
  return type;
}

/** References that lead to nothing but one another say nothing. */
function openTarget(target: JsonSchema, { known, targets }: Reader): RegoType {
  const seen = new Set<JsonSchema>();
  for (let at = target; !seen.has(at); ) {
    seen.add(at);
    const type = known.get(at);
    const next = type === undefined ? undefined : targets.get(type);
    if (next === undefined) return type ?? ANY;
    at = next;
  }
  return ANY;
}

function impliedTypes({ properties, items }: JsonSchema): readonly string[] {
  if (properties.length > 0) return ["object"];
  return hasItems(items) ? ["array"] : [];
}

function hasItems(items: JsonSchema["items"]): boolean {
  return items !== undefined && (!isList(items) || items.length > 0);
}

function isList(items: NonNullable<JsonSchema["items"]>): items is readonly JsonSchema[] {
  return Array.isArray(items);
}

function readObject({ properties }: JsonSchema, reader: Reader): RegoType {
  if (properties.length === 0) return { kind: "object", fields: [], rest: ANY_REST };
  const byName = new Map(properties.map(([key, inner]) => [key, read(inner, reader)]));
  const fields = [...byName].map(([key, type]) => ({ key, type })).sort((a, b) => compareKeys(a.key, b.key));
  return { kind: "object", fields, rest: undefined };
}

function readArray({ items }: JsonSchema, reader: Reader): RegoType {
  if (items === undefined || (isList(items) && items.length === 0)) return { kind: "array", items: [], rest: ANY };
  if (!isList(items)) return { kind: "array", items: [], rest: read(items, reader) };
  return { kind: "array", items: items.map((item) => read(item, reader)), rest: undefined };
}

function readAny(schema: JsonSchema, reader: Reader): RegoType {
  const types = schema.anyOf.map((inner) => read(inner, reader));
  if (schema.types.length > 0) {
    const own = read({ ...schema, anyOf: [] }, reader);
    if (own.kind === "object" && own.rest === undefined) types.unshift(own);
  }
  return makeUnion(types);
}

function readAll(schema: JsonSchema, reader: Reader): RegoType {
  const parts = schema.allOf.map(follow).filter((part) => !isOnlyAny(part));
  const [first] = parts;
  if (first === undefined) return ANY;
  const merged = parts.slice(1).reduce((all, part) => merge(all, part, reader), withTypes(first));
  if (schema.types.length === 0) return read(merged, reader);
  const isOfOneKind = ["object", "array"].some((type) => schema.types.includes(type) && merged.types.includes(type));
  if (isOfOneKind) return read(merge(merged, { ...schema, allOf: [] }, reader), reader);
  if (typesText(schema) === typesText(merged)) return read(merged, reader);
  reader.faults.push("unable to merge these schemas");
  return ANY;
}

function follow(schema: JsonSchema): JsonSchema {
  let at = schema;
  for (const seen = new Set<JsonSchema>(); at.reference !== undefined && !seen.has(at); at = at.reference) seen.add(at);
  return at;
}

/** It only says which of several it is: it has no type to merge. */
function isOnlyAny({ types, anyOf, properties, items }: JsonSchema): boolean {
  return types.length === 0 && anyOf.length > 0 && properties.length === 0 && !hasItems(items);
}

function withTypes(schema: JsonSchema): JsonSchema {
  const implied = impliedTypes(schema).filter((type) => !schema.types.includes(type));
  return implied.length === 0 ? schema : { ...schema, types: [...schema.types, ...implied] };
}

function merge(a: JsonSchema, given: JsonSchema, reader: Reader): JsonSchema {
  const b = withTypes(given);
  if (typesText(a) !== typesText(b)) {
    reader.faults.push(`unable to merge these schemas: type mismatch: ${typesText(a)} and ${typesText(b)}`);
    return a;
  }
  if (a.types.includes("object")) {
    return a.properties.length > 0 && b.properties.length > 0
      ? { ...a, properties: [...a.properties, ...b.properties] }
      : a;
  }
  if (!a.types.includes("array") || !hasItems(a.items) || !hasItems(b.items)) return a;
  const [own, others] = [listOf(a.items), listOf(b.items)];
  const items = [...own, ...others.slice(own.length)];
  if (others.some((other, i) => typesText(items[i] as JsonSchema) !== typesText(other))) {
    reader.faults.push("unable to merge these schemas");
  }
  return { ...a, items: a.items !== undefined && !isList(a.items) ? a.items : items };
}

function listOf(items: JsonSchema["items"]): readonly JsonSchema[] {
  if (items === undefined) return [];
  return isList(items) ? items : [items];
}

function typesText({ types }: JsonSchema): string {
  if (types.length === 0) return "undefined";
  return types.length === 1 ? (types[0] as string) : `[${types.join(",")}]`;
}
