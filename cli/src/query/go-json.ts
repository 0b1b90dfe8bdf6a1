/**
 * JSON as opa writes it, which is as Go does: the keys of a value by their bytes (JavaScript puts those first that are
 * whole numbers), and `<`, `>`, `&` and the line separators escaped.
 */
export type GoJson = {
  /** Of a level; absent: all on one line. */
  readonly indent?: string;
  /** What is below these keys is a value; of what is around it keys stay as they are. Absent: all of it is. */
  readonly valuesAt?: ReadonlySet<string>;
  readonly escapes: boolean;
};

export function printGoJson(value: unknown, format: GoJson): string {
  return print(value, format, format.valuesAt === undefined, "");
}

function print(value: unknown, format: GoJson, isValue: boolean, outer: string): string {
  if (Array.isArray(value)) {
    const items = value.map((item) => print(item, format, isValue, inside(format, outer)));
    return enclose("[", items, "]", format, outer);
  }
  if (!isObject(value)) return printLeaf(value, format);
  const { indent, valuesAt } = format;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  if (isValue) entries.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const members = entries.map(([key, member]) => {
    const text = print(member, format, isValue || valuesAt?.has(key) === true, inside(format, outer));
    return `${printLeaf(key, format)}:${indent === undefined ? "" : " "}${text}`;
  });
  return enclose("{", members, "}", format, outer);
}

function enclose(open: string, parts: readonly string[], close: string, format: GoJson, outer: string): string {
  if (format.indent === undefined || parts.length === 0) return `${open}${parts.join(",")}${close}`;
  const inner = inside(format, outer);
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${outer}${close}`;
}

function inside({ indent = "" }: GoJson, outer: string): string {
  return outer + indent;
}

/** No number that is kept as its text, which is an object to JavaScript. */
function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(Object.getPrototypeOf(value) === null && "rawJSON" in value);
}

const ESCAPED = /[<>&\u2028\u2029]/g;

function printLeaf(value: unknown, { escapes }: GoJson): string {
  const text = JSON.stringify(value) ?? "null";
  if (!escapes) return text;
  return text.replace(ESCAPED, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
