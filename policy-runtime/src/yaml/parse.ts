/**
 * Documents as the parser reads them, with what go-yaml reads and YAML 1.2 does not: the lines of a quoted scalar and
 * of a list or map in brackets may begin anywhere, not only deeper than what holds them. Such lines are put deeper, and
 * the text is read again: blanks there have no meaning.
 */
import { type Document, parseAllDocuments, type Scalar, visit, type YAMLError } from "yaml";
import { withLineFeeds } from "./separators.ts";

export type Parsed = {
  readonly documents: readonly Document[];
  /** As it was read. */
  readonly source: string;
  readonly text: string;
  /** Where in the given source something stands that was read there. */
  readonly offsetIn: (offset: number) => number;
};

/** A text is read so often, whatever it holds: whoever sends one must not make a decision dear. */
const READINGS_MAX = 16;
/** Characters that are read, lines that are put deeper, and blanks for it, in all. */
const READ_MAX = 4_000_000;
const LINES_MAX = 2000;
const BLANKS_MAX = 1_000_000;

type Insert = { readonly at: number; readonly count: number };

export function parseDocuments(given: string): Parsed {
  const inserts: Insert[] = [];
  let [source, read] = [given, 0];
  for (let readings = 1; ; readings++) {
    const text = withLineFeeds(source);
    const documents = parseAll(text);
    const error = documents.flatMap(errorsOf)[0];
    read += text.length;
    const isOver = error === undefined || readings >= READINGS_MAX || read + text.length > READ_MAX;
    const lines = isOver ? [] : shallowLines(text, error, documents);
    const count = lines.length === 0 ? 0 : deeperThanAll(text.slice(0, lines[0]));
    if (count === 0 || inserts.length + lines.length > LINES_MAX || lines.length * count > BLANKS_MAX) {
      return { documents, source, text, offsetIn: backBy(inserts) };
    }
    inserts.push(...lines.map((at, i) => ({ at: at + i * count, count })));
    const parts = [0, ...lines].map((at, i) => source.slice(at, lines[i]));
    source = parts.join(" ".repeat(count));
  }
}

/** What YAML 1.2 wants, and go-yaml does not: a blank in front of a comment. */
const NO_FAULT = /^Comments must be separated from other tokens/;

export function errorsOf({ errors }: Document): readonly YAMLError[] {
  return errors.filter(({ message }) => !NO_FAULT.test(message));
}

function parseAll(text: string): readonly Document[] {
  // Made pretty each error holds its line, and a line of half a megabyte may have an error for each three letters.
  const options = { schema: "failsafe", uniqueKeys: false, prettyErrors: false, logLevel: "silent" } as const;
  const documents = parseAllDocuments(text, options);
  return Array.isArray(documents) ? documents : [];
}

function backBy(inserts: readonly Insert[]): (offset: number) => number {
  return (offset) =>
    inserts.reduceRight((at, each) => (each.at < at ? Math.max(each.at, at - each.count) : at), offset);
}

/** More than any line so far is indented, or holds items of lists and keys in front of its own. */
function deeperThanAll(text: string): number {
  let most = 0;
  for (const [held] of text.matchAll(/^[ ?:-]*/gm)) most = Math.max(most, held.length);
  return 1 + most;
}

/** Where the lines begin that the error is about; none where it is another, or one of them is a document's mark. */
function shallowLines(text: string, error: YAMLError, documents: readonly Document[]): readonly number[] {
  const [at, end] = shallowPart(text, error, documents) ?? [0, 0];
  const begin = text.lastIndexOf("\n", at - 1) + 1;
  const first = text.slice(begin, at).trim() === "" && at > 0 ? [begin] : [];
  const lines = [...first, ...[...text.slice(at, end).matchAll(/\n/g)].map(({ index }) => at + index + 1)];
  return lines.some((line) => /^(?:---|\.\.\.)(?=\s|$)/.test(text.slice(line, line + 4))) ? [] : lines;
}

type Part = readonly [from: number, to: number];

function shallowPart(
  text: string,
  { code, message, pos }: YAMLError,
  documents: readonly Document[],
): Part | undefined {
  const [at] = pos;
  const [, quote] = /^Missing closing (['"])quote/.exec(message) ?? [];
  if (quote !== undefined) return [at, quoteEnd(text, at, quote)];
  const isFlow = code === "BAD_INDENT" && /^Flow (?:map|sequence) in block collection/.test(message);
  return isFlow ? [at, bracketsEnd(text, at)] : unendedQuote(text, documents);
}

/** Of the first scalar that ends in a quote which closes nothing, what is behind it. */
function unendedQuote(text: string, documents: readonly Document[]): Part | undefined {
  let found: Part | undefined;
  const look = (_: unknown, { type, range }: Scalar): symbol | undefined => {
    if (!range || (type !== "QUOTE_DOUBLE" && type !== "QUOTE_SINGLE")) return undefined;
    const end = quoteEnd(text, range[0] + 1, type === "QUOTE_DOUBLE" ? '"' : "'");
    if (end > range[1]) found = [range[1], end];
    return found && visit.BREAK;
  };
  for (const document of documents) if (found === undefined) visit(document, { Scalar: look });
  return found;
}

/** Behind the quote that closes; the place itself where none does. */
function quoteEnd(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at++) {
    if (quote === '"' && text[at] === "\\") at++;
    else if (text[at] === quote) {
      if (quote === '"' || text[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return from;
}

/** Behind the bracket that closes one that is open at the place. */
function bracketsEnd(text: string, from: number): number {
  const parts = /(?<=^|[\s,[\]{}:])(["'])|(?<=^|\s)#[^\n]*|[[\]{}]/gm;
  parts.lastIndex = from;
  let depth = 1;
  for (let found = parts.exec(text); found !== null; found = parts.exec(text)) {
    const [part] = found;
    if (part === '"' || part === "'")
      parts.lastIndex = Math.max(parts.lastIndex, quoteEnd(text, parts.lastIndex, part));
    else if (part === "[" || part === "{") depth++;
    else if ((part === "]" || part === "}") && --depth === 0) return parts.lastIndex;
  }
  return text.length;
}
