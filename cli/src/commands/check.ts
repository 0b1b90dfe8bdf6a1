/** `regomesh check`: what a commit would be refused for, before it is one. */
import { parseArgs } from "node:util";
import { type Diagnostic, type DiagnosticRecord, printRecord, type Source, toDiagnosticRecord } from "@regomesh/base";
import { checkSource } from "@regomesh/controller";
import { checkOffered, checkUnit } from "@regomesh/policy-compiler";
import { ALLOW_HELP, allowFlag, parseAllow } from "../allow.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { readFiles } from "../files/read-files.ts";
import { findUnits } from "../files/units.ts";
import { type Format, parseFormat } from "../flags.ts";
import { countOf, printDiagnostics } from "../report.ts";

const help = `
Usage: regomesh check [flags] [DIRECTORY]

Checks a source as the controller would check a commit of it: every policy and its tests
compile, every resource is right by itself and fits the others, every binding's unit and
entrypoints are there, and a proxy offers what they use. Runs nothing. Without resources only
the policies are checked, rules named as the mesh's entrypoints as if they were bound.

${ALLOW_HELP.slice(1)}
  -f, --format FORMAT         pretty (default) or json: {"diagnostics": […]}

Example: regomesh check .regomesh/repo
`;

const flags = { ...allowFlag, format: { type: "string", short: "f" } } as const;

export const check: Command = {
  name: "check",
  summary: "check policies and resources",
  help,
  flags,
  exits: { 0: "nothing to refuse (there may be warnings)", 1: "errors" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: flags,
  });
  const format = parseFormat(values.format);
  if (positionals.length > 1) throw new UsageError("takes one directory: the source as a whole");
  const directory = (positionals[0] ?? ".").replace(/(?!^)\/+$/, "");
  const files = await readFiles([directory], io.cwd, /\.(rego|ya?ml|json)$/);
  const units = findUnits(files);
  const ofUnits = units.flatMap(({ unit, diagnostics }) => [
    ...diagnostics,
    ...checkUnit({ ...unit, modules: [...unit.modules, ...unit.tests] }),
  ]);
  const source = await checkSource(directory === "." ? "" : directory, files, parseAllow(values.allow));
  // Bindings say in which role a unit is asked; without any, the entrypoints' names do.
  if (source.resourceFiles === 0) ofUnits.push(...units.flatMap(({ unit }) => checkOffered(unit)));
  const records = unique([...ofUnits.map(toDiagnosticRecord), ...source.diagnostics]);
  if (format === "json") io.out(`${JSON.stringify({ diagnostics: records }, null, 2)}\n`);
  else {
    for (const record of records) io.err(`${printFound(record, ofUnits, files, format)}\n`);
    io.out(`${summary(files, units.length, source, records)}\n`);
  }
  return records.some(({ severity }) => severity === "error") ? EXIT.no : EXIT.yes;
}

/** Sorted by place, each once: a unit is checked by itself and for every binding of it. */
function unique(records: readonly DiagnosticRecord[]): readonly DiagnosticRecord[] {
  const byText = new Map(records.map((record) => [printRecord(record), record]));
  return [...byText.values()].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.row - b.row || a.column - b.column,
  );
}

/** With its excerpt: from the diagnostic itself, or for a record from the file's text. */
function printFound(
  record: DiagnosticRecord,
  diagnostics: readonly Diagnostic[],
  files: readonly Source[],
  format: Format,
): string {
  const line = printRecord(record);
  const known = diagnostics.find((diagnostic) => printRecord(toDiagnosticRecord(diagnostic)) === line);
  if (known !== undefined) return printDiagnostics([known], format);
  const source = files.find(({ name }) => name === record.file);
  if (source === undefined) return line;
  const start = offsetOf(source.text, record.row, record.column);
  const end = start + (/^[\w./-]+/.exec(source.text.slice(start))?.[0].length ?? 1);
  const { code, severity, message, hint } = record;
  const at = { source, span: { start, end } };
  return printDiagnostics([{ code, severity, message, at, ...(hint === undefined ? {} : { hint }) }], format);
}

function offsetOf(text: string, row: number, column: number): number {
  const before = text.split("\n").slice(0, row - 1);
  const line = text.split("\n")[row - 1] ?? "";
  const points = [...line].slice(0, column - 1).join("").length;
  return before.reduce((sum, each) => sum + each.length + 1, 0) + points;
}

function summary(
  files: readonly Source[],
  units: number,
  source: { readonly resourceFiles: number; readonly workloads: number },
  records: readonly DiagnosticRecord[],
): string {
  const errors = records.filter(({ severity }) => severity === "error").length;
  const policies = countOf(files.filter(({ name }) => name.endsWith(".rego")).length, "policy file");
  const found = [`${policies} in ${countOf(units, "unit")}`];
  if (source.resourceFiles > 0) found.push(countOf(source.resourceFiles, "resource file"));
  const verdict =
    errors > 0 ? countOf(errors, "error") : records.length > 0 ? countOf(records.length, "warning") : "ok";
  const workloads = errors === 0 && source.workloads > 0 ? `, ${countOf(source.workloads, "workload")}` : "";
  return `${found.join(", ")}${workloads}: ${verdict}`;
}
