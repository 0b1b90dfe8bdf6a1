/**
 * What is wrong with a text that a user wrote: one shape and one print for
 * Rego, YAML resources and flags alike. Diagnostics are collected, never thrown.
 */
import { type Location, positionAt, printPlace, rowText } from "./source.ts";

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

/** `file:row:col: code: message`, the greppable first line. */
export function printRecord(record: DiagnosticRecord): string {
  return `${record.file}:${record.row}:${record.column}: ${record.code}: ${record.message}`;
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

/** Source line and underline; the span is cut at the end of its first line. */
export function printExcerpt(at: Location): readonly string[] {
  const { row, column } = positionAt(at.source, at.span.start);
  const text = rowText(at.source, row);
  if (text.trim() === "") return [];
  const room = Math.max(1, [...text].length - column + 1);
  const width = Math.min(room, Math.max(1, at.span.end - at.span.start));
  const gutter = String(row).padStart(3);
  const indent = [...text]
    .slice(0, column - 1)
    .map((c) => (c === "\t" ? "\t" : " "))
    .join("");
  return [`${gutter} | ${text}`, `${" ".repeat(gutter.length)} | ${indent}${"^".repeat(width)}`];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
