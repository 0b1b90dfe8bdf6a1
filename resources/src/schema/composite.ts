/** Schemas made of schemas: objects, lists, maps, and the short way to write an object. */
import { isMap, isScalar, isSeq, type Node, type Pair } from "yaml";
import { nearest } from "./nearest.ts";
import { fail, type JsonSchema, type Place, type Schema } from "./schema.ts";

/** Kubernetes' own resources stay far below this. */
const DEPTH_MAX = 32;

export type Field<T, Need extends "required" | "optional" | "defaulted"> = {
  readonly need: Need;
  readonly schema: Schema<T>;
  /** One sentence for docs and CRDs; a default's sentence gives its reason. */
  readonly doc: string;
  readonly value?: T;
};

export type Fields = Readonly<Record<string, Field<unknown, "required" | "optional" | "defaulted">>>;

type Value<F> = F extends Field<infer T, "required" | "optional" | "defaulted"> ? T : never;
type OptionalNames<F extends Fields> = { [K in keyof F]: F[K]["need"] extends "optional" ? K : never }[keyof F];

/** The object that fields describe: optional ones may be absent, defaulted ones never are. */
export type ObjectOf<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalNames<F>>]: Value<F[K]>;
} & { readonly [K in OptionalNames<F>]?: Value<F[K]> };

export type ObjectSchema<F extends Fields> = Schema<ObjectOf<F>> & { readonly fields: F };

export function required<T>(schema: Schema<T>, doc: string): Field<T, "required"> {
  return { need: "required", schema, doc };
}

export function optional<T>(schema: Schema<T>, doc: string): Field<T, "optional"> {
  return { need: "optional", schema, doc };
}

/** A field that has a value where the user gives none; `doc` says why this one. */
export function defaulted<T>(schema: Schema<T>, value: NoInfer<T>, doc: string): Field<T, "defaulted"> {
  return { need: "defaulted", schema, doc, value };
}

/** An object of just these fields; an unknown field is a fault, with the nearest known one as hint. */
export function object<const F extends Fields>(fields: F): ObjectSchema<F> {
  const names = Object.keys(fields);
  return {
    fields,
    json: objectJson(fields),
    read(node, place) {
      if (!isMap(node)) return fail(node, place, "must be a mapping of fields");
      if (place.depth > DEPTH_MAX) return fail(node, place, "is nested too deeply");
      let isWhole = true;
      const values: [string, unknown][] = [];
      const seen = new Set<string>();
      for (const pair of node.items) {
        const name = keyOf(pair);
        const field = name !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
        if (name === undefined || field === undefined) {
          isWhole = false;
          reportUnknown(pair, node, name, names, place);
          continue;
        }
        seen.add(name);
        const value = readValue(field.schema, pair, node, inside(place, name));
        if (value === undefined) isWhole = false;
        else values.push([name, value]);
      }
      for (const [name, field] of Object.entries(fields)) {
        if (seen.has(name)) continue;
        if (field.need === "defaulted") values.push([name, field.value]);
        if (field.need === "required") {
          isWhole = false;
          const path = inside(place, name).path;
          place.report({ code: "resource_missing", message: `${path} is missing`, node, hint: field.doc });
        }
      }
      return isWhole ? (Object.fromEntries(values) as ObjectOf<F>) : undefined;
    },
  };
}

/** What an object is when nothing is written: its defaults. Only for objects without required fields. */
export function defaultsOf<F extends Fields>(schema: ObjectSchema<F>): ObjectOf<F> {
  const values = Object.entries(schema.fields)
    .filter(([, field]) => field.need === "defaulted")
    .map(([name, field]) => [name, field.value] as const);
  return Object.fromEntries(values) as ObjectOf<F>;
}

/** An object that may also be written as the text of one of its fields. */
export function shorthand<F extends Fields>(schema: ObjectSchema<F>, name: keyof F & string): Schema<ObjectOf<F>> {
  const field = schema.fields[name];
  return {
    json: { anyOf: [field?.schema.json ?? {}, schema.json] },
    read(node, place) {
      if (!isScalar(node) || field === undefined) return schema.read(node, place);
      const value = field.schema.read(node, place);
      return value === undefined ? undefined : ({ ...defaultsOf(schema), [name]: value } as ObjectOf<F>);
    },
  };
}

export function list<T>(item: Schema<T>, lengthMax: number): Schema<readonly T[]> {
  return {
    json: { type: "array", items: item.json, maxItems: lengthMax },
    read(node, place) {
      if (!isSeq(node)) return fail(node, place, "must be a list");
      if (node.items.length > lengthMax) return fail(node, place, `has more than ${lengthMax} members`);
      const values: T[] = [];
      for (const [index, member] of node.items.entries()) {
        const at = { ...place, path: `${place.path}[${index}]`, depth: place.depth + 1 };
        place.keep(at.path, member as Node);
        const value = item.read(member as Node, at);
        if (value !== undefined) values.push(value);
      }
      return values.length === node.items.length ? values : undefined;
    },
  };
}

export function mapOf<T>(item: Schema<T>, sizeMax: number): Schema<Readonly<Record<string, T>>> {
  return {
    json: { type: "object", additionalProperties: item.json, maxProperties: sizeMax },
    read(node, place) {
      if (!isMap(node)) return fail(node, place, "must be a mapping");
      if (node.items.length > sizeMax) return fail(node, place, `has more than ${sizeMax} entries`);
      const values: [string, T][] = [];
      for (const pair of node.items) {
        const name = keyOf(pair);
        if (name === undefined) fail((pair.key as Node | null) ?? node, place, "has a key that is not a string");
        const value = name === undefined ? undefined : readValue(item, pair, node, inside(place, name));
        if (name !== undefined && value !== undefined) values.push([name, value]);
      }
      return values.length === node.items.length ? Object.fromEntries(values) : undefined;
    },
  };
}

function readValue<T>(schema: Schema<T>, pair: Pair, parent: Node, place: Place): T | undefined {
  const node = (pair.value as Node | null) ?? (pair.key as Node | null) ?? parent;
  place.keep(place.path, node);
  if (pair.value === null) return fail(node, place, "has no value");
  return schema.read(node, place);
}

function reportUnknown(
  pair: Pair,
  parent: Node,
  name: string | undefined,
  names: readonly string[],
  place: Place,
): void {
  const node = (pair.key as Node | null) ?? parent;
  const where = place.path === "" ? "" : ` in ${place.path}`;
  const near = name === undefined ? undefined : nearest(name, names);
  place.report({
    code: "resource_field",
    message: `unknown field ${name ?? "that is not a string"}${where}`,
    node,
    hint: near === undefined ? `known fields are ${names.join(", ")}` : `did you mean ${near}?`,
  });
}

function keyOf(pair: Pair): string | undefined {
  return isScalar(pair.key) && typeof pair.key.value === "string" ? pair.key.value : undefined;
}

function inside(place: Place, name: string): Place {
  return { ...place, path: place.path === "" ? name : `${place.path}.${name}`, depth: place.depth + 1 };
}

function objectJson(fields: Fields): JsonSchema {
  const properties = Object.entries(fields).map(([name, { schema, doc, value }]) => [
    name,
    { ...schema.json, description: doc, ...(value === undefined ? {} : { default: value }) },
  ]);
  const needed = Object.keys(fields).filter((name) => fields[name]?.need === "required");
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(needed.length === 0 ? {} : { required: needed }),
  };
}
