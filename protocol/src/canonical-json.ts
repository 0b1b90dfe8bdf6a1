/**
 * One text for one JSON value: object keys sorted by code unit, no space, absent
 * fields left out. What is hashed and signed is this text in UTF-8.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  const record = value as Record<string, unknown>;
  let text = "";
  for (const key of sorted(Object.keys(record))) {
    const field = record[key];
    if (field !== undefined) text += `${text === "" ? "" : ","}${quote(key)}:${canonicalJson(field)}`;
  }
  return `{${text}}`;
}

/** Of what JSON writes as it is; nearly all texts are of that, and are megabytes in a large mesh. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** Most have been in their order before they were sent. */
function sorted(keys: string[]): readonly string[] {
  for (let at = 1; at < keys.length; at++) if ((keys[at - 1] ?? "") > (keys[at] ?? "")) return keys.sort();
  return keys;
}
