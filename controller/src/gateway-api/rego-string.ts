/** A string of JSON is one of Rego, but for a byte order mark, which stands in no text of Rego as it is. */
export function regoString(value: string): string {
  return JSON.stringify(value).replaceAll("\uFEFF", "\\ufeff");
}
