/** JSON whose numbers keep what a double cannot hold: such a number stays its text, and is written back as it was. */

export type RawJson = { readonly rawJSON: string };
type WithRawJson = { rawJSON(text: string): RawJson; isRawJSON(value: unknown): value is RawJson };
const { rawJSON, isRawJSON } = JSON as unknown as WithRawJson;

/** As JSON.parse, but a number that a double would change is kept as its text (JSON.stringify writes it back). */
export function parseJsonExact(text: string): unknown {
  const reviver = (_key: string, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source;
    return typeof value === "number" && source !== undefined && String(value) !== source ? rawJSON(source) : value;
  };
  return (JSON.parse as (text: string, reviver: unknown) => unknown)(text, reviver);
}

export function isRawJson(value: unknown): value is RawJson {
  return isRawJSON(value);
}

/** A number's value as a double, also of one kept as text; undefined for what is no number. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return isRawJSON(value) ? Number(value.rawJSON) : undefined;
}

/** A number's text in JSON; undefined for what is no number. */
export function numberText(value: unknown): string | undefined {
  if (typeof value === "number") return JSON.stringify(value);
  return isRawJSON(value) ? value.rawJSON : undefined;
}

/** A whole number as JSON holds it, of any size. */
export function exactInteger(value: bigint): unknown {
  return rawJSON(value.toString());
}
