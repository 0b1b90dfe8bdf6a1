/** `regomesh check`: what a commit would be refused for, before it is one. */
import { realpath, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Diagnostic, type DiagnosticRecord, printRecord, type Source, toDiagnosticRecord } from "@regomesh/base";
import { type Against, checkSource, type SourceCheck, type SourceRights, StandingError } from "@regomesh/controller";
import { checkOffered, checkUnit, findSlowPaths } from "@regomesh/policy-compiler";
import { ALLOW_HELP, allowFlag, parseAllow } from "../allow.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { LANGUAGE_HELP, languageFlags, readLanguage } from "../files/capabilities.ts";
import { toOpaError } from "../files/opa-errors.ts";
import { BUILTINS_HELP, builtinsFlag, loadOwnBuiltins } from "../files/own-builtins.ts";
import { readSchemas, SCHEMA_HELP, schemaFlag } from "../files/schemas.ts";
import { findUnits } from "../files/units.ts";
import { type Format, parseFormat } from "../flags.ts";
import { countOf, printDiagnostics } from "../report.ts";

const help = `
Usage: regomesh check [flags] [DIRECTORY]

Checks a source as the controller would check a commit of it, with the same function: git
says which files there would be, policies compile and pass their tests, every resource is
right by itself and fits the others, every binding's unit and entrypoints are there, and a
proxy offers what they use. Whether a commit takes too much away, and whether its trust domain
and its hosts are those that there were, is checked against what --base or --state names, and
without either not at all. Without resources only the policies are checked, without running
their tests, rules named as the mesh's entrypoints as if they were bound.

      --base BASE             what is in force: a revision of the repository, as origin/main, or
                              a directory. What would go needs a word by the hash that is shown,
                              in a commit's message since BASE or in the next one's
      --state DIR             what is in force: as the controller keeps it in its state folder
${ALLOW_HELP.slice(1)}
  -S, --strict                also refuse what is unused: imports, variables, arguments
${SCHEMA_HELP}
${BUILTINS_HELP.slice(1)}
${LANGUAGE_HELP.slice(1)}
  -f, --format FORMAT         pretty (default) or json, in opa's shape: {"errors": […],
                              "warnings": […], "failedTests": […]}

Example: regomesh check .regomesh/repo
`;

const flags = {
  base: { type: "string" },
  state: { type: "string" },
  ...allowFlag,
  ...builtinsFlag,
  ...languageFlags,
  strict: { type: "boolean", short: "S" },
  ...schemaFlag,
  format: { type: "string", short: "f" },
} as const;

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
  const source = await checkDirectory(directory, parseAllow(values.allow), io.cwd, againstOf(values, io.cwd));
  const said = await readLanguage(values, io.cwd);
  const { signatures } = await loadOwnBuiltins(values.builtins, io.cwd);
  const builtins = said.restrict(signatures);
  const units = findUnits(source.files, said);
  const { strict = false, schema } = values;
  const schemas = await readSchemas(schema, source.files, io.cwd);
  const ofUnits = units.flatMap(({ unit, diagnostics }) => [
    ...diagnostics,
    ...checkUnit({ ...unit, modules: [...unit.modules, ...unit.tests] }, { strict, schemas, builtins }),
  ]);
  // Bindings say in which role a unit is asked; without any, the entrypoints' names do.
  if (source.resourceFiles === 0) ofUnits.push(...units.flatMap(({ unit }) => checkOffered(unit, builtins)));
  ofUnits.push(...units.flatMap(({ unit }) => findSlowPaths(unit, builtins)));
  // What no binding names refuses nothing: its faults are for whoever binds it one day.
  const isAsked = strict || schema !== undefined;
  const isHarmless = source.isTaken && source.resourceFiles > 0 && !isAsked;
  const found = isHarmless ? ofUnits.map((each) => ({ ...each, severity: "warning" as const })) : ofUnits;
  const records = unique([...found.map(toDiagnosticRecord), ...source.diagnostics]);
  const { failedTests } = source;
  if (format === "json") io.out(`${JSON.stringify(toOpaShape(records, failedTests), null, 2)}\n`);
  else {
    for (const record of records) io.err(`${printFound(record, found, source.files, format)}\n`);
    for (const { file, row, name, message } of failedTests) io.err(`${file}:${row}: ${name} fails: ${message}\n`);
    io.out(`${summary(source, units.length, records)}\n`);
  }
  const isRefused = records.some(({ severity }) => severity === "error") || failedTests.length > 0;
  return isRefused ? EXIT.no : EXIT.yes;
}

/** As `opa check --format json`, with what opa does not know beside it. */
function toOpaShape(records: readonly DiagnosticRecord[], failedTests: SourceCheck["failedTests"]): object {
  const [errors, warnings] = (["error", "warning"] as const).map((wanted) =>
    records.filter(({ severity }) => severity === wanted).map(toOpaError),
  );
  return { errors, warnings, failedTests };
}

/** The check, with every file named from where the command was given. */
async function checkDirectory(
  directory: string,
  rights: SourceRights,
  cwd: string,
  against: Against | undefined,
): Promise<SourceCheck> {
  const place = resolve(cwd, directory);
  const facts = await stat(place).catch(() => undefined);
  if (facts === undefined) throw new UsageError(`${directory}: no such file or directory`);
  if (!facts.isDirectory()) throw new UsageError(`${directory} is no directory: the source is checked as a whole`);
  const source = await checkSource(place, rights, against).catch((error: unknown) => {
    throw error instanceof StandingError ? new UsageError(error.message) : error;
  });
  const here = await realpath(cwd);
  const rename = (file: string) => relative(here, join(source.top, file)) || ".";
  return {
    ...source,
    files: source.files.map(({ name, text }) => ({ name: rename(name), text })),
    diagnostics: source.diagnostics.map((each) => ({ ...each, file: rename(each.file) })),
    failedTests: source.failedTests.map((each) => ({ ...each, file: rename(each.file) })),
  };
}

/** What the flags name as being in force. */
function againstOf(
  { base, state }: { readonly base?: string | undefined; readonly state?: string | undefined },
  cwd: string,
): Against | undefined {
  if (base !== undefined && state !== undefined) throw new UsageError("takes --base or --state, not both");
  if (base !== undefined) return { kind: "base", name: base, place: resolve(cwd, base) };
  return state === undefined ? undefined : { kind: "state", folder: resolve(cwd, state) };
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
  // A fault of the source as a whole, or of a file that is not read, has no text to show.
  if (source === undefined) return record.hint === undefined ? line : `${line}\nhint: ${record.hint}`;
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

function summary(source: SourceCheck, units: number, records: readonly DiagnosticRecord[]): string {
  const errors = records.filter(({ severity }) => severity === "error").length + source.failedTests.length;
  const policies = countOf(source.files.filter(({ name }) => name.endsWith(".rego")).length, "policy file");
  const found = [`${policies} in ${countOf(units, "unit")}`];
  if (source.resourceFiles > 0) found.push(countOf(source.resourceFiles, "resource file"));
  const verdict =
    errors > 0 ? countOf(errors, "error") : records.length > 0 ? countOf(records.length, "warning") : "ok";
  const workloads = errors === 0 && source.workloads > 0 ? `, ${countOf(source.workloads, "workload")}` : "";
  return `${found.join(", ")}${workloads}: ${verdict}`;
}
