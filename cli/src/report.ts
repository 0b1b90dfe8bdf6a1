/** Diagnostics as every command shows them: for people with excerpts, for machines as records. */
import { type Diagnostic, printDiagnostic, sortDiagnostics, toDiagnosticRecord } from "@regomesh/base";
import type { Format } from "./flags.ts";

/** Text with a line end, or "" where there is nothing to say. */
export function printDiagnostics(diagnostics: readonly Diagnostic[], format: Format): string {
  const sorted = sortDiagnostics(diagnostics);
  if (format === "json") return `${JSON.stringify({ diagnostics: sorted.map(toDiagnosticRecord) }, null, 2)}\n`;
  return sorted.length === 0 ? "" : `${sorted.map(printDiagnostic).join("\n\n")}\n`;
}

export function countOf(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
