/**
 * What is wrong with a text that a user wrote: one shape and one print for
 * Rego, YAML resources and flags alike. Diagnostics are collected, never thrown.
 */
import { type Location, positionAt, printPlace, rowStart, rowText } from "./source.ts";

export type Severity = "error" | "warning";

export type Diagnostic = {
  /** Stable, from the package's closed union; OPA's where OPA has one. */
  readonly code: string;
  readonly severity: Severity;
  /** Lower case, no full stop, names the thing: `var x is unsafe`. */
  readonly message: string;
  readonly at: Location;
  readonly related?: readonly { readonly at: Location; readonly message: string }[];
  /** The way out, if there is an obvious one. */
  readonly hint?: string;
};

/** A diagnostic as `--format json` shows it and as it crosses the wire: places instead of sources. */
export type DiagnosticRecord = {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly file: string;
  readonly row: number;
  readonly column: number;
  readonly hint?: string;
};

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === "error");
}

/** Sorted by file, place, code: the order in which they are shown. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort(
    (a, b) =>
      compareText(a.at.source.name, b.at.source.name) ||
      a.at.span.start - b.at.span.start ||
      compareText(a.code, b.code),
  );
}

export function toDiagnosticRecord(diagnostic: Diagnostic): DiagnosticRecord {
  const { row, column } = positionAt(diagnostic.at.source, diagnostic.at.span.start);
  return {
    code: diagnostic.code,
    severity: diagnostic.severity,
    message: diagnostic.message,
    file: diagnostic.at.source.name,
    row,
    column,
    ...(diagnostic.hint === undefined ? {} : { hint: diagnostic.hint }),
  };
}

/** The file of a record that has no place in any. */
export const NO_FILE = ".";

/** `file:row:col: code: message`, the greppable first line; without a place where it has none. */
export function printRecord({ file, row, column, code, message }: DiagnosticRecord): string {
  return file === NO_FILE ? `${code}: ${message}` : `${file}:${row}:${column}: ${code}: ${message}`;
}

/**
 * The first line, the source line with the place underlined, related places, the hint:
 *
 *     policies/authz/orders.rego:12:5: rego_unsafe_var_error: var role is unsafe
 *      12 |     role in data.roles
 *         |     ^^^^
 *     hint: bind role before this line, or declare it with some
 */
export function printDiagnostic(diagnostic: Diagnostic): string {
  const lines = [printRecord(toDiagnosticRecord(diagnostic)), ...printExcerpt(diagnostic.at)];
  for (const { at, message } of diagnostic.related ?? []) {
    lines.push(`${printPlace(at)}: ${message}`, ...printExcerpt(at));
  }
  if (diagnostic.hint !== undefined) lines.push(`hint: ${diagnostic.hint}`);
  return lines.join("\n");
}

/** UTF-16 code units that an excerpt shows; of a longer line it is a part, with `…` where something is left out. */
const EXCERPT_LENGTH_MAX = 160;
/** Of those, the ones before the place. */
const EXCERPT_LEAD = 60;

/** Source line and underline; the span is cut at the end of its first line, or of the part that is shown. */
export function printExcerpt(at: Location): readonly string[] {
  const { row } = positionAt(at.source, at.span.start);
  const line = rowText(at.source, row);
  if (line.trim() === "") return [];
  const { lead, rest } = excerptOf(line, Math.min(at.span.start - rowStart(at.source, row), line.length));
  const width = Math.min(Math.max(1, rest.length), Math.max(1, at.span.end - at.span.start));
  const gutter = String(row).padStart(3);
  const indent = lead.map((c) => (c === "\t" ? "\t" : " ")).join("");
  return [`${gutter} | ${[...lead, ...rest].join("")}`, `${" ".repeat(gutter.length)} | ${indent}${"^".repeat(width)}`];
}

/** The code points of a line that are shown before an offset and from there on. */
function excerptOf(
  line: string,
  offset: number,
): { readonly lead: readonly string[]; readonly rest: readonly string[] } {
  if (line.length <= EXCERPT_LENGTH_MAX) return { lead: [...line.slice(0, offset)], rest: [...line.slice(offset)] };
  const from = Math.max(0, offset - EXCERPT_LEAD);
  const to = from + EXCERPT_LENGTH_MAX;
  return {
    lead: [...(from > 0 ? "…" : ""), ...line.slice(from, offset)],
    rest: [...line.slice(offset, to), ...(to < line.length ? "…" : "")],
  };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
