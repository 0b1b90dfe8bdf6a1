/**
 * JSON with numbers kept as they are written, so that cases with integers of any size are fed
 * and compared exactly. A number that JavaScript cannot hold is `JSON.rawJSON`'s object,
 * which JSON.stringify writes back as it was.
 */
type RawJson = { readonly rawJSON: string };
type ExactJson = {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): RawJson;
};

const exactJson = JSON as unknown as ExactJson; // ECMAScript 2026; TypeScript's library lacks it

export function parseExact(text: string): unknown {
  return exactJson.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source ? exactJson.rawJSON(source) : value,
  );
}

function isRawJson(value: object): value is RawJson {
  return Object.getPrototypeOf(value) === null && "rawJSON" in value;
}

/** A text that two values share exactly if they are equal as Rego sees them: numbers by value, keys in any order. */
export function canonical(value: unknown): string {
  if (typeof value === "number") return canonicalNumber(String(value));
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isRawJson(value)) return canonicalNumber(value.rawJSON);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const entries = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
  return `{${entries.sort().join(",")}}`;
}

/** Sign, digits without zeros at either end, and the power of ten of the last digit. */
function canonicalNumber(text: string): string {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (parts === null) return text;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = parts;
  const digits = (whole + fraction).replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  return `${sign}${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}
