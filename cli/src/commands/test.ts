/** `regomesh test`: the unit tests of policies, run by the engine that proxies have. */
import { parseArgs } from "node:util";
import { type Diagnostic, hasErrors, printRecord, type Source } from "@regomesh/base";
import { type MeshTestResult, testMeshOf } from "@regomesh/controller";
import { countTests, printTests, runTests, type TestReport, type TestResult } from "@regomesh/policy-compiler";
import { builtinsIn, loadRuntime, makeToolLoader } from "@regomesh/policy-compiler/node";
import type { PolicyLimits } from "@regomesh/policy-runtime";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { LANGUAGE_HELP, languageFlags, readLanguage } from "../files/capabilities.ts";
import { BUNDLE_HELP, IGNORE_HELP, loadFlags, parseIgnore } from "../files/load-flags.ts";
import { BUILTINS_HELP, builtinsFlag, loadOwnBuiltins } from "../files/own-builtins.ts";
import { readPrograms } from "../files/programs.ts";
import { readSchemas, schemaFlag } from "../files/schemas.ts";
import { type Format, parseDurationFlag, parseFormat, parseLimits } from "../flags.ts";
import { printDiagnostics } from "../report.ts";

const help = `
Usage: regomesh test [flags] [PATH…]

Runs every rule whose name begins with test_ below each PATH (default: the current
directory), and every MeshTest: a request, and what all that is bound must say of it.
Where a PolicyBinding of the repository names units, each directory is a unit, with its
policies, its data.yaml or data.json, and its _test.rego files. Without any all PATHs are
one program, as in opa test. Rules that begin with todo_test_ are skipped.

  -v, --verbose        name the tests that pass, too
  -r, --run REGEX      only tests whose full name (data.pkg.test_x) matches
  -f, --format FORMAT  pretty (default) or json, which has the shape of opa test's
${BUILTINS_HELP.slice(1)}
  --fail-on-empty      no test is a failure${BUNDLE_HELP}${IGNORE_HELP}
${LANGUAGE_HELP.slice(1)}
  -s, --schema PATH    JSON schemas: a file is that of input, a folder's a/b.json is
                       schema.a.b, which the schemas of annotations name
  --fuel UNITS         what a test may take, a unit being about a nanosecond
                       (default 2000000000; a proxy's decision has 10000000)
  --timeout DURATION   the same in words: 5s is --fuel 5000000000
  -z, --exit-zero-on-skipped
                       tests that are skipped are no failure, as they never are

Example: regomesh test -v policies examples
`;

const TIMEOUT_MAX_MS = 3_600_000;
const FUEL_PER_MS = 1_000_000;

const flags = {
  ...builtinsFlag,
  verbose: { type: "boolean", short: "v" },
  run: { type: "string", short: "r" },
  format: { type: "string", short: "f" },
  "fail-on-empty": { type: "boolean" },
  ...loadFlags,
  ...languageFlags,
  ...schemaFlag,
  fuel: { type: "string" },
  timeout: { type: "string" },
  "exit-zero-on-skipped": { type: "boolean", short: "z" },
} as const;

export const test: Command = {
  name: "test",
  summary: "run the unit tests of policies",
  help,
  flags,
  exits: { 0: "all passed", 1: "the policies do not compile, or no test with --fail-on-empty", 2: "a test failed" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: flags,
  });
  const format = parseFormat(values.format);
  const filter = parseFilter(values.run);
  const limits = limitsOf(values);
  const paths = positionals.length === 0 ? ["."] : positionals;
  const said = await readLanguage(values, io.cwd);
  const { programs, files } = await readPrograms(paths, {
    ...{ cwd: io.cwd, said, data: values.bundle ? "bundle" : "directory", isBundle: values.bundle },
    ...{ isIgnored: parseIgnore(values.ignore), refusesOthers: true },
  });
  const schemas = await readSchemas(values.schema, files, io.cwd);
  const runtime = await loadRuntime();
  const load = makeToolLoader({ nowMs: Date.now, env: io.environment(), ...said.net });
  const own = await loadOwnBuiltins(values.builtins, io.cwd);
  const diagnostics: Diagnostic[] = [];
  const tests: TestResult[] = [];
  for (const { unit, diagnostics: faults } of programs) {
    diagnostics.push(...faults);
    if (hasErrors(faults)) continue;
    const nowMs = () => performance.now();
    const report = runTests({
      unit,
      runtime,
      builtins: said.restrict(own.signatures),
      hostBuiltins: { ...(await load(builtinsIn([...unit.modules, ...unit.tests]))), ...own.hostBuiltins },
      nowMs,
      limits,
      schemas,
      // Whoever reads records reads no explanations, and these take the most time of a failed test.
      explains: format === "pretty",
      ...(filter === undefined ? {} : { filter }),
    });
    diagnostics.push(...report.diagnostics);
    tests.push(...report.tests);
  }
  if (hasErrors(diagnostics)) {
    io.err(printDiagnostics(diagnostics, format));
    return EXIT.no;
  }
  const mesh = await testMeshOf(files);
  const faults = mesh.diagnostics.filter(({ severity }) => severity === "error");
  if (faults.length > 0) {
    io.err(`${faults.map(printRecord).join("\n")}\nthe source's MeshTests cannot run: regomesh check says more\n`);
    return EXIT.no;
  }
  tests.push(
    ...mesh.results
      .filter(({ name }) => filter === undefined || filter.test(name))
      .map((each) => toResult(each, files)),
  );
  return show({ diagnostics, tests }, format, values.verbose ?? false, values["fail-on-empty"] ?? false, io);
}

function show(report: TestReport, format: Format, verbose: boolean, failsOnEmpty: boolean, io: Io): number {
  if (format === "json") io.out(`${JSON.stringify(report.tests.map(toJson), null, 2)}\n`);
  else {
    io.err(printDiagnostics(report.diagnostics, "pretty"));
    io.out(report.tests.length === 0 ? "no tests found\n" : `${printTests(report, { verbose }).join("\n")}\n`);
  }
  if (report.tests.length === 0) return failsOnEmpty ? EXIT.no : EXIT.yes;
  const counts = countTests(report.tests);
  return counts.fail + counts.error > 0 ? EXIT.opa : EXIT.yes;
}

/** A test of the composition among tests of units; what came out otherwise stands where an error does. */
function toResult({ name, file, row, message }: MeshTestResult, files: readonly Source[]): TestResult {
  const source = files.find((each) => each.name === file) ?? { name: file, text: "" };
  const start =
    source.text
      .split("\n")
      .slice(0, row - 1)
      .join("\n").length + (row > 1 ? 1 : 0);
  return {
    name,
    package: "MeshTest",
    at: { source, span: { start, end: start } },
    file,
    row,
    column: 1,
    outcome: message === undefined ? "pass" : "fail",
    durationMs: 0,
    output: [],
    error: message,
    failure: undefined,
    cases: [],
  };
}

/** A record of `opa test --format json`. */
function toJson(result: TestResult): object {
  const { file, row, column } = result;
  return {
    location: { file, row, col: column },
    package: result.package,
    name: result.name.slice(result.package.length + 1),
    ...(result.outcome === "fail" ? { fail: true } : {}),
    ...(result.outcome === "error" ? { error: { message: result.error } } : {}),
    ...(result.outcome === "skip" ? { skip: true } : {}),
    duration: Math.round(result.durationMs * 1e6),
    ...(result.output.length === 0 ? {} : { output: Buffer.from(`${result.output.join("\n")}\n`).toString("base64") }),
  };
}

/** A test is bounded by what it does, not by a clock, so that it has one verdict on every machine. */
function limitsOf({
  fuel,
  timeout,
}: {
  readonly fuel?: string | undefined;
  readonly timeout?: string | undefined;
}): PolicyLimits {
  if (fuel !== undefined && timeout !== undefined) throw new UsageError("takes --fuel or --timeout, not both");
  const ms = parseDurationFlag(timeout, "--timeout", TIMEOUT_MAX_MS);
  // 0 is the default, as opa has it.
  return parseLimits(ms ? `${ms * FUEL_PER_MS}` : fuel);
}

function parseFilter(pattern: string | undefined): RegExp | undefined {
  if (pattern === undefined) return undefined;
  try {
    return new RegExp(pattern, "u");
  } catch (error) {
    throw new UsageError(`--run: ${(error as Error).message}`);
  }
}
