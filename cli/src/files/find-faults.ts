/** What is wrong with a source: what the controller would say of a commit of it, and what its policies' own check adds. */
import { realpath, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import {
  type Diagnostic,
  type DiagnosticRecord,
  NO_FILE,
  positionAt,
  printRecord,
  type Source,
  toDiagnosticRecord,
} from "@regomesh/base";
import { type Against, checkSource, type SourceCheck, type SourceRights, StandingError } from "@regomesh/controller";
import { type BuiltinSignatures, checkOffered, checkUnit, findSlowPaths } from "@regomesh/policy-compiler";
import { UsageError } from "../command.ts";
import { printDiagnostics } from "../report.ts";
import { readLanguage } from "./capabilities.ts";
import { loadOwnBuiltins } from "./own-builtins.ts";
import { readPrograms, toPrograms } from "./programs.ts";
import { nameOf, type Wanted } from "./read-files.ts";
import { readSchemas } from "./schemas.ts";
import type { FoundUnit } from "./units.ts";

export type FaultOptions = Parameters<typeof readLanguage>[0] & {
  readonly rights: SourceRights;
  readonly against?: Against | undefined;
  /** Checkouts of PolicySources, by their names. */
  readonly checkouts?: Readonly<Record<string, string>>;
  readonly builtins?: Parameters<typeof loadOwnBuiltins>[0];
  readonly strict?: boolean | undefined;
  readonly schema?: Parameters<typeof readSchemas>[0];
};

export type Faults = {
  readonly source: Pick<SourceCheck, "files" | "others" | "failedTests" | "resourceFiles" | "workloads">;
  /** How many units of policy there are. */
  readonly units: number;
  /** Of policies, with the text that they are about. */
  readonly found: readonly Diagnostic[];
  /** All of them, sorted by place, each once. */
  readonly records: readonly DiagnosticRecord[];
};

/** Throws UsageError where the directory, or what it is held against, is none. */
export async function findFaults(directory: string, options: FaultOptions, cwd: string): Promise<Faults> {
  const { strict = false, schema } = options;
  const source = await checkDirectory(nameOf(directory), options, cwd);
  const said = await readLanguage(options, cwd);
  const { signatures } = await loadOwnBuiltins(options.builtins, cwd);
  const builtins = said.restrict(signatures);
  const real = await realpath(cwd);
  const here = relative(real, await realpath(resolve(cwd, nameOf(directory)))) || ".";
  const { programs: units } = await toPrograms([here], source.files, { cwd: real, said, data: "bundle" });
  const schemas = await readSchemas(schema, source.files, cwd);
  // Bindings say in which role a unit is asked; without any, the entrypoints' names do.
  const asBound = source.resourceFiles === 0;
  const ofUnits = units.flatMap((unit) => checkPolicies(unit, { strict, schemas, builtins, asBound }));
  // What no binding names refuses nothing: its faults are for whoever binds it one day.
  const isAsked = strict || schema !== undefined;
  const isHarmless = source.isTaken && source.resourceFiles > 0 && !isAsked;
  const found = isHarmless ? ofUnits.map((each) => ({ ...each, severity: "warning" as const })) : ofUnits;
  const unread = unreadFaults(source, isHarmless ? "warning" : "error");
  const records = unique([...found.map(toDiagnosticRecord), ...unread, ...source.diagnostics]);
  return { source, units: units.length, found, records };
}

/** What the policies would be without, but for what a binding's unit is told to lack. */
function unreadFaults(
  { unread, diagnostics }: SourceCheck,
  severity: Diagnostic["severity"],
): readonly DiagnosticRecord[] {
  const told = new Set(diagnostics.filter(({ code }) => code === "source_unread").map(({ file }) => file));
  const hint = "if it is no part of a policy, name it in .regomeshignore";
  return unread
    .filter(({ name }) => !told.has(name))
    .map(({ name, why, text = "", illegalAt = 0 }) => ({
      ...{ code: "source_unread", severity, message: `the file ${why}`, hint },
      ...{ file: name, ...positionAt({ name, text }, illegalAt) },
    }));
}

/** The faults of policies alone, of what the paths hold: what `opa check` checks. Throws UsageError. */
export async function findPolicyFaults(
  paths: readonly string[],
  options: FaultOptions & { readonly isIgnored?: Wanted["isIgnored"]; readonly bundle?: boolean | undefined },
  cwd: string,
): Promise<Faults> {
  const { isIgnored, bundle = false, strict = false } = options;
  const said = await readLanguage(options, cwd);
  const { signatures } = await loadOwnBuiltins(options.builtins, cwd);
  // Whether data files fit together is a question of bundles: a directory may hold any.
  const reading = { cwd, said, isIgnored, data: bundle ? "bundle" : "none", isBundle: bundle } as const;
  const { programs: units, files } = await readPrograms(paths, reading);
  const checks = { strict, schemas: await readSchemas(options.schema, files, cwd), asBound: true };
  const found = units.flatMap((unit) => checkPolicies(unit, { ...checks, builtins: said.restrict(signatures) }));
  const source = { files, others: [], failedTests: [], resourceFiles: 0, workloads: 0 };
  return { source, units: units.length, found, records: unique(found.map(toDiagnosticRecord)) };
}

type PolicyChecks = NonNullable<Parameters<typeof checkUnit>[1]> & {
  readonly builtins: BuiltinSignatures;
  /** Rules named as the mesh's entrypoints are checked as if they were bound. */
  readonly asBound: boolean;
};

function checkPolicies({ unit, diagnostics }: FoundUnit, { asBound, ...checks }: PolicyChecks): readonly Diagnostic[] {
  return [
    ...diagnostics,
    ...checkUnit({ ...unit, modules: [...unit.modules, ...unit.tests] }, checks),
    ...(asBound ? checkOffered(unit, checks.builtins) : []),
    ...findSlowPaths(unit, checks.builtins),
  ];
}

/** The check, with every file named from where the command was given. */
async function checkDirectory(
  directory: string,
  { rights, against, checkouts = {} }: FaultOptions,
  cwd: string,
): Promise<SourceCheck> {
  const place = resolve(cwd, directory);
  const facts = await stat(place).catch(() => undefined);
  if (facts === undefined) throw new UsageError(`${directory}: no such file or directory`);
  if (!facts.isDirectory()) throw new UsageError(`${directory} is no directory: a source is checked as a whole`);
  const source = await checkSource(place, { rights, against, checkouts }).catch((error: unknown) => {
    throw error instanceof StandingError ? new UsageError(error.message) : error;
  });
  const here = await realpath(cwd);
  const rename = (file: string) => {
    if (file === NO_FILE) return file;
    const other = source.others.find(({ name }) => file.startsWith(`${name}:`));
    const path = other === undefined ? join(source.top, file) : join(other.top, file.slice(other.name.length + 1));
    return relative(here, path) || ".";
  };
  const renameAll = (files: SourceCheck["files"]) => files.map((file) => ({ ...file, name: rename(file.name) }));
  return {
    ...source,
    files: renameAll(source.files),
    others: source.others.map((each) => ({ ...each, files: renameAll(each.files) })),
    unread: source.unread.map((each) => ({ ...each, name: rename(each.name) })),
    diagnostics: source.diagnostics.map((each) => ({ ...each, file: rename(each.file) })),
    failedTests: source.failedTests.map((each) => ({ ...each, file: rename(each.file) })),
  };
}

/** Sorted by place, each once: a unit is checked by itself and for every binding of it. */
function unique(records: readonly DiagnosticRecord[]): readonly DiagnosticRecord[] {
  const byText = new Map(records.map((record) => [printRecord(record), record]));
  return [...byText.values()].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.row - b.row || a.column - b.column,
  );
}

/** With its excerpt: from the diagnostic itself, or for a record from the file's text. */
export function printFound(
  record: DiagnosticRecord,
  diagnostics: readonly Diagnostic[],
  files: readonly Source[],
): string {
  const line = printRecord(record);
  const known = diagnostics.find((diagnostic) => printRecord(toDiagnosticRecord(diagnostic)) === line);
  if (known !== undefined) return printDiagnostics([known], "pretty");
  const source = files.find(({ name }) => name === record.file);
  // A fault of the source as a whole, or of a file that is not read, has no text to show.
  if (source === undefined) return record.hint === undefined ? line : `${line}\nhint: ${record.hint}`;
  const start = offsetOf(source.text, record.row, record.column);
  const end = start + (/^[\w./-]+/.exec(source.text.slice(start))?.[0].length ?? 1);
  const { code, severity, message, hint } = record;
  const at = { source, span: { start, end } };
  return printDiagnostics([{ code, severity, message, at, ...(hint === undefined ? {} : { hint }) }], "pretty");
}

function offsetOf(text: string, row: number, column: number): number {
  const before = text.split("\n").slice(0, row - 1);
  const line = text.split("\n")[row - 1] ?? "";
  const points = [...line].slice(0, column - 1).join("").length;
  return before.reduce((sum, each) => sum + each.length + 1, 0) + points;
}
