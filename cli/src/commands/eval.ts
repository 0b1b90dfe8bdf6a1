/** `regomesh eval`: asks a policy a question, by the engine that enforces it. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Diagnostic, hasErrors, positionAt, toDiagnosticRecord } from "@regomesh/base";
import {
  type BundleRoots,
  checkBundles,
  compileQuery,
  findNumberTooBig,
  type JsonObject,
  parseJson,
  type RegoSource,
} from "@regomesh/policy-compiler";
import { loadRuntime, makeToolLoader } from "@regomesh/policy-compiler/node";
import { isNamedAsUnits } from "@regomesh/policy-compiler/units";
import { openEvaluator, type PolicyLimits } from "@regomesh/policy-runtime";
import { readYaml } from "@regomesh/policy-runtime/yaml";
import { mentionsGroup } from "@regomesh/resources";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { LANGUAGE_HELP, languageFlags, type ReadAs, readLanguage } from "../files/capabilities.ts";
import { IGNORE_HELP, ignoreFlag, parseIgnore } from "../files/load-flags.ts";
import { mergeData } from "../files/merge-data.ts";
import { type OpaError, toOpaError } from "../files/opa-errors.ts";
import { BUILTINS_HELP, builtinsFlag, loadOwnBuiltins } from "../files/own-builtins.ts";
import { unitAt } from "../files/programs.ts";
import { nameOf, readFiles, readFlagFile, readStandardInput, type Wanted } from "../files/read-files.ts";
import { readSchemas, schemaFlag } from "../files/schemas.ts";
import { isOfPolicies } from "../files/units.ts";
import { oneOf, parseLimits } from "../flags.ts";
import { captureValues } from "../query/capture.ts";
import { EVAL_FORMATS, type EvalFormat, printResults, toResults } from "../query/results.ts";
import { printDiagnostics } from "../report.ts";

const help = `
Usage: regomesh eval [flags] QUERY

Evaluates a Rego query, as opa eval does: the value of a query that is one expression,
otherwise a table of its variables and of expressions that are neither true nor false.

  -d, --data PATH      policies and data: a file or directory (repeatable); JSON and YAML of
                       a directory go under their path in it. PREFIX:PATH puts data below
                       data.PREFIX
  -b, --bundle PATH    as -d, of a bundle: of its data files those named data.json, data.yaml
                       and data.yml, all below the roots of its .manifest (repeatable)${IGNORE_HELP}
  -i, --input FILE     input document, JSON or YAML (- reads standard input)
  -I, --stdin-input    the input document comes from standard input
  -s, --schema PATH    JSON schemas: a file is that of input, a folder's a/b.json is
                       schema.a.b, which the schemas of annotations name
${LANGUAGE_HELP.slice(1)}
  --strict-builtin-errors  a built-in error ends the evaluation
${BUILTINS_HELP.slice(1)}
  --fail               exit 1 where the query is undefined
  --fail-defined       exit 1 where it is defined
  --fuel UNITS         what the evaluation may take, a unit being about a nanosecond
                       (default 2000000000; a proxy's decision has 10000000)
  -f, --format FORMAT  pretty (default), json (opa's shape: {"result": […]} or
                       {"errors": […]}), raw, values or bindings

Example: echo '{"user": "alice"}' | regomesh eval -d examples/authz -i - 'data.users[input.user]'
`;

const flagsOfEval = {
  ...builtinsFlag,
  data: { type: "string", short: "d", multiple: true },
  bundle: { type: "string", short: "b", multiple: true },
  ...ignoreFlag,
  input: { type: "string", short: "i" },
  "stdin-input": { type: "boolean", short: "I" },
  ...languageFlags,
  ...schemaFlag,
  "strict-builtin-errors": { type: "boolean" },
  fail: { type: "boolean" },
  "fail-defined": { type: "boolean" },
  fuel: { type: "string" },
  format: { type: "string", short: "f" },
} as const;

export const evaluate: Command = {
  name: "eval",
  summary: "evaluate a Rego query",
  help,
  flags: flagsOfEval,
  exits: {
    0: "evaluated",
    1: "undefined, with --fail; defined, with --fail-defined",
    2: "an error in policies, query or evaluation",
  },
  run,
};

type DataPath = { readonly path: string; readonly isBundle: boolean };

type Flags = {
  readonly query: string;
  readonly data: readonly DataPath[];
  readonly isIgnored: Wanted["isIgnored"];
  readonly input: string | undefined;
  readonly said: ReadAs;
  readonly schema: string | undefined;
  readonly builtins: readonly string[];
  readonly isStrict: boolean;
  readonly failsUndefined: boolean;
  readonly failsDefined: boolean;
  readonly limits: PolicyLimits;
  readonly format: EvalFormat;
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const flags = await parseFlags(args, io.cwd);
  const { said } = flags;
  const { sources, data, diagnostics: faults } = await readPolicies(flags, io.cwd);
  if (hasErrors(faults)) return fail(faults, flags, io);
  const asked = { name: "query", text: flags.query, version: said.version ?? "v1", language: said.language };
  const { source: query, expressions } = captureValues(asked);
  const runtime = await loadRuntime();
  const schemas = await readSchemas(flags.schema, sources, io.cwd);
  const own = await loadOwnBuiltins(flags.builtins, io.cwd);
  const builtins = said.restrict(own.signatures);
  const compile = (source: RegoSource) =>
    compileQuery({
      ...{ modules: sources, query: source, data, runtime, builtins, schemas },
      ...{ print: true, errorsEnd: flags.isStrict },
    });
  const { module, diagnostics } = compile(query);
  // Places are those of the query as it was written.
  if (module === undefined) return fail(compile(asked).diagnostics, flags, io);
  io.err(flags.format === "json" ? "" : printDiagnostics(diagnostics, "pretty"));
  const load = makeToolLoader({ nowMs: Date.now, env: io.environment(), ...said.net });
  const evaluator = openEvaluator({
    wasm: module.wasm,
    data: module.data,
    hostBuiltins: { ...(await load(module.meta.hostBuiltins)), ...own.hostBuiltins },
    onPrint: (line) => io.err(`${line}\n`),
    limits: flags.limits,
  });
  const input = flags.input === undefined ? undefined : await readInput(flags.input, io.cwd);
  const evaluation = evaluator.evaluate("eval", input, { strict: flags.isStrict });
  if (evaluation.kind === "fault") {
    const { code, message } = evaluation;
    const location = { file: "", row: 1, col: 1 };
    if (flags.format === "json") io.out(printErrors([{ code, message: withoutCode(code, message), location }]));
    else io.err(`${message}\n`);
    return EXIT.opa;
  }
  // As text and back by the compiler's reader: every digit of a number stays.
  const answers = parseJson(evaluation.text) as readonly Record<string, unknown>[];
  io.out(printResults(toResults(answers, expressions), flags.format));
  const isRefused = answers.length === 0 ? flags.failsUndefined : flags.failsDefined;
  return isRefused ? EXIT.no : EXIT.yes;
}

async function parseFlags(args: readonly string[], cwd: string): Promise<Flags> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: flagsOfEval,
  });
  const [query, ...more] = positionals;
  if (query === undefined) throw new UsageError("needs a query, such as data.mesh.authz.allow");
  if (more.length > 0) throw new UsageError(`takes one query; put it in quotes: '${positionals.join(" ")}'`);
  const format = values.format === undefined ? "pretty" : oneOf(EVAL_FORMATS, values.format, "--format");
  const isStdin = values["stdin-input"] ?? false;
  if (isStdin && values.input !== undefined) throw new UsageError("-I and --input exclude each other");
  return {
    query,
    data: [
      ...(values.data ?? []).map((path) => ({ path, isBundle: false })),
      ...(values.bundle ?? []).map((path) => ({ path, isBundle: true })),
    ],
    isIgnored: parseIgnore(values.ignore),
    input: isStdin ? "-" : values.input,
    said: await readLanguage(values, cwd),
    schema: values.schema,
    builtins: values.builtins ?? [],
    isStrict: values["strict-builtin-errors"] ?? false,
    failsUndefined: values.fail ?? false,
    failsDefined: values["fail-defined"] ?? false,
    limits: parseLimits(values.fuel),
    format,
  };
}

async function readPolicies(
  { data: paths, said, isIgnored }: Pick<Flags, "data" | "said" | "isIgnored">,
  cwd: string,
): Promise<{
  readonly sources: readonly RegoSource[];
  readonly data: JsonObject;
  readonly diagnostics: readonly Diagnostic[];
}> {
  const sources: RegoSource[] = [];
  const diagnostics: Diagnostic[] = [];
  const bundles = new Map<string, BundleRoots>();
  let data: JsonObject = {};
  for (const { path, isBundle } of paths) {
    const { prefix, place } = isBundle ? { prefix: [], place: path } : await splitPrefix(path, cwd);
    const wanted = isBundle ? isNamedAsUnits : isOfPolicies;
    const found = await readFiles([place], cwd, { wanted, isIgnored, refusesOthers: true });
    // Resources beside policies are no data of theirs; a file that is named is.
    const files = found.filter(
      ({ name, text }) => name.endsWith(".rego") || name === nameOf(place) || !mentionsGroup(text),
    );
    const {
      unit,
      manifest,
      diagnostics: faults,
    } = await unitAt(place, files, {
      cwd,
      said,
      data: isBundle ? "bundle" : "directory",
      isBundle,
    });
    if (isBundle) bundles.set(nameOf(place), { name: nameOf(place), manifest });
    sources.push(...unit.modules, ...unit.tests);
    diagnostics.push(...faults);
    data = mergeData(
      data,
      prefix.reduceRight<JsonObject>((below, part) => ({ [part]: below }), unit.data),
      "data",
    );
  }
  if (!hasErrors(diagnostics)) diagnostics.push(...checkBundles([...bundles.values()]));
  return { sources, data, diagnostics };
}

/** `PREFIX:PATH`, unless there is a file of that whole name. */
async function splitPrefix(
  path: string,
  cwd: string,
): Promise<{ readonly prefix: readonly string[]; readonly place: string }> {
  const [, prefix, place] = /^([A-Za-z_][\w.]*):(?!\/\/)(.+)$/.exec(path) ?? [];
  const isWhole = (await stat(resolve(cwd, path)).catch(() => undefined)) !== undefined;
  if (prefix === undefined || place === undefined || isWhole) return { prefix: [], place: path };
  return { prefix: prefix.split("."), place };
}

async function readInput(path: string, cwd: string): Promise<string> {
  const text = path === "-" ? readStandardInput() : await readFlagFile(path, cwd, "--input");
  try {
    JSON.parse(text);
  } catch (error) {
    return readYamlInput(path, text, error as Error);
  }
  const tooBig = findNumberTooBig(text);
  if (tooBig === undefined) return text;
  const { row, column } = positionAt({ name: path, text }, tooBig);
  throw new UsageError(`--input ${path}:${row}:${column}: number too big`);
}

/** Whatever the file's name, what is no JSON is YAML, as opa has it; a byte order mark, too. */
function readYamlInput(path: string, text: string, { message }: Error): string {
  const read = readYaml(text);
  if (!("fault" in read)) return JSON.stringify(read.value);
  const why = path.endsWith(".json") ? `is not JSON: ${message}` : `is neither JSON nor YAML: ${read.fault}`;
  throw new UsageError(`--input ${path} ${why}`);
}

function fail(diagnostics: readonly Diagnostic[], flags: Flags, io: Io): number {
  if (flags.format === "json") io.out(printErrors(diagnostics.map(toError)));
  else io.err(printDiagnostics(diagnostics, "pretty"));
  return EXIT.opa;
}

/** A query is no file. */
function toError(diagnostic: Diagnostic): OpaError {
  const error = toOpaError(toDiagnosticRecord(diagnostic));
  return error.location.file === "query" ? { ...error, location: { ...error.location, file: "" } } : error;
}

function withoutCode(code: string, message: string): string {
  return message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message;
}

function printErrors(errors: readonly OpaError[]): string {
  return `${JSON.stringify({ errors }, undefined, 2)}\n`;
}
