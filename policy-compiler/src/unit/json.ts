/**
 * JSON as data documents hold it. Numbers that a JavaScript number would change keep
 * their text (`JSON.rawJSON`), so that printing the value again gives every digit back.
 */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | RawNumber
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** The object of JSON.rawJSON. */
export type RawNumber = { readonly [isRaw]: true };
declare const isRaw: unique symbol;

export type JsonObject = { readonly [key: string]: JsonValue };

type RawJson = { rawJSON(text: string): RawNumber; isRawJSON(value: unknown): boolean };
const raw = JSON as unknown as RawJson;

/** Throws SyntaxError as JSON.parse does. */
export function parseJson(text: string): JsonValue {
  const reviver = (_: string, value: unknown, { source }: { source?: string }): unknown =>
    typeof value === "number" && source !== undefined ? exactNumber(value, source) : value;
  return JSON.parse(text, reviver as (this: unknown, key: string, value: unknown) => unknown) as JsonValue;
}

/** A number of this text: as JavaScript's where that is the same number, else by its text. */
function exactNumber(value: number, text: string): number | RawNumber {
  const isSame = String(value) === text || (Number.isSafeInteger(value) && /^-?[0-9]+$/.test(text));
  if (isSame && !Object.is(value, -0)) return value;
  return raw.rawJSON(text);
}

export function isRawNumber(value: unknown): value is RawNumber {
  return raw.isRawJSON(value);
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawNumber(value as JsonValue);
}
