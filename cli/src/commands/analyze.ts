/** `regomesh analyze`: everything that is wrong or odd with a source or a cluster, each with a code that stays. */
import { parseArgs } from "node:util";
import type { DiagnosticRecord } from "@regomesh/base";
import { checkCluster } from "@regomesh/controller";
import { stringify } from "yaml";
import { ALLOW_HELP, allowFlag, parseAllow } from "../allow.ts";
import { codeOf } from "../analyze/codes.ts";
import { asksCluster, CLUSTER_HELP, type ClusterFlags, clusterFlags, isShown, openCluster } from "../cluster-flags.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { findFaults } from "../files/find-faults.ts";
import { parseColor, parseView, type View } from "../flags.ts";
import { makePaint, type Paint } from "../paint.ts";
import { countOf } from "../report.ts";

const help = `
Usage: regomesh analyze [flags] [DIRECTORY]
       regomesh analyze -A [flags]

Looks at a source as check does, or at a cluster: its objects, Services, Pods and routes, by its
API server alone. Each finding has a code (docs/analyze.md), its place and a way out.

  -n, --namespace N of this namespace alone
${CLUSTER_HELP}
${ALLOW_HELP.slice(1)}
  --fail-on WHAT    error (default) or warning: findings that make the exit code 1
  -o VIEW           wide (the fix of each finding, too), yaml or json
  --color WHEN      auto, always or never

Example: regomesh analyze -A -o json | jq '.findings[].code'
`;

const flags = {
  namespace: { type: "string", short: "n" },
  ...clusterFlags,
  ...allowFlag,
  "fail-on": { type: "string" },
  view: { type: "string", short: "o" },
  color: { type: "string" },
} as const;

export const analyze: Command = {
  name: "analyze",
  summary: "find what is wrong with a source or a cluster",
  help,
  flags,
  exits: { 0: "nothing of that kind is found", 1: "something is, or nothing can be looked at" },
  run,
};

type Finding = {
  readonly code: string;
  readonly name: string;
  readonly severity: DiagnosticRecord["severity"];
  readonly file: string;
  readonly row: number;
  readonly column: number;
  readonly message: string;
  readonly fix: string;
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  const view = parseView(values.view);
  const color = parseColor(values.color);
  const failsOn = values["fail-on"] ?? "error";
  if (failsOn !== "error" && failsOn !== "warning")
    throw new UsageError(`--fail-on takes error or warning, not ${failsOn}`);
  const [directory, ...more] = positionals;
  if (more.length > 0) throw new UsageError("takes one directory: the source as a whole");
  let findings: readonly Finding[];
  if (asksCluster(values, io, directory !== undefined)) {
    try {
      findings = await ofCluster(values);
    } catch (error) {
      io.err(`regomesh analyze: ${(error as Error).message}\n`);
      return EXIT.no;
    }
  } else findings = await ofDirectory(directory ?? ".", values, io);
  io.out(printView(findings, view, makePaint(io, color)));
  return findings.some(({ severity }) => severity === "error" || failsOn === "warning") ? EXIT.no : EXIT.yes;
}

async function ofDirectory(
  directory: string,
  { allow }: { readonly allow?: string[] | undefined },
  io: Io,
): Promise<readonly Finding[]> {
  const { source, records } = await findFaults(directory, { rights: parseAllow(allow) }, io.cwd);
  return toFindings([...records, ...source.failedTests.map(ofTest)]);
}

async function ofCluster(values: ClusterFlags): Promise<readonly Finding[]> {
  await using cluster = await openCluster(values);
  const { objects } = await cluster.listWatched();
  const namespaces = (await cluster.list({ kind: "Namespace", apiVersion: "v1", plural: "namespaces" })) ?? [];
  const { diagnostics, failedTests } = await checkCluster(objects, namespaces);
  const found = toFindings([...diagnostics, ...failedTests.map(ofTest)]).map((each) => ({
    ...each,
    file: each.file.replace(/\.yaml$/, ""),
  }));
  return found.filter(({ file }) => isShown(namespaceOf(file), values));
}

function ofTest({
  file,
  row,
  name,
  message,
}: {
  file: string;
  row: number;
  name: string;
  message: string;
}): DiagnosticRecord {
  return { code: "test_failed", severity: "error", file, row, column: 1, message: `${name} fails: ${message}` };
}

/** Of `KIND/NAMESPACE/NAME` and what lies below; undefined of what is the cluster's. */
function namespaceOf(file: string): string | undefined {
  const parts = file.split("/");
  return parts.length > 2 ? parts[1] : undefined;
}

function toFindings(records: readonly DiagnosticRecord[]): readonly Finding[] {
  return records
    .map(({ code: own, severity, file, row, column, message, hint }) => {
      const { code, name, fix } = codeOf(own);
      return { code, name, severity, file, row, column, message, fix: hint ?? fix };
    })
    .sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.row - b.row || (a.code < b.code ? -1 : 1));
}

function printView(findings: readonly Finding[], view: View, paint: Paint): string {
  switch (view) {
    case "json":
      return `${JSON.stringify({ findings }, undefined, 2)}\n`;
    case "yaml":
      return stringify({ findings });
    case "table":
    case "wide":
      return `${[...findings.flatMap((each) => printFinding(each, view === "wide", paint)), summaryOf(findings)].join("\n")}\n`;
  }
}

function printFinding({ code, severity, file, row, column, message, fix }: Finding, isWide: boolean, paint: Paint) {
  const word = severity === "error" ? paint.red("error") : paint.yellow("warning");
  // Of an object nobody has seen the text that is looked at; of a Policy's modules its writer has.
  const place = isObject(file) ? file : `${file}:${row}:${column}`;
  const line = `${place}: ${word} ${paint.bold(code)}: ${message}`;
  return isWide ? [line, `  ${paint.dim(`fix: ${fix}`)}`] : [line];
}

/** `KIND/NAMESPACE/NAME` of a cluster; files have their ends. */
function isObject(file: string): boolean {
  return /^[A-Z]\w*\/[^:]*$/.test(file) && !/\.(?:rego|json|ya?ml)$/.test(file);
}

function summaryOf(findings: readonly Finding[]): string {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const warnings = findings.length - errors;
  return findings.length === 0 ? "nothing is found" : `${countOf(errors, "error")}, ${countOf(warnings, "warning")}`;
}
