/** `regomesh check`: what a commit would be refused for, before it is one. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { DiagnosticRecord } from "@regomesh/base";
import type { Against, SourceCheck } from "@regomesh/controller";
import { ALLOW_HELP, allowFlag, parseAllow } from "../allow.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { LANGUAGE_HELP, languageFlags } from "../files/capabilities.ts";
import { type FaultOptions, type Faults, findFaults, findPolicyFaults, printFound } from "../files/find-faults.ts";
import { BUNDLE_HELP, IGNORE_HELP, loadFlags, parseIgnore } from "../files/load-flags.ts";
import { toOpaError } from "../files/opa-errors.ts";
import { BUILTINS_HELP, builtinsFlag } from "../files/own-builtins.ts";
import { nameOf } from "../files/read-files.ts";
import { SCHEMA_HELP, schemaFlag } from "../files/schemas.ts";
import { parseFormat, parseNumber } from "../flags.ts";
import { countOf } from "../report.ts";

const help = `
Usage: regomesh check [flags] [DIRECTORY]
       regomesh check [flags] PATH PATH…

Checks a source as the controller would check a commit of it, with the same function: git
says which files there would be, policies compile and pass their tests, every resource is
right by itself and fits the others, every binding's unit and entrypoints are there, and a
proxy offers what they use. Whether a commit takes too much away, and whether its trust domain
and its hosts are those that there were, is checked against what --base or --state names, and
without either not at all. Without resources only the policies are checked, without running
their tests, rules named as the mesh's entrypoints as if they were bound. Files, several PATHs,
--bundle and --ignore are about policies alone. All of them are one program, as in opa check;
where a PolicyBinding of the repository names units, each of these is one.

      --base BASE             what is in force: a revision of the repository, as origin/main, or
                              a directory. What would go needs a word by the hash that is shown,
                              in a commit's message since BASE or in the next one's
      --state DIR             what is in force: as the controller keeps it in its state folder
      --source NAME=DIR       a checkout of what the PolicySource NAME names, checked together with
                              the directory that names it; any number
${ALLOW_HELP.slice(1)}
  -S, --strict                also refuse what is unused: imports, variables, arguments
${SCHEMA_HELP}${BUNDLE_HELP}${IGNORE_HELP}
  -m, --max-errors N   show so many errors (default: all, as with 0)
${BUILTINS_HELP.slice(1)}
${LANGUAGE_HELP.slice(1)}
  -f, --format FORMAT         pretty (default) or json, in opa's shape: {"errors": […],
                              "warnings": […], "failedTests": […]}

Example: regomesh check .regomesh/repo
`;

const flags = {
  base: { type: "string" },
  state: { type: "string" },
  source: { type: "string", multiple: true },
  ...allowFlag,
  ...builtinsFlag,
  ...languageFlags,
  strict: { type: "boolean", short: "S" },
  ...schemaFlag,
  ...loadFlags,
  "max-errors": { type: "string", short: "m" },
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
  const errorsMax = parseNumber(values["max-errors"], "--max-errors", 0, Number.MAX_SAFE_INTEGER) || Infinity;
  const { source, units, found, records: all } = await find(positionals, values, io.cwd);
  const { failedTests } = source;
  const records = fewer(all, errorsMax);
  if (format === "json") io.out(`${JSON.stringify(toOpaShape(records, failedTests), null, 2)}\n`);
  else {
    const files = [...source.files, ...source.others.flatMap((other) => other.files)];
    for (const record of records) io.err(`${printFound(record, found, files)}\n`);
    for (const { file, row, name, message } of failedTests) io.err(`${file}:${row}: ${name} fails: ${message}\n`);
    io.out(`${summary(source, units, all)}\n`);
  }
  const isRefused = all.some(({ severity }) => severity === "error") || failedTests.length > 0;
  return isRefused ? EXIT.no : EXIT.yes;
}

type Values = Omit<FaultOptions, "rights" | "against" | "checkouts"> & {
  readonly base?: string | undefined;
  readonly state?: string | undefined;
  readonly source?: readonly string[] | undefined;
  readonly allow?: readonly string[] | undefined;
  readonly bundle?: boolean | undefined;
  readonly ignore?: readonly string[] | undefined;
};

/** Of a source, or of policies alone. */
async function find(paths: readonly string[], values: Values, cwd: string): Promise<Faults> {
  const [path = ".", ...more] = paths;
  const rights = parseAllow(values.allow);
  const against = againstOf(values, cwd);
  const checkouts = parseCheckouts(values.source ?? [], cwd);
  const isIgnored = parseIgnore(values.ignore);
  const isFile = (await stat(resolve(cwd, nameOf(path))).catch(() => undefined))?.isFile() ?? false;
  const isAlone = more.length > 0 || isFile || values.bundle || isIgnored !== undefined;
  if (!isAlone) return await findFaults(path, { ...values, rights, against, checkouts }, cwd);
  const [flag] = (["base", "state", "source", "allow"] as const).filter((each) => values[each] !== undefined);
  if (flag !== undefined) throw new UsageError(`--${flag} is about a source, which is one directory, and all of it`);
  return await findPolicyFaults([path, ...more], { ...values, rights, isIgnored }, cwd);
}

/** So many of the errors; warnings are no errors. */
function fewer(records: readonly DiagnosticRecord[], errorsMax: number): readonly DiagnosticRecord[] {
  let errors = 0;
  return records.filter(({ severity }) => severity !== "error" || ++errors <= errorsMax);
}

/** As `opa check --format json`, with what opa does not know beside it. */
function toOpaShape(records: readonly DiagnosticRecord[], failedTests: SourceCheck["failedTests"]): object {
  const [errors, warnings] = (["error", "warning"] as const).map((wanted) =>
    records.filter(({ severity }) => severity === wanted).map(toOpaError),
  );
  return { errors, warnings, failedTests };
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

function parseCheckouts(named: readonly string[], cwd: string): Readonly<Record<string, string>> {
  const pairs = named.map((text) => {
    const at = text.indexOf("=");
    if (at < 1 || at === text.length - 1) throw new UsageError("--source takes NAME=DIR");
    return [text.slice(0, at), resolve(cwd, text.slice(at + 1))] as const;
  });
  const checkouts = Object.fromEntries(pairs);
  if (Object.keys(checkouts).length < pairs.length) throw new UsageError("--source names a PolicySource twice");
  return checkouts;
}

function summary(source: Faults["source"], units: number, records: readonly DiagnosticRecord[]): string {
  const errors = records.filter(({ severity }) => severity === "error").length + source.failedTests.length;
  const policies = countOf(source.files.filter(({ name }) => name.endsWith(".rego")).length, "policy file");
  const found = [`${policies} in ${countOf(units, "unit")}`];
  if (source.resourceFiles > 0) found.push(countOf(source.resourceFiles, "resource file"));
  const verdict =
    errors > 0 ? countOf(errors, "error") : records.length > 0 ? countOf(records.length, "warning") : "ok";
  const workloads = errors === 0 && source.workloads > 0 ? `, ${countOf(source.workloads, "workload")}` : "";
  return `${found.join(", ")}${workloads}: ${verdict}`;
}
