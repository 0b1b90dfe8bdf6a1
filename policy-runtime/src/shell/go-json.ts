/**
 * JSON as Go writes it, and opa with it: the keys of a value by their bytes (JavaScript puts those first that are whole
 * numbers), and `<`, `>`, `&` and the line separators escaped.
 */
import { compareBytes, isJsonObject } from "./json-text.ts";

export type GoJson = {
  /** Of a level; absent: all on one line. */
  readonly indent?: string;
  /** What is below these keys is a value; of what is around it keys stay as they are. Absent: all of it is. */
  readonly valuesAt?: ReadonlySet<string>;
  /** Of what HTML would read; absent: true. */
  readonly escapes?: boolean;
};

const COMPACT: GoJson = {};
const ESCAPED = /[<>&\u2028\u2029]/g;

export function printGoJson(value: unknown, format = COMPACT): string {
  const text = print(value, format, format.valuesAt === undefined, "");
  if (format.escapes === false) return text;
  return text.replace(ESCAPED, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function print(value: unknown, format: GoJson, isValue: boolean, outer: string): string {
  const { indent, valuesAt } = format;
  const inner = outer + (indent ?? "");
  if (Array.isArray(value)) {
    const items = value.map((item) => print(item, format, isValue, inner));
    return enclose("[", items, "]", format, outer);
  }
  if (!isJsonObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value);
  if (isValue) keys.sort(compareBytes);
  const colon = indent === undefined ? ":" : ": ";
  const members = keys.map((key) => {
    const member = print(value[key], format, isValue || valuesAt?.has(key) === true, inner);
    return `${JSON.stringify(key)}${colon}${member}`;
  });
  return enclose("{", members, "}", format, outer);
}

function enclose(open: string, parts: readonly string[], close: string, { indent }: GoJson, outer: string): string {
  if (indent === undefined || parts.length === 0) return `${open}${parts.join(",")}${close}`;
  const line = `\n${outer}${indent}`;
  return `${open}${line}${parts.join(`,${line}`)}\n${outer}${close}`;
}
