/**
 * Text by which gojsonschema compares values: keys sorted, numbers as doubles, so that 1 and
 * 1.0 are the same, and two integers that no double tells apart are too.
 */
import { numberOf } from "../../exact-json.ts";
import { printGoJson } from "../go-json.ts";
import { isJsonObject } from "../json-text.ts";

/** Throws for a number that no double comes near. */
export function comparableText(value: unknown): string {
  return printGoJson(withDoubles(value));
}

const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

function withDoubles(value: unknown): unknown {
  const number = numberOf(value);
  if (number !== undefined) {
    if (!Number.isFinite(number)) throw new Error("a number is out of the range of doubles");
    return Object.is(number, -0) ? rawJson("-0") : number;
  }
  if (Array.isArray(value)) return value.map(withDoubles);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withDoubles(inner)]));
}
