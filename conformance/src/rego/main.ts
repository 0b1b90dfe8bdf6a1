/** `npm run conformance:rego`: the Rego suites with counts by category; a run of one suite closes with its totals. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { patternOf } from "../command-line.ts";
import { makeBuiltinCaller } from "../interpreter/builtins.ts";
import { readCompileCases } from "./compile-cases.ts";
import { readErrorCases } from "./error-cases.ts";
import { readFormatCases } from "./format-cases.ts";
import { readGrammarCases } from "./grammar-cases.ts";
import { makeSuiteBuiltins } from "./host.ts";
import { readMeshPolicies } from "./mesh-policies.ts";
import { readPlanCases, runPlanCase } from "./plans.ts";
import { readQueryCases } from "./queries.ts";
import { readInterpreterCases, readLexerCases, readParserCases } from "./regorus.ts";
import {
  printCounts,
  readKnownIssues,
  runSuite,
  type SuiteCase,
  type SuiteName,
  type SuiteReport,
  surprises,
  type Tally,
  writeKnownIssues,
} from "./suite.ts";

export const USAGE = `npm run conformance:rego -- [--cases DIR] [--compile DIR] [--plans DIR] [--policies DIR] [--filter RE] [--quiet]

  --cases DIR     run cases in the format of OPA's compliance suite in DIR, from source
  --compile DIR   run the cases in DIR of modules that must not compile
  --plans DIR     run OPA's plans of them in DIR, on the back end alone
  --policies DIR  run the authorization policies in DIR, under our evaluator and the npm SDK
  --filter RE     only cases whose file#place or note matches
  --quiet         no line for each failing case
  --write-known   make known-issues.json the list of what fails now

Without any DIR all of them run, from $REGOMESH_SHARED (default ../shared).
Exit code 1: a failing case that known-issues.json lacks, or a listed one that passes.`;

type Selection = { readonly suite: SuiteName; readonly folder: string };

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cases: { type: "string" },
      compile: { type: "string" },
      plans: { type: "string" },
      policies: { type: "string" },
      filter: { type: "string" },
      quiet: { type: "boolean", default: false },
      "write-known": { type: "boolean", default: false },
    },
  });
  const selections = select(values);
  const missing = selections.find(({ folder }) => !existsSync(folder));
  if (missing !== undefined) {
    console.error(
      `conformance: there is no folder ${missing.folder}: name it with --cases, --compile, --plans or --policies`,
    );
    return 64;
  }
  const filter = values.filter === undefined ? undefined : patternOf(values.filter, "filter");
  let exit = 0;
  for (const selection of selections) {
    const result = await run(selection, filter);
    if (values["write-known"]) writeKnownIssues(result);
    exit = Math.max(exit, report(result, values.quiet));
  }
  return exit;
}

type Folders = Partial<Readonly<Record<"cases" | "compile" | "plans" | "policies", string>>>;

/** The suites named by the options; none named: all. */
function select(folders: Folders): readonly Selection[] {
  const named = Object.entries(folders).flatMap(([option, folder]) =>
    option in OPTIONS && folder !== undefined ? [selectionOf(option as keyof typeof OPTIONS, resolve(folder))] : [],
  );
  return named.length > 0 ? named : SUITES.map((suite) => ({ suite, folder: suiteFolder(suite) }));
}

const OPTIONS = {
  cases: "rego-conformance",
  compile: "reports-compile",
  plans: "rego-plans",
  policies: "mesh-policies",
} as const satisfies Record<keyof Folders, SuiteName>;

/** A suite of its own that lies in the folder, or in its `v1`, keeps its list of known issues. */
function selectionOf(option: keyof typeof OPTIONS, folder: string): Selection {
  for (const suite of SUITES) {
    const own = suiteFolder(suite);
    if (own === folder || own === join(folder, "v1")) return { suite, folder: own };
  }
  return { suite: OPTIONS[option], folder };
}

const FOLDERS: Readonly<Record<SuiteName, string>> = {
  "rego-conformance": "rego/rego-conformance/v1",
  "rego-conformance-v0": "rego/rego-conformance/v0",
  "rego-derived": "rego/rego-conformance-derived/v1",
  "regorus-interpreter": "rego/regorus-cases/interpreter",
  "regorus-parser": "rego/regorus-cases/parser",
  "regorus-lexer": "rego/regorus-cases/lexer",
  "tree-sitter": "rego/tree-sitter-rego",
  format: "rego/format/v1",
  "rego-plans": "rego/rego-plans/v1",
  errors: "rego/errors",
  "mesh-policies": "rego/mesh-policies",
  reports: "rego/reports/conformance/v1",
  "reports-compile": "rego/reports/compile",
  "reports-schema": "rego/reports/schema/v1",
  "reports-x509": "rego/reports/x509/v1",
};

export const SUITES = Object.keys(FOLDERS) as readonly SuiteName[];

/** Where the suite lies when nobody names a folder. */
export function suiteFolder(suite: SuiteName): string {
  const shared = process.env["REGOMESH_SHARED"] ?? resolve(import.meta.dirname, "../../../../shared");
  return resolve(join(shared, FOLDERS[suite]));
}

export async function readCases({ suite, folder }: Selection): Promise<readonly SuiteCase[]> {
  const runtime = await loadRuntime();
  switch (suite) {
    case "rego-conformance":
    case "rego-derived":
    case "reports":
    case "reports-schema":
    case "reports-x509":
      return readQueryCases(folder, runtime);
    case "rego-conformance-v0":
      return readQueryCases(folder, runtime, "v0");
    case "rego-plans": {
      const builtin = makeBuiltinCaller(runtime, makeSuiteBuiltins());
      return readPlanCases(folder).map((each) => ({
        id: each.id,
        note: each.note,
        run: (tally: Tally) => runPlanCase(each, runtime, makeSuiteBuiltins(), builtin, tally),
      }));
    }
    case "errors":
      return readErrorCases(folder, runtime);
    case "regorus-interpreter":
      return readInterpreterCases(folder, runtime);
    case "regorus-parser":
      return readParserCases(folder);
    case "regorus-lexer":
      return readLexerCases(folder);
    case "tree-sitter":
      return readGrammarCases(folder);
    case "format":
      return readFormatCases(folder);
    case "reports-compile":
      return readCompileCases(folder);
    case "mesh-policies":
      return readMeshPolicies(folder, runtime);
  }
}

async function run(selection: Selection, filter: RegExp | undefined): Promise<SuiteReport> {
  const cases = await readCases(selection);
  const chosen = cases.filter(({ id, note }) => filter === undefined || filter.test(id) || filter.test(note));
  return runSuite(selection.suite, chosen);
}

function report(result: SuiteReport, isQuiet: boolean): number {
  const { unlisted, passing } = surprises(result, readKnownIssues(result.suite));
  if (!isQuiet) {
    for (const { id, note, reason } of result.failed) {
      console.log(`${id} (${note})\n    ${reason.replaceAll("\n", "\n    ")}`);
    }
  }
  for (const line of printCounts(result)) console.log(line);
  for (const id of passing) console.log(`${id} is listed in known-issues.json and passes: take it off`);
  const { sdk } = result.tally;
  const asked = sdk === 0 ? "" : `; ${sdk} of them under the npm SDK, too`;
  console.log(`${result.passed.length} passed, ${result.failed.length} failed${asked}`);
  return unlisted.length > 0 || passing.length > 0 ? 1 : 0;
}
