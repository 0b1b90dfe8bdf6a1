/**
 * JSON values as YAML, written as OPA writes it (go-yaml v3 with two blanks of indentation):
 * which texts want quotes, and which ones, is its emitter's choice.
 */
import { isRawJson } from "../exact-json.ts";
import { compareKeys } from "./key-order.ts";
import { resolvePlain } from "./resolve.ts";

/** What go-yaml refuses to read in the JSON that OPA makes YAML of; JSON escapes the others. */
const CONTROL = /[\x7f-\x84\x86-\x9f\ufffe\uffff]/;

/** Throws where a text or a key holds what YAML cannot. */
export function writeYaml(value: unknown): string {
  if (CONTROL.test(JSON.stringify(value) ?? "")) throw new Error("yaml: control characters are not allowed");
  return `${writeNode(value, 0, "root")}\n`.replaceAll(`${ENDED}\n`, "");
}

/** Behind a line that a separator of its own has ended: the line feed that follows is none. No text has it: it is escaped. */
const ENDED = "\0";

/** Texts stand in that JSON as they are, where the next line of YAML 1.1 is a line's end: one is a blank, of more the first goes. */
function foldNextLines(text: string): string {
  // Blanks are looked at from the first of them on: each would look for a line end again.
  return text.replace(/(?<! ) *\u0085[ \u0085]*/g, (found) => {
    const lines = found.split("\u0085").length - 1;
    return lines === 1 ? " " : "\n".repeat(lines - 1);
  });
}

/** Where a node stands: what it may share a line with. */
type Where = "root" | "value" | "item";

/** Its text, the first line without indentation; lines behind it are indented. */
function writeNode(value: unknown, indent: number, where: Where): string {
  if (Array.isArray(value)) return writeList(value, indent, where);
  if (typeof value === "object" && value !== null && !isRawJson(value)) {
    return writeMap(value as Readonly<Record<string, unknown>>, indent, where);
  }
  // The lines of a block are indented from what holds the item, not from the item.
  const text =
    typeof value === "string"
      ? writeText(foldNextLines(value), where === "item" ? indent - 2 : indent, false)
      : writeScalar(value);
  return where === "value" ? ` ${text}` : text;
}

function writeList(items: readonly unknown[], indent: number, where: Where): string {
  if (items.length === 0) return where === "value" ? " []" : "[]";
  const inner = where === "value" ? indent + 2 : indent;
  const lines = items.map((item) => `- ${writeNode(item, inner + 2, "item")}`);
  const joined = lines.join(`\n${" ".repeat(inner)}`);
  return where === "value" ? `\n${" ".repeat(inner)}${joined}` : joined;
}

function writeMap(map: Readonly<Record<string, unknown>>, indent: number, where: Where): string {
  const keys = Object.keys(map).sort(compareKeys);
  if (keys.length === 0) return where === "value" ? " {}" : "{}";
  const inner = where === "value" ? indent + 2 : indent;
  const lines = keys.map((key) => writeEntry(key, map[key], inner));
  const joined = lines.join(`\n${" ".repeat(inner)}`);
  return where === "value" ? `\n${" ".repeat(inner)}${joined}` : joined;
}

/** A longer key, or one of several lines, is written behind a question mark. */
const KEY_BYTES_MAX = 128;

function writeEntry(key: string, value: unknown, indent: number): string {
  if (key.includes("\u0085")) throw new Error("yaml: a key of several lines is none of JSON's");
  const isSimple = !BREAK.test(key) && new TextEncoder().encode(key).length <= KEY_BYTES_MAX;
  if (isSimple) return `${writeText(key, indent, true)}:${writeNode(value, indent, "value")}`;
  const lead = " ".repeat(indent);
  return `? ${writeText(key, indent, false)}\n${lead}: ${writeNode(value, indent + 2, "item")}`;
}

function writeScalar(value: unknown): string {
  if (typeof value === "number" || isRawJson(value))
    return writeNumber(isRawJson(value) ? value.rawJSON : String(value));
  return String(value);
}

/** Numbers pass through YAML first: whole ones of 64 bits are exact, others doubles as Go's `%g` shows them. */
function writeNumber(text: string): string {
  const resolved = resolvePlain(text);
  if (resolved.kind === "integer") return resolved.value.toString();
  return resolved.kind === "float" ? printFloat(resolved.value) : text;
}

const PLACES_MAX = 6;

function printFloat(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  if (Object.is(value, -0)) return "-0";
  const [, digits = "", exponent = "0"] = /^-?([0-9.]+)e([+-][0-9]+)$/.exec(value.toExponential()) ?? [];
  const power = Number(exponent);
  if (power >= -4 && power < PLACES_MAX) return plainFloat(value);
  const sign = value < 0 ? "-" : "";
  return `${sign}${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

function plainFloat(value: number): string {
  const text = String(value);
  return text.includes("e") ? value.toFixed(20).replace(/0+$/, "") : text;
}

/** As YAML 1.1 reads them; the emitter quotes them still. */
const OLD_BOOLEANS: ReadonlySet<string> = new Set([
  "y",
  "Y",
  "yes",
  "Yes",
  "YES",
  "on",
  "On",
  "ON",
  "n",
  "N",
  "no",
  "No",
  "NO",
  "off",
  "Off",
  "OFF",
]);
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

function writeText(text: string, indent: number, isKey: boolean): string {
  const traits = traitsOf(text);
  if (text.includes("\n") && !isKey && traits.mayBlock) return writeBlock(text, indent);
  const isText = resolvePlain(text).kind === "text" || text === "<<";
  const mayPlain = isText && !OLD_BOOLEANS.has(text) && !BASE_60.test(text);
  if (text.includes("\n") || !mayPlain || !traits.maySingle) return doubleQuoted(text);
  if (traits.mayPlain) return text;
  const lead = " ".repeat(indent + 2);
  return `'${text.replaceAll("'", "''").replace(/[\u2028\u2029](?=[^\u2028\u2029])/g, `$&${lead}`)}'`;
}

type Traits = { readonly mayPlain: boolean; readonly maySingle: boolean; readonly mayBlock: boolean };

const FIRST_INDICATORS = "#,[]{}&*!|>'\"%@`";
const BREAK = /[\r\n\u2028\u2029]/;
/** What the emitter shows as it is; points beyond the first plane are not among them. */
const PRINTABLE = /^[\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]$/;

function traitsOf(text: string): Traits {
  const isSpecial = [...text].some((letter) => letter !== "\t" && !PRINTABLE.test(letter));
  const hasTab = text.includes("\t");
  const hasBreak = BREAK.test(text);
  const spaceBreak = / [\r\n\u2028\u2029]/.test(text);
  const breakSpace = /[\r\n\u2028\u2029] /.test(text);
  const atEnds = /^[ \r\n\u2028\u2029]|[ \r\n\u2028\u2029]$/.test(text);
  const maySingle = !breakSpace && !spaceBreak && !hasTab && !isSpecial;
  return {
    mayPlain: maySingle && !atEnds && !hasBreak && !hasIndicators(text),
    maySingle,
    mayBlock: !text.endsWith(" ") && !spaceBreak && !isSpecial,
  };
}

function hasIndicators(text: string): boolean {
  if (text.startsWith("---") || text.startsWith("...")) return true;
  const [first = ""] = text;
  if (FIRST_INDICATORS.includes(first)) return true;
  if (/^[?:-](?:[ \t]|$)/.test(text)) return true;
  return /:(?:[ \t]|$)/.test(text) || /[ \t]#/.test(text);
}

/** `|`, with the sign that says what becomes of the line ends behind it. A separator ends a line, and stays in the text. */
function writeBlock(text: string, indent: number): string {
  const hint = /^[ \n\u2028\u2029]/.test(text) ? "2" : "";
  const chomp = !/[\n\u2028\u2029]$/.test(text) ? "-" : /^.?$|[\n\u2028\u2029].$/su.test(text) ? "+" : "";
  const lead = " ".repeat(indent + 2);
  const body = text.replace(/^(?=[^\n\u2028\u2029])|([\n\u2028\u2029])(?=[^\n\u2028\u2029])/g, `$1${lead}`);
  return `|${hint}${chomp}\n${body.endsWith("\n") ? body.slice(0, -1) : /[\u2028\u2029]$/.test(body) ? body + ENDED : body}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "\\0",
  "\u0007": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\u001b": "\\e",
  '"': '\\"',
  "\\": "\\\\",
  "\u00a0": "\\_",
  "\u2028": "\\L",
  "\u2029": "\\P",
};

function doubleQuoted(text: string): string {
  const letters = [...text].map((letter) => {
    const isPlain = PRINTABLE.test(letter) && !BREAK.test(letter) && letter !== '"' && letter !== "\\";
    return isPlain ? letter : (ESCAPES[letter] ?? escaped(letter.codePointAt(0) ?? 0));
  });
  return `"${letters.join("")}"`;
}

function escaped(point: number): string {
  const hex = point.toString(16).toUpperCase();
  if (point <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return point <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
