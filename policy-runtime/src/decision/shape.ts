/**
 * Strict reading of a policy's result: every field is known and typed, everything else is a
 * wrong type with the field's name. A reader gives the value or throws WrongType, which the
 * policy turns into the fault `policy_type_error`.
 */
import { parseDuration } from "@regomesh/base";
import type { Fields } from "./decision.ts";

export class WrongType extends Error {
  override readonly name = "WrongType";
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Pairs that one decision may name. */
const FIELDS_MAX = 256;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
// RFC 9110 §5.5: visible characters, obs-text, space and tab; never CR, LF or NUL.
const VALUE = /^[\t\x20-\x7e\x80-\uffff]*$/;

export function objectOf(value: Json | undefined, what: string, known: readonly string[]): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(what, "an object", value);
  const object = value as JsonObject;
  for (const field of Object.keys(object)) {
    if (!known.includes(field)) {
      throw new WrongType(`${what} has the unknown field ${JSON.stringify(field)}; known are ${known.join(", ")}`);
    }
  }
  return object;
}

export function textOf(value: Json | undefined, what: string): string {
  if (typeof value !== "string") throw wrong(what, "a string", value);
  return value;
}

export function booleanOf(value: Json | undefined, what: string): boolean {
  if (typeof value !== "boolean") throw wrong(what, "a boolean", value);
  return value;
}

export function integerOf(value: Json | undefined, what: string, min: number, max: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    throw wrong(what, `an integer from ${min} to ${max}`, value);
  }
  return value;
}

export function numberOf(value: Json | undefined, what: string, min: number, max: number): number {
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    throw wrong(what, `a number from ${min} to ${max}`, value);
  }
  return value;
}

/** Milliseconds of a GEP-2257 duration. */
export function durationOf(value: Json | undefined, what: string): number {
  const ms = typeof value === "string" ? parseDuration(value) : undefined;
  if (ms === undefined) throw wrong(what, 'a duration such as "500ms" or "2s"', value);
  return ms;
}

export function listOf(value: Json | undefined, what: string): readonly Json[] {
  if (!Array.isArray(value)) throw wrong(what, "an array", value);
  return value;
}

export function textsOf(value: Json | undefined, what: string): readonly string[] {
  return listOf(value, what).map((item, i) => textOf(item, `${what}[${i}]`));
}

export function oneOf<Name extends string>(value: Json | undefined, what: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === value);
  if (found === undefined) throw wrong(what, `one of ${names.join(", ")}`, value);
  return found;
}

/** Field names that are tokens, in lower case. */
export function fieldNamesOf(value: Json | undefined, what: string): readonly string[] {
  return textsOf(value, what).map((name) => fieldName(name, what));
}

/**
 * Fields as opa-envoy-plugin takes them: an object of strings or string arrays, or an array
 * of such objects. Names and values are checked, for they go into a head.
 */
export function fieldsOf(value: Json | undefined, what: string): Fields {
  if (Array.isArray(value)) return value.flatMap((item, i) => fieldsOf(item as Json, `${what}[${i}]`));
  if (typeof value !== "object" || value === null) throw wrong(what, "an object of strings", value);
  const fields: (readonly [string, string])[] = [];
  for (const [written, content] of Object.entries(value as JsonObject)) {
    const name = fieldName(written, what);
    const values = Array.isArray(content) ? content : [content];
    for (const item of values) {
      const text = textOf(item as Json, `${what}.${written}`);
      if (!VALUE.test(text)) throw new WrongType(`${what}.${written} has a character that no field value may have`);
      fields.push([name, text]);
    }
  }
  if (fields.length > FIELDS_MAX) throw new WrongType(`${what} has more than ${FIELDS_MAX} fields`);
  return fields;
}

/** Parameters of a query: names and values are any text. */
export function parametersOf(value: Json | undefined, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(what, "an object", value);
  return Object.entries(value as JsonObject).flatMap(([name, content]) =>
    (Array.isArray(content) ? content : [content]).map(
      (item) => [name, textOf(item as Json, `${what}.${name}`)] as const,
    ),
  );
}

function fieldName(name: string, what: string): string {
  if (!NAME.test(name)) throw new WrongType(`${what} names ${JSON.stringify(name)}, which is no field name`);
  return name.toLowerCase();
}

function wrong(what: string, wanted: string, value: Json | undefined): WrongType {
  const found = value === undefined ? "nothing" : (JSON.stringify(value) ?? "").slice(0, 80);
  return new WrongType(`${what} must be ${wanted}, not ${found}`);
}
