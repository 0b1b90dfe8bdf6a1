/**
 * Line ends of YAML 1.1 that YAML 1.2 has not: a lone carriage return and the next line (U+0085) are as good as a line
 * feed; the separators of lines (U+2028) and of paragraphs (U+2029) end a line, too, and stay in the text.
 * https://yaml.org/spec/1.1/#id871136; what of them is folded is go-yaml's scanner's choice (scannerc.go).
 */
import { type Document, parseDocument, type Scalar, visit } from "yaml";

/** Every line ends with a line feed; as long as it was, so that offsets hold. */
export function withLineFeeds(source: string): string {
  return source.replace(/\r(?!\n)|[\u0085\u2028\u2029]/g, "\n");
}

/** Separators, and empty lines behind a line end that is escaped: all of them count, where YAML 1.2 takes one for its end. */
const OTHER_ENDS = /[\u2028\u2029]|\\(?:\r\n?|[\n\u0085])[ \t]*[\r\n\u0085]/;

/** Gives the scalars of a document that was read with line feeds the line ends that they have in its source. */
export function restoreLineEnds(document: Document, source: string): void {
  if (!OTHER_ENDS.test(source)) return;
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value !== "string" || node.range === null || node.range === undefined) return;
      const written = source.slice(node.range[0], node.range[1]);
      if (OTHER_ENDS.test(written)) node.value = valueIn(node.type, toFeeds(written), node.value);
    },
  });
}

function toFeeds(text: string): string {
  return text.replace(/\r\n?|\u0085/g, "\n");
}

function valueIn(type: Scalar["type"], written: string, withFeeds: string): string {
  switch (type) {
    case "QUOTE_SINGLE":
      return foldFlow(written.slice(1, -1)).replaceAll("''", "'");
    case "QUOTE_DOUBLE":
      return String(parseDocument(foldEscaped(written), { prettyErrors: false }).toJS());
    case "BLOCK_LITERAL":
    case "BLOCK_FOLDED":
      return readBlock(written, withFeeds, type === "BLOCK_LITERAL");
    default:
      return foldFlow(written);
  }
}

/** Line ends with the blanks around them, or blanks without one: these are taken at once, too, for each would look for its line end again. */
const LINE_ENDS = /[ \t]*[\n\u2028\u2029](?:[ \t]*[\n\u2028\u2029])*[ \t]*|[ \t]+/g;

/** Blanks around line ends go; a line feed alone is a blank, before others it is nothing. */
function foldFlow(text: string): string {
  return text.replace(LINE_ENDS, joinEnds);
}

function joinEnds(found: string): string {
  const ends = found.replace(/[ \t]/g, "");
  if (ends === "") return found;
  if (!ends.startsWith("\n")) return ends;
  return ends === "\n" ? " " : ends.slice(1);
}

/** The same text between double quotes, in one line: line ends are escaped, and one behind a backslash is none. */
function foldEscaped(text: string): string {
  const parts = new RegExp(`\\\\[\\n\\u2028\\u2029]([ \\t\\n\\u2028\\u2029]*)|\\\\[^]|${LINE_ENDS.source}`, "g");
  return text.replace(parts, (found: string, behind: string | undefined) => {
    if (behind !== undefined) return escapeEnds(behind.replace(/[ \t]/g, ""));
    return found.startsWith("\\") ? found : escapeEnds(joinEnds(found));
  });
}

function escapeEnds(text: string): string {
  return text.replaceAll("\n", "\\n").replaceAll("\u2028", "\\L").replaceAll("\u2029", "\\P");
}

/** `written` begins with its indicators. Of the lines' indentation the value that was read with line feeds tells. */
function readBlock(written: string, withFeeds: string, isLiteral: boolean): string {
  const [header = ""] = /^[^\n\u2028\u2029]*[\n\u2028\u2029]?/.exec(written) ?? [];
  const body = written.slice(header.length);
  const lines = [...body.matchAll(/([^\n\u2028\u2029]*)([\n\u2028\u2029]|$)/g)].filter(([line]) => line !== "");
  const indent = indentOf(body, withFeeds);
  let value = "";
  let [end, emptyEnds, wasBlank] = ["", "", false];
  for (const [, line = "", lineEnd = ""] of lines) {
    if (line.length <= indent) {
      emptyEnds += lineEnd;
      continue;
    }
    const isBlank = /^[ \t]/.test(line.slice(indent));
    const isFolded = !isLiteral && !wasBlank && !isBlank && end === "\n";
    value += isFolded ? (emptyEnds === "" ? " " : emptyEnds) : end + emptyEnds;
    value += line.slice(indent);
    [end, emptyEnds, wasBlank] = [lineEnd, "", isBlank];
  }
  if (/^.[^#]*-/.test(header)) return value;
  return /^.[^#]*\+/.test(header) ? value + end + emptyEnds : value + end;
}

/** Blanks before the first line with a letter, but those that are its own. */
function indentOf(body: string, withFeeds: string): number {
  const leading = (text: string): number => /(?:^|[\n\u2028\u2029])( *)[^ \n\u2028\u2029]/.exec(text)?.[1]?.length ?? 0;
  const own = leading(withFeeds);
  const all = leading(body);
  return all === 0 ? Number.POSITIVE_INFINITY : all - own;
}
