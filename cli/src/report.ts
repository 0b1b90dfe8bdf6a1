/** Diagnostics as every command shows them: for people with excerpts, for machines as records. */
import { type Diagnostic, printDiagnostic, sortDiagnostics, toDiagnosticRecord } from "@regomesh/base";
import { UsageError } from "./command.ts";

export type Format = "pretty" | "json";

export function parseFormat(value: string | undefined): Format {
  if (value === undefined || value === "pretty") return "pretty";
  if (value === "json") return "json";
  throw new UsageError(`--format takes pretty or json, not ${value}`);
}

/** Text with a line end, or "" where there is nothing to say. */
export function printDiagnostics(diagnostics: readonly Diagnostic[], format: Format): string {
  const sorted = sortDiagnostics(diagnostics);
  if (format === "json") return `${JSON.stringify({ diagnostics: sorted.map(toDiagnosticRecord) }, null, 2)}\n`;
  return sorted.length === 0 ? "" : `${sorted.map(printDiagnostic).join("\n\n")}\n`;
}

export function countOf(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
