/** JSON text of tokens and keys: numbers keep what doubles cannot hold, and Go's way of writing. */

export type JsonObject = { readonly [key: string]: unknown };

type RawJson = { readonly rawJSON: string };
const rawJson = (JSON as unknown as { rawJSON(text: string): RawJson }).rawJSON;
const isRawJson = (JSON as unknown as { isRawJSON(value: unknown): value is RawJson }).isRawJSON;

/** As JSON.parse, but a number that a double would change is kept as its text (JSON.stringify writes it back). */
export function parseJsonExact(text: string): unknown {
  const reviver = (_key: string, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source;
    return typeof value === "number" && source !== undefined && String(value) !== source ? rawJson(source) : value;
  };
  return (JSON.parse as (text: string, reviver: unknown) => unknown)(text, reviver);
}

/** A number's value, also of one kept as text. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return isRawJson(value) ? Number(value.rawJSON) : undefined;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawJson(value);
}

export function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Compact, keys in byte order, `<`, `>` and `&` escaped: as Go's json.Marshal writes a map. */
export function printGoJson(value: unknown): string {
  return print(value).replace(
    /[<>&\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function print(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(print).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${keys.map((key) => `${JSON.stringify(key)}:${print(value[key])}`).join(",")}}`;
}
