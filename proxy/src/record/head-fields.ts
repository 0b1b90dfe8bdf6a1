/** The fields of a head for a decision that is kept: bounded, and what is secret is masked here and for good. */
import { maskValue } from "@regomesh/base";

export type HeadField = { readonly name: string; readonly value: string };

/** More fields, and more of one, than a policy is likely to have read. */
const FIELDS_MAX = 32;
const NAME_LENGTH_MAX = 64;
const VALUE_LENGTH_MAX = 256;
const LENGTH_MAX = 4096;
/** What the proxy says itself, and what a decision names already. */
const OWN: ReadonlySet<string> = new Set([
  "x-request-id",
  "x-forwarded-client-cert",
  "content-length",
  "transfer-encoding",
]);

/** Of `head[0, end)`, a request line and field lines that each end in CR LF. */
export function readFields(head: Buffer, end: number): readonly HeadField[] {
  const fields: HeadField[] = [];
  let left = LENGTH_MAX;
  const [, ...lines] = head.toString("latin1", 0, Math.min(end, LENGTH_MAX * 4)).split("\r\n");
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0 || fields.length === FIELDS_MAX) break;
    const name = line.slice(0, colon).toLowerCase().slice(0, NAME_LENGTH_MAX);
    if (OWN.has(name)) continue;
    const value = maskValue(name, line.slice(colon + 1).trim()).slice(0, VALUE_LENGTH_MAX);
    left -= name.length + value.length;
    if (left < 0) break;
    fields.push({ name, value });
  }
  return fields;
}
