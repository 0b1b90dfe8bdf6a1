/** What gojsonschema says of schemas that are none. */
import { numberOf } from "../../exact-json.ts";
import { isJsonObject } from "../json-text.ts";

export class SchemaError extends Error {
  override readonly name = "SchemaError";
}

export const invalidType = (expected: string, given: string) =>
  new SchemaError(`Invalid type. Expected: ${expected}, given: ${given}`);
export const mustBeOfA = (key: string, type: string) => new SchemaError(`${key} must be of a ${type}`);
export const mustBeOfAn = (key: string, type: string) => new SchemaError(`${key} must be of an ${type}`);
export const mustBeOfType = (key: string, type: string) => new SchemaError(`${key} must be of type ${type}`);
export const mustBeUnique = (key: string) => new SchemaError(`${key} items must be unique`);

export type Keywords = { readonly [keyword: string]: unknown };

/** The keyword's value; undefined where it is not there. */
export function valueAt(schema: Keywords, keyword: string): unknown {
  return Object.hasOwn(schema, keyword) ? schema[keyword] : undefined;
}

export function stringAt(schema: Keywords, keyword: string): string | undefined {
  const value = valueAt(schema, keyword);
  if (value === undefined || typeof value === "string") return value;
  throw invalidType("string", keyword);
}

export function listAt(schema: Keywords, keyword: string): readonly unknown[] | undefined {
  const value = valueAt(schema, keyword);
  if (value === undefined || Array.isArray(value)) return value;
  throw mustBeOfAn(keyword, "array");
}

/** Whether the value may be a schema. */
export function isSchema(value: unknown): value is boolean | Keywords {
  return typeof value === "boolean" || isJsonObject(value);
}

function _isNumber(value: unknown): boolean {
  return numberOf(value) !== undefined;
}
