/**
 * json.match_schema and json.verify_schema as OPA has them, by gojsonschema's rules: drafts
 * 4, 6 and 7, patterns of RE2, exact numbers, and its words for what is wrong. No remote
 * reference is fetched, and nothing is compiled to code.
 */
import { parseJsonExact } from "../../exact-json.ts";
import { isJsonObject } from "../json-text.ts";
import { expectSize } from "../operands.ts";
import { compileSchema, type Schema } from "./compile-schema.ts";
import { validate } from "./validate.ts";

const TEXT_BYTES_MAX = 512 * 1024;

/** A text is JSON; objects and arrays are what they are. */
function documentOf(value: unknown, position: number): unknown {
  if (typeof value === "string") {
    const text = expectSize(value, TEXT_BYTES_MAX, `operand ${position}`);
    try {
      return parseJsonExact(text);
    } catch {
      throw new Error("invalid JSON string");
    }
  }
  if (isJsonObject(value) || Array.isArray(value)) return value;
  throw new Error("wrong type, expected string or object");
}

/** `[true, null]` or `[false, what is wrong]`. */
export function verifySchema(given: unknown): unknown {
  try {
    compileSchema(documentOf(given, 1));
    return [true, null];
  } catch (error) {
    return [false, `jsonschema: ${(error as Error).message}`];
  }
}

/** Policies check every request by the same few schemas. */
const COMPILED_MAX = 32;

/** `[true, []]` or `[false, faults]`. Schemas that come as text are compiled once. */
export function makeMatchSchema(): (document: unknown, schema: unknown) => unknown {
  const compiled = new Map<string, Schema>();
  const schemaOf = (given: unknown): Schema => {
    if (typeof given !== "string") return compileSchema(documentOf(given, 2));
    const known = compiled.get(given);
    if (known !== undefined) return known;
    const schema = compileSchema(documentOf(given, 2));
    for (const oldest of compiled.keys()) {
      if (compiled.size < COMPILED_MAX) break;
      compiled.delete(oldest);
    }
    compiled.set(given, schema);
    return schema;
  };
  return (given, schemaGiven) => {
    const document = documentOf(given, 1);
    const faults = validate(schemaOf(schemaGiven), document);
    return [faults.length === 0, faults];
  };
}
