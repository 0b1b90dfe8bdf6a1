/** `regomesh eval`: asks a policy a question, by the engine that enforces it. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Diagnostic, hasErrors, type Source } from "@regomesh/base";
import {
  compileQuery,
  type JsonObject,
  type JsonValue,
  parseJson,
  parseQuery,
  toUnit,
} from "@regomesh/policy-compiler";
import { loadRuntime, makeToolLoader } from "@regomesh/policy-compiler/node";
import { openEvaluator, type PolicyLimits } from "@regomesh/policy-runtime";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { BUILTINS_HELP, builtinsFlag, loadOwnBuiltins } from "../files/own-builtins.ts";
import { readFiles, readFlagFile } from "../files/read-files.ts";
import { readSchemas, schemaFlag } from "../files/schemas.ts";
import { type Format, parseFormat, parseLimits } from "../flags.ts";
import { printDiagnostics } from "../report.ts";

const help = `
Usage: regomesh eval [flags] QUERY

Evaluates a Rego query. Prints one JSON value for each answer: the value of a query that is
one expression, otherwise an object of its variables.

  -d, --data PATH      policies and data: a file or directory (repeatable); a directory's
                       data.json and data.yaml go under their path in it
  -i, --input FILE     input document, JSON (- reads standard input)
  -s, --schema PATH    JSON schemas: a file is that of input, a folder's a/b.json is
                       schema.a.b, which the schemas of annotations name
  --strict-builtin-errors  a built-in error ends the evaluation
${BUILTINS_HELP.slice(1)}
  --fail               exit 1 where the query is undefined
  --fuel UNITS         what the evaluation may take, a unit being about a nanosecond
                       (default 2000000000; a proxy's decision has 10000000)
  -f, --format FORMAT  pretty (default) or json: {"result": [bindings …], "errors": […]}

Example: echo '{"user": "alice"}' | regomesh eval -d examples/authz -i - 'data.users[input.user]'
`;

const flagsOfEval = {
  ...builtinsFlag,
  data: { type: "string", short: "d", multiple: true },
  input: { type: "string", short: "i" },
  ...schemaFlag,
  "strict-builtin-errors": { type: "boolean" },
  fail: { type: "boolean" },
  fuel: { type: "string" },
  format: { type: "string", short: "f" },
} as const;

export const evaluate: Command = {
  name: "eval",
  summary: "evaluate a Rego query",
  help,
  flags: flagsOfEval,
  exits: { 0: "evaluated", 1: "undefined, with --fail", 2: "an error in policies, query or evaluation" },
  run,
};

type Flags = {
  readonly query: string;
  readonly data: readonly string[];
  readonly input: string | undefined;
  readonly schema: string | undefined;
  readonly builtins: readonly string[];
  readonly isStrict: boolean;
  readonly failsUndefined: boolean;
  readonly limits: PolicyLimits;
  readonly format: Format;
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const flags = parseFlags(args);
  const { sources, data, diagnostics: faults } = await readPolicies(flags.data, io.cwd);
  if (hasErrors(faults)) return fail(faults, flags, io);
  const query = wrapped({ name: "query", text: flags.query });
  const runtime = await loadRuntime();
  const schemas = await readSchemas(flags.schema, sources, io.cwd);
  const own = await loadOwnBuiltins(flags.builtins, io.cwd);
  const builtins = own.signatures;
  const { module, diagnostics } = compileQuery({
    modules: sources,
    query,
    data,
    runtime,
    builtins,
    print: true,
    schemas,
  });
  if (module === undefined) return fail(diagnostics, flags, io);
  io.err(flags.format === "pretty" ? printDiagnostics(diagnostics, "pretty") : "");
  const load = makeToolLoader({ nowMs: Date.now, env: io.environment() });
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
    if (flags.format === "json")
      io.out(`${JSON.stringify({ errors: [{ code: evaluation.code, message: evaluation.message }] }, null, 2)}\n`);
    else io.err(`${evaluation.message}\n`);
    return EXIT.opa;
  }
  // As text and back by the compiler's reader: every digit of a number stays.
  const answers = parseJson(evaluation.text) as readonly Record<string, unknown>[];
  if (flags.format === "json") io.out(`${JSON.stringify({ result: answers }, null, 2)}\n`);
  else for (const answer of answers) io.out(`${JSON.stringify(shownOf(answer), null, 2)}\n`);
  if (answers.length === 0 && flags.format === "pretty") io.err("undefined\n");
  return answers.length === 0 && flags.failsUndefined ? EXIT.no : EXIT.yes;
}

/** A query that is one expression was compiled as `value = expression`. */
const VALUE = "value";

function shownOf(answer: Readonly<Record<string, unknown>>): unknown {
  const names = Object.keys(answer);
  return names.length === 1 && names[0] === VALUE ? answer[VALUE] : answer;
}

function parseFlags(args: readonly string[]): Flags {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: flagsOfEval,
  });
  const [query, ...more] = positionals;
  if (query === undefined) throw new UsageError("needs a query, such as data.mesh.authz.allow");
  if (more.length > 0) throw new UsageError(`takes one query; put it in quotes: '${positionals.join(" ")}'`);
  const format = parseFormat(values.format);
  return {
    query,
    data: values.data ?? [],
    input: values.input,
    schema: values.schema,
    builtins: values.builtins ?? [],
    isStrict: values["strict-builtin-errors"] ?? false,
    failsUndefined: values.fail ?? false,
    limits: parseLimits(values.fuel),
    format,
  };
}

/** A query that is one term or call becomes `value = (query)`, so that its value can be shown. */
function wrapped(query: Source): Source {
  const { body } = parseQuery(query);
  const [expr, ...more] = body ?? [];
  if (expr === undefined || more.length > 0 || expr.isNegated || expr.with.length > 0) return query;
  if (expr.what.kind !== "term" && expr.what.kind !== "call") return query;
  return { name: query.name, text: `${VALUE} = (${query.text.trim()})` };
}

async function readPolicies(
  paths: readonly string[],
  cwd: string,
): Promise<{
  readonly sources: readonly Source[];
  readonly data: JsonObject;
  readonly diagnostics: readonly Diagnostic[];
}> {
  const sources: Source[] = [];
  const diagnostics: Diagnostic[] = [];
  let data: JsonObject = {};
  for (const path of paths) {
    const directory = path.replace(/(?!^)\/+$/, "");
    const files = await readFiles([directory], cwd, /\.(rego|json|ya?ml)$/);
    const { unit, diagnostics: faults } = toUnit({
      name: directory,
      directory: directory === "." ? "" : directory,
      files,
    });
    sources.push(...unit.modules, ...unit.tests);
    diagnostics.push(...faults);
    data = merged(data, unit.data, "data");
  }
  return { sources, data, diagnostics };
}

/** Both documents in one; throws UsageError where both have a value at one place. */
function merged(a: JsonObject, b: JsonObject, path: string): JsonObject {
  const both: Record<string, JsonValue> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const present = both[key];
    if (present === undefined) both[key] = value;
    else if (isObject(present) && isObject(value)) both[key] = merged(present, value, `${path}.${key}`);
    else throw new UsageError(`${path}.${key} comes from two of the --data paths`);
  }
  return both;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function readInput(path: string, cwd: string): Promise<string> {
  const text = path === "-" ? readFileSync(0, "utf8") : await readFlagFile(path, cwd, "--input");
  try {
    JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--input ${path} is not JSON: ${(error as Error).message}`);
  }
  return text;
}

function fail(diagnostics: readonly Diagnostic[], flags: Flags, io: Io): number {
  io.err(printDiagnostics(diagnostics, flags.format));
  return EXIT.opa;
}
