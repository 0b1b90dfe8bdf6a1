/** Values as text: JSON, and Rego's terms (sets, keys of any kind), which contain it. */
import { insert, makeSet, parseNumber, type RegoNumber, type RegoObject, type Value } from "./value.ts";

/** Throws where the text is no ground term. */
export function parseValue(text: string): Value {
  const reader: Reader = { text, at: 0 };
  const value = readValue(reader);
  skipSpace(reader);
  if (reader.at < text.length) throw new Error(`no value: ${text.slice(reader.at, reader.at + 20)}`);
  return value;
}

type Reader = { readonly text: string; at: number };

function skipSpace(reader: Reader): void {
  while (/\s/.test(reader.text[reader.at] ?? "")) reader.at++;
}

/** True, and behind it, where the text goes on with it. */
function takes(reader: Reader, wanted: string): boolean {
  skipSpace(reader);
  if (!reader.text.startsWith(wanted, reader.at)) return false;
  reader.at += wanted.length;
  return true;
}

const WORDS: readonly (readonly [word: string, value: () => Value])[] = [
  ["null", () => null],
  ["true", () => true],
  ["false", () => false],
  ["set()", () => makeSet([])],
];

function readValue(reader: Reader): Value {
  for (const [word, value] of WORDS) if (takes(reader, word)) return value();
  if (takes(reader, "[")) return { kind: "array", items: readItems(reader, "]") };
  if (takes(reader, "{")) return readBraces(reader);
  if (reader.text[reader.at] === '"') return readString(reader);
  const number = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/.exec(reader.text.slice(reader.at, reader.at + 2_000));
  if (number === null) throw new Error(`no value: ${reader.text.slice(reader.at, reader.at + 20)}`);
  reader.at += number[0].length;
  return parseNumber(number[0]);
}

function readItems(reader: Reader, end: string): Value[] {
  const items: Value[] = [];
  while (!takes(reader, end)) {
    items.push(readValue(reader));
    takes(reader, ",");
  }
  return items;
}

function readBraces(reader: Reader): Value {
  const object: RegoObject = { kind: "object", entries: [] };
  if (takes(reader, "}")) return object;
  const first = readValue(reader);
  if (!takes(reader, ":")) {
    takes(reader, ",");
    return makeSet([first, ...readItems(reader, "}")]);
  }
  insert(object, first, readValue(reader));
  while (takes(reader, ",")) {
    if (takes(reader, "}")) return object;
    const key = readValue(reader);
    takes(reader, ":");
    insert(object, key, readValue(reader));
  }
  takes(reader, "}");
  return object;
}

function readString(reader: Reader): string {
  let end = reader.at + 1;
  while (reader.text[end] !== '"') {
    if (end >= reader.text.length) throw new Error("a string does not end");
    end += reader.text[end] === "\\" ? 2 : 1;
  }
  const text = reader.text.slice(reader.at, end + 1);
  reader.at = end + 1;
  return JSON.parse(text) as string;
}

/** Digits that are written out, with a point where the number has one. */
const PLACES_MAX = 400;

export function printNumber({ digits, exponent, text: written }: RegoNumber): string {
  if (written !== undefined) return written;
  if (exponent === 0) return String(digits);
  if (Math.abs(exponent) > PLACES_MAX) return `${digits}e${exponent}`;
  if (exponent > 0) return String(digits * 10n ** BigInt(exponent));
  const text = String(digits < 0n ? -digits : digits).padStart(1 - exponent, "0");
  return `${digits < 0n ? "-" : ""}${text.slice(0, exponent)}.${text.slice(exponent)}`;
}

/** As a term of Rego's. */
export function printValue(value: Value): string {
  return print(value, (items) => (items.length === 0 ? "set()" : `{${items.join(",")}}`), printValue);
}

/** As OPA makes JSON of a result: sets are arrays, keys are texts; what is no text is a key by its JSON. */
export function printJson(value: Value): string {
  return print(value, printList, (key) => JSON.stringify(typeof key === "string" ? key : printKey(key)));
}

/** As Go's encoder writes it: members by name, and what HTML would read escaped. */
function printKey(key: Value): string {
  if (key === null || typeof key !== "object") return escapeHtml(JSON.stringify(key));
  if (key.kind === "number") return printNumber(key);
  if (key.kind !== "object") return printList(key.items.map(printKey));
  const members = key.entries.map(([name, member]) => [nameOf(name), printKey(member)] as const);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${escapeHtml(JSON.stringify(name))}:${member}`).join(",")}}`;
}

function nameOf(key: Value): string {
  return typeof key === "string" ? key : printKey(key);
}

function printList(items: readonly string[]): string {
  return `[${items.join(",")}]`;
}

function escapeHtml(text: string): string {
  return text.replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

function print(value: Value, printSet: (items: readonly string[]) => string, printKey: (key: Value) => string): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = (part: Value): string => print(part, printSet, printKey);
  switch (value.kind) {
    case "number":
      return printNumber(value);
    case "array":
      return `[${value.items.map(inner).join(",")}]`;
    case "set":
      return printSet(value.items.map(inner));
    case "object":
      return `{${value.entries.map(([key, member]) => `${printKey(key)}:${inner(member)}`).join(",")}}`;
  }
}
